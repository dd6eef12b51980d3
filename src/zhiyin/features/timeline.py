"""When each of several things happened, so that "how often until then" is one binary search.

Letters: E events. A time becomes its rank among all distinct times, so that (code, rank) is one ascending number.
"""

from functools import cached_property

import numpy as np

from zhiyin.features.feature import DAY

CHEAPER = 300
"""So many events are counted while one is looked up twice."""
DENSE = 4
"""Codes up to so many times the events have a table of where each begins."""


class Timeline:
    """Events of coded things, sorted once by (code, time). Codes that it never met have no events."""

    def __init__(self, codes: np.ndarray, times: np.ndarray) -> None:
        """``codes`` int64 (E,), ``times`` int64 (E,) in seconds UTC."""
        self.order = np.lexsort([times, codes])
        """Positions of the events as they were given, in the order here."""
        self.codes = codes[self.order].astype(np.int64)
        self.times = times[self.order]
        self.moments = np.unique(times)
        self._width = len(self.moments) + 1
        self._most = int(self.codes[-1]) + 1 if len(codes) else 0
        small = (self._most + 1) * self._width < 1 << 31
        self._type = np.int32 if small else np.int64  # half the memory is half the misses
        self._keys = (self.codes * self._width + np.searchsorted(self.moments, self.times)).astype(self._type)
        self._starts = self._by_code()

    def __len__(self) -> int:
        return len(self.codes)

    def position(self, codes: np.ndarray, until: np.ndarray) -> np.ndarray:
        """Where the thing's events at or after ``until`` begin in this order; the two broadcast."""
        if self._starts is not None and until.size and until.min() > self.moments[-1]:  # a live request: all is before
            ends = self._starts[np.clip(codes, -2, len(self._starts) - 3) + 2]
            return np.asarray(np.broadcast_to(ends, np.broadcast_shapes(codes.shape, until.shape)))
        ranks = np.searchsorted(self.moments, until, side="left")
        keys = np.minimum(codes, self._most).astype(np.int64) * self._width + ranks
        return np.asarray(np.searchsorted(self._keys, keys.astype(self._type), side="left"))

    def start(self, codes: np.ndarray) -> np.ndarray:
        """Where the thing's events begin in this order."""
        if self._starts is None:
            return np.asarray(np.searchsorted(self.codes, codes, side="left"))
        return np.asarray(self._starts[np.clip(codes, -1, len(self._starts) - 2) + 1])

    def _by_code(self) -> np.ndarray | None:
        """Where each code from -1 on begins, int64, that of all greater ones last; None where codes lie far apart."""
        if not len(self.codes) or self.codes[-1] > DENSE * len(self.codes):
            return None
        return np.asarray(np.searchsorted(self.codes, np.arange(-1, self.codes[-1] + 2)))

    def count(self, codes: np.ndarray, until: np.ndarray, days: float | None = None) -> np.ndarray:
        """Events of each in the last ``days`` before ``until`` (all without), int64."""
        if (
            days is not None
            and until.size == 1
            and (lately := self._lately(codes, int(until.flat[0]), days)) is not None
        ):
            return lately
        upto = self.position(codes, until)
        since = self.start(codes) if days is None else self.position(codes, until - round(days * DAY))
        return np.asarray(upto - since)

    def _lately(self, codes: np.ndarray, until: int, days: float) -> np.ndarray | None:
        """The same for one moment, by counting the few events of the window; None where it has many."""
        if self._starts is None:
            return None
        times, by_time = self._in_time
        start, end = np.searchsorted(times, [until - round(days * DAY), until])
        if end - start > CHEAPER * codes.size:
            return None
        counts = np.bincount(by_time[start:end], minlength=int(codes.max(initial=0)) + 1)
        return np.where(codes >= 0, counts[np.maximum(codes, 0)], 0)

    @cached_property
    def _in_time(self) -> tuple[np.ndarray, np.ndarray]:
        """Times and codes in the order of time."""
        order = np.argsort(self.times, kind="stable")
        return self.times[order], self.codes[order]

    def days(self, positions: np.ndarray, codes: np.ndarray, until: np.ndarray) -> np.ndarray:
        """Days from the event at each position to ``until``; NaN where that event is another's or not before."""
        codes, until = np.broadcast_arrays(codes, until)
        if not len(self):
            return np.full(codes.shape, np.nan)
        inside = np.clip(positions, 0, len(self) - 1)
        valid = (positions >= 0) & (self.codes[inside] == codes) & (self.times[inside] < until)
        return np.where(valid, (until - self.times[inside]) / DAY, np.nan)

"""When each of several things happened, so that "how often until then" is one binary search.

Letters: E events. A time becomes its rank among all distinct times, so that (code, rank) is one ascending number.
"""

import numpy as np

from zhiyin.features.feature import DAY


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
        self._keys = self.codes * self._width + np.searchsorted(self.moments, self.times)

    def __len__(self) -> int:
        return len(self.codes)

    def position(self, codes: np.ndarray, until: np.ndarray) -> np.ndarray:
        """Where the thing's events at or after ``until`` begin in this order; the two broadcast."""
        ranks = np.searchsorted(self.moments, until, side="left")
        return np.asarray(np.searchsorted(self._keys, codes.astype(np.int64) * self._width + ranks, side="left"))

    def end(self, codes: np.ndarray) -> np.ndarray:
        """Where the thing's events end in this order."""
        return np.asarray(np.searchsorted(self.codes, codes, side="right"))

    def start(self, codes: np.ndarray) -> np.ndarray:
        """Where the thing's events begin in this order."""
        return np.asarray(np.searchsorted(self.codes, codes, side="left"))

    def count(self, codes: np.ndarray, until: np.ndarray, days: float | None = None) -> np.ndarray:
        """Events of each in the last ``days`` before ``until`` (all without), int64."""
        upto = self.position(codes, until)
        since = self.start(codes) if days is None else self.position(codes, until - round(days * DAY))
        return np.asarray(upto - since)

    def days(self, positions: np.ndarray, codes: np.ndarray, until: np.ndarray) -> np.ndarray:
        """Days from the event at each position to ``until``; NaN where that event is another's or not before."""
        codes, until = np.broadcast_arrays(codes, until)
        if not len(self):
            return np.full(codes.shape, np.nan)
        inside = np.clip(positions, 0, len(self) - 1)
        valid = (positions >= 0) & (self.codes[inside] == codes) & (self.times[inside] < until)
        return np.where(valid, (until - self.times[inside]) / DAY, np.nan)

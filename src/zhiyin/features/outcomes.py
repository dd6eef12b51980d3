"""What people did after a moment: labels to predict, from the log itself, and where the log ends too early to tell.

An event at the moment itself counts as after it, as the features count only what was strictly before. A label that the
log cannot know is censored: NaN (or -1), or a time of which only the least is known.
Letters: B requests, C candidates, E events, N items.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from zhiyin.core.errors import DataError
from zhiyin.data.dataset import Dataset
from zhiyin.features.counters import chosen
from zhiyin.features.feature import DAY
from zhiyin.features.timeline import Timeline


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """Times until something, some of them censored."""

    days: np.ndarray
    """float64 (B,): until it happened, or until the log ended."""
    happened: np.ndarray
    """bool (B,): False where the log ended first."""


class Outcomes:
    """The outcomes of B moments in the life of people of a log."""

    def __init__(self, dataset: Dataset, people: np.ndarray, now: np.ndarray, end: int | None = None) -> None:
        """``people``: rows of the dataset's users (B,); ``now`` int64 (B,), seconds UTC; ``end``: until when the log
        knows everything, the second after its newest event where not given. Raises `DataError` for a log without time.
        """
        if dataset.order != "time":
            raise DataError("the log has no time, so that nothing can be said of what came after a moment")
        self.dataset, self.people, self.now = dataset, people, now
        self.end = int(dataset.histories.times.max(initial=-1)) + 1 if end is None else end

    def took(self, candidates: np.ndarray, days: float, kind: str | None = None) -> np.ndarray:
        """Whether each candidate (B, C) had an event of positive weight, or of this ``kind`` (click, cart, purchase),
        within so many ``days``: 1 or 0, float32; NaN where it had not and the log ends earlier, and for no item."""
        events = self.dataset.histories
        wanted = events.weights > 0 if kind is None else events.kinds == self._code(kind)
        until = np.minimum(self.now + round(days * DAY), self.end)
        first, last = (self._times.position(self.people, moments) for moments in (self.now, until))
        offsets = np.concatenate([[0], np.cumsum(np.maximum(last - first, 0))])
        where = np.arange(offsets[-1]) + np.repeat(first - offsets[:-1], np.diff(offsets))
        asked = np.repeat(np.arange(len(self.people)), np.diff(offsets))
        keep = wanted[where]
        cells = (np.ones(int(keep.sum()), np.float32), (asked[keep], events.items[where][keep]))
        taken = chosen(sparse.csr_matrix(cells, shape=(len(self.people), self.dataset.n_items)), candidates) > 0
        unknown = ~taken & self._ends_before(days)[:, None]
        return np.where(unknown | (candidates < 0), np.nan, taken).astype(np.float32)

    def next_kind(self) -> np.ndarray:
        """The code of the kind of the person's next event, int64 (B,), a position in ``dataset.kinds``; -1 where the
        log ends before there is one."""
        at, there = self._next(None)
        kinds = np.append(self.dataset.histories.kinds.astype(np.int64), -1)
        return np.where(there, kinds[at], -1)

    def until_next(self, kind: str | None = None) -> Waiting:
        """Days until the person's next event (of this ``kind``)."""
        at, there = self._next(kind)
        times = np.append(self.dataset.histories.times, 0)[at]
        return Waiting((np.where(there, times, np.maximum(self.end, self.now)) - self.now) / DAY, there)

    def churned(self, days: float) -> np.ndarray:
        """1 where the person did nothing within so many ``days``, 0 where they did, float32 (B,); NaN where they did
        nothing and the log ends earlier."""
        waiting = self.until_next()
        came = waiting.happened & (waiting.days < days)
        return np.where(came, 0.0, np.where(self._ends_before(days), np.nan, 1.0)).astype(np.float32)

    @cached_property
    def _times(self) -> Timeline:
        return Timeline(self.dataset.histories.owners, self.dataset.histories.times)

    def _next(self, kind: str | None) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the person's next events before the log's end, the number of events where there is none."""
        events = self.dataset.histories
        first = self._times.position(self.people, self.now)
        if kind is not None:
            fitting = np.flatnonzero(events.kinds == self._code(kind))
            places = np.searchsorted(fitting, first)
            first = np.append(fitting, events.n_events)[places]
        there = first < events.offsets[1:][self.people]
        there &= np.append(events.times, self.end)[first] < self.end
        return np.where(there, first, events.n_events), there

    def _ends_before(self, days: float) -> np.ndarray:
        return np.asarray(self.end < self.now + round(days * DAY))

    def _code(self, kind: str) -> int:
        if kind not in self.dataset.kinds:
            raise DataError.unknown(f"there is no kind {kind!r}", kind, self.dataset.kinds, "the kinds are")
        return self.dataset.kinds.index(kind)

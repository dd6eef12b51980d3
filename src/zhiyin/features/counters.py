"""Counters from a dataset: what was known at any moment, exactly, by binary search.

Letters: B requests, C candidates, E events, N items, U people. Events are sorted once by (item, time). A time becomes
its rank among all distinct times, so that (item, rank) is one ascending number and one search answers every question.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from zhiyin.data.contracts import Histories
from zhiyin.data.dataset import Dataset
from zhiyin.features.feature import DAY

BLOCK_BYTES = 32 << 20
"""Of (B, N) numbers held at once while the resemblance is summed up."""


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """Who had taken what before a midnight: 1 / √(people of the item) where the person took it."""

    people: sparse.csr_matrix
    """float32 (U, N)"""
    items: sparse.csr_matrix
    """The same turned round, (N, U)."""
    own: np.ndarray
    """Each item's cosine with itself, float32 (N,): 1, or 0 for an unseen item."""


class EventCounters:
    """`Counters` over the events of positive weight of a dataset."""

    def __init__(self, dataset: Dataset) -> None:
        liked = dataset.histories.keep(dataset.histories.weights > 0)
        self.timed = dataset.order == "time"
        self.n_items = dataset.n_items
        self.n_people = len(dataset.users)
        times = liked.times if self.timed else np.zeros(liked.n_events, np.int64)
        order = np.lexsort([times, liked.items])
        self._items, self._times = liked.items[order].astype(np.int64), times[order]
        self._people = liked.owners[order]
        self._moments = np.unique(times)
        self._newest: tuple[int, Together] | None = None
        self._keys = self._key(self._items, np.searchsorted(self._moments, self._times))

    def events(self, items: np.ndarray, until: np.ndarray, days: float | None = None) -> np.ndarray:
        if _shared(items, until):
            return np.asarray(self.events(_each(items), until.ravel()[:1], days)[items + 1])
        items, until = np.broadcast_arrays(items, until)
        upto = self._position(items, until)
        if days is None:
            return np.asarray(upto - self._start(items), np.float64)
        if not self.timed:
            return np.full(items.shape, np.nan)
        return np.asarray(upto - self._position(items, until - round(days * DAY)), np.float64)

    def days_since_last(self, items: np.ndarray, until: np.ndarray) -> np.ndarray:
        if _shared(items, until):
            return np.asarray(self.days_since_last(_each(items), until.ravel()[:1])[items + 1])
        items, until = np.broadcast_arrays(items, until)
        return self._days(self._position(items, until) - 1, items, until)

    def days_since_first(self, items: np.ndarray, until: np.ndarray) -> np.ndarray:
        if _shared(items, until):
            return np.asarray(self.days_since_first(_each(items), until.ravel()[:1])[items + 1])
        items, until = np.broadcast_arrays(items, until)
        return self._days(self._start(items), items, until)

    def resemblance(self, histories: Histories, candidates: np.ndarray, until: np.ndarray) -> np.ndarray:
        found = np.zeros(candidates.shape, np.float32)
        midnights = until // DAY * DAY if self.timed else np.zeros(len(until), np.int64)
        step = max(1, BLOCK_BYTES // (4 * max(1, self.n_items)))
        for midnight in np.unique(midnights):
            together = self._together(int(midnight))
            asked = np.flatnonzero(midnights == midnight)
            for start in range(0, len(asked), step):
                rows = asked[start : start + step]
                found[rows] = self._resemblance(together, histories.take(rows), candidates[rows])
        return found

    def _resemblance(self, together: Together, histories: Histories, candidates: np.ndarray) -> np.ndarray:
        known = histories.keep(histories.items < self.n_items)
        taken = known.matrix(self.n_items)  # (B, N)
        scores = ((taken @ together.items) @ together.people).toarray()  # (B, N): Σ_j cosine(i, j)
        scores -= taken.toarray() * together.own
        inside = (candidates >= 0) & (candidates < self.n_items)
        chosen = np.take_along_axis(scores, np.where(inside, candidates, 0).astype(np.int64), axis=1)
        return np.where(inside, chosen, 0).astype(np.float32)

    def _together(self, until: int) -> Together:
        """What people had taken before ``until``. The last one is kept: requests of one day share it."""
        newest = self._newest  # once: another thread may put another day's there meanwhile
        if newest is not None and newest[0] == until:
            return newest[1]
        before = self._times < until if self.timed else np.ones(len(self._times), bool)
        ones = np.ones(int(before.sum()), np.float32)
        shape = (self.n_people, self.n_items)
        taken = sparse.csr_matrix((ones, (self._people[before], self._items[before])), shape=shape)
        taken.data[:] = 1  # the constructor added up doubles
        people = np.maximum(np.asarray(taken.sum(axis=0)).ravel(), 1)
        taken.data /= np.sqrt(people)[taken.indices]
        own = np.asarray(taken.multiply(taken).sum(axis=0)).ravel()
        found = Together(taken, taken.T.tocsr(), own)
        self._newest = (until, found)
        return found

    def _key(self, items: np.ndarray, ranks: np.ndarray) -> np.ndarray:
        return np.asarray(items.astype(np.int64) * (len(self._moments) + 1) + ranks)

    def _position(self, items: np.ndarray, until: np.ndarray) -> np.ndarray:
        """Where the item's events at or after ``until`` begin in the sorted events."""
        ranks = np.searchsorted(self._moments, until, side="left") if self.timed else len(self._moments)
        return np.asarray(np.searchsorted(self._keys, self._key(items, np.asarray(ranks)), side="left"))

    def _start(self, items: np.ndarray) -> np.ndarray:
        return np.asarray(np.searchsorted(self._items, items, side="left"))

    def _days(self, positions: np.ndarray, items: np.ndarray, until: np.ndarray) -> np.ndarray:
        """Days from the event at each position to ``until``; NaN where that event is another item's or not before."""
        if not self.timed or not len(self._times):
            return np.full(items.shape, np.nan)
        inside = np.clip(positions, 0, len(self._times) - 1)
        valid = (positions >= 0) & (self._items[inside] == items) & (self._times[inside] < until)
        return np.where(valid, (until - self._times[inside]) / DAY, np.nan)


def _shared(items: np.ndarray, until: np.ndarray) -> bool:
    """Whether all ask at one moment for more than there are items: each item is then counted once and looked up."""
    if not until.size or items.size <= len(_each(items)):
        return False
    return bool((until == until.flat[0]).all())


def _each(items: np.ndarray) -> np.ndarray:
    """Every item up to the last one of these, after "no item" (-1)."""
    return np.arange(-1, items.max(initial=-1) + 1)

"""How often the same people took two items, as of the midnight before a moment.

Letters: B requests, C candidates, N items, U people.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from zhiyin.data.contracts import Histories
from zhiyin.features.feature import DAY

BLOCK_BYTES = 32 << 20
"""Of (B, N) numbers held at once while the resemblance is summed up."""
TOGETHER_BYTES = 64 << 20
"""Of what people had taken until some midnights, that is kept; of one in any case."""


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """Who had taken what before a midnight: 1 / √(people of the item) where the person took it."""

    people: sparse.csr_matrix
    """float32 (U, N)"""
    items: sparse.csr_matrix
    """The same turned round, (N, U)."""
    own: np.ndarray
    """Each item's cosine with itself, float32 (N,): 1, or 0 for an unseen item."""


@dataclass(frozen=True, slots=True, eq=False)
class FirstTakings:
    """Every pair of a person and an item that they took, by person, then item; P pairs."""

    people: np.ndarray
    """int32 (P,)"""
    items: np.ndarray
    """int32 (P,)"""
    times: np.ndarray
    """Of the first time, int64 (P,)."""


class Resemblances:
    """The resemblance of candidates to histories, by the events of positive weight of a log."""

    def __init__(self, liked: Histories, n_items: int, *, timed: bool) -> None:
        self.liked, self.n_items, self.timed = liked, n_items, timed
        self.n_people = len(liked)
        self._newest: dict[int, Together] = {}

    def __call__(self, histories: Histories, candidates: np.ndarray, until: np.ndarray) -> np.ndarray:
        """As `Counters.resemblance`."""
        found = np.zeros(candidates.shape, np.float32)
        if not histories.n_events:
            return found
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
        """What people had taken before ``until``. The last ones are kept: requests of one day share it."""
        kept = self._newest  # once: another thread may put others there meanwhile
        if (found := kept.get(until)) is not None:
            return found
        first = self._first
        there = first.times < until if self.timed else np.ones(len(first.times), bool)
        rows, columns = first.people[there], first.items[there]
        people = np.maximum(np.bincount(columns, minlength=self.n_items), 1).astype(np.float32)
        offsets = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=self.n_people))]).astype(np.int32)
        rarity = np.float32(1) / np.sqrt(people)
        taken = sparse.csr_matrix((rarity[columns], columns, offsets), shape=(self.n_people, self.n_items))
        own = np.asarray(taken.multiply(taken).sum(axis=0)).ravel()
        found = Together(taken, taken.T.tocsr(), own)
        room = TOGETHER_BYTES // max(1, 2 * taken.data.nbytes + 2 * taken.indices.nbytes)
        self._newest = dict([*kept.items(), (until, found)][-max(1, room) :])
        return found

    @cached_property
    def _first(self) -> FirstTakings:
        owners, times = self.liked.owners, self.liked.times
        order = np.lexsort([times, self.liked.items, owners])
        owners, items = owners[order], self.liked.items[order]
        first = np.ones(len(order), bool)
        first[1:] = (owners[1:] != owners[:-1]) | (items[1:] != items[:-1])
        return FirstTakings(owners[first].astype(np.int32), items[first], times[order][first])

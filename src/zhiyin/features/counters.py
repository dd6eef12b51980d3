"""Counters from a dataset: what was known at any moment, exactly, by binary search.

Letters: B requests, C candidates, E events, N items, U people.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from zhiyin.data.contracts import Histories, Ragged
from zhiyin.data.dataset import Dataset
from zhiyin.features.feature import DAY, Grouped, Grouping
from zhiyin.features.timeline import Timeline

BLOCK_BYTES = 32 << 20
"""Of (B, N) numbers held at once while the resemblance is summed up."""
TOGETHER_BYTES = 64 << 20
"""Of what people had taken until some midnights, that is kept; of one in any case."""
FRIENDS_EVENTS = 1 << 21
"""Events of friends that are looked at together."""


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


class EventCounters:
    """`Counters` over the events of positive weight of a dataset."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.timed = dataset.order == "time"
        self.n_items = dataset.n_items
        self.n_people = len(dataset.users)
        self.liked = dataset.histories.keep(dataset.histories.weights > 0)
        self._all = Timeline(self.liked.items, self.times_of(self.liked))
        self._of: dict[str, Any] = {}
        self._newest: dict[int, Together] = {}

    def events(
        self, items: np.ndarray, until: np.ndarray, days: float | None = None, kind: str | None = None
    ) -> np.ndarray:  # fmt: skip
        if days is not None and not self.timed:
            return np.full(np.broadcast_shapes(items.shape, until.shape), np.nan)
        return self.counted(self._all if kind is None else self._of_kind(kind), items, until, days)

    def all_events(self, until: np.ndarray, days: float | None = None, kind: str | None = None) -> np.ndarray:
        if days is not None and not self.timed:
            return np.full(until.shape, np.nan)
        times = self._kept(f"all {kind}", lambda: np.sort((self._all if kind is None else self._of_kind(kind)).times))
        until = self.until(until)
        since = 0 if days is None else np.searchsorted(times, until - round(days * DAY))
        return np.asarray(np.searchsorted(times, until) - since, np.float64)

    def days_since_last(self, items: np.ndarray, until: np.ndarray) -> np.ndarray:
        return self._days(items, until, lambda items, until: self._all.position(items, until) - 1)

    def days_since_first(self, items: np.ndarray, until: np.ndarray) -> np.ndarray:
        return self._days(items, until, lambda items, until: self._all.start(items))

    def grouped(self, grouping: Grouping, column: str | None = None, codes: np.ndarray | None = None) -> Grouped:
        def made() -> Grouped:
            known, of_requests = grouping(self.dataset, self.liked)
            items = self.liked.items.astype(np.int64)
            things = (
                items if codes is None else np.where(items < len(codes), codes[np.minimum(items, len(codes) - 1)], -1)
            )
            there = (known >= 0) & (things >= 0)
            known, things, times = known[there], things[there], self.times_of(self.liked)[there]
            width = max(self.n_items, 1) if codes is None else int(codes.max(initial=0)) + 1
            return Grouped(
                of_requests, width, Timeline(known * width + things, times), Timeline(known, times),
                Timeline(things, times), np.sort(times),
            )  # fmt: skip

        found: Grouped = self._kept(f"{grouping.name} × {column}", made)
        return found

    def taken_by(
        self, people: Ragged, candidates: np.ndarray, until: np.ndarray, days: float | None = None
    ) -> np.ndarray:
        if days is not None and not self.timed:
            return np.full(candidates.shape, np.nan)
        person: Timeline = self._kept("person", lambda: Timeline(self.liked.owners, self.times_of(self.liked)))
        found = np.zeros(candidates.shape)
        ends = until[people.owners]
        moments = self.until(ends)
        last = person.position(people.rows, moments)
        first = person.start(people.rows) if days is None else person.position(people.rows, moments - round(days * DAY))
        lengths = last - first  # events of each friend
        step_of = np.cumsum(lengths) // FRIENDS_EVENTS
        for step in np.unique(step_of):
            part = np.flatnonzero(step_of == step)
            where, offsets = _ranges(first[part], lengths[part])
            pairs = np.repeat(np.arange(len(part)), np.diff(offsets))
            keys = np.unique(pairs * self.n_items + self.liked.items[person.order[where]])  # each person once an item
            asked = people.owners[part][keys // max(1, self.n_items)]
            shape = (len(candidates), self.n_items)
            counts = sparse.csr_matrix((np.ones(len(keys)), (asked, keys % max(1, self.n_items))), shape=shape)
            found += chosen(counts, candidates)
        return found

    def counted(
        self, timeline: Timeline, codes: np.ndarray, until: np.ndarray, days: float | None = None
    ) -> np.ndarray:  # fmt: skip
        """Events of each code before ``until``, float64, as `Timeline.count`; all of them where there is no time."""
        if _shared(codes, until):
            return np.asarray(self.counted(timeline, _each(codes), until.ravel()[:1], days)[codes + 1])
        return np.asarray(timeline.count(codes, self.until(until), days), np.float64)

    def until(self, until: np.ndarray) -> np.ndarray:
        """The moments, or after everything where there is no time."""
        return until if self.timed else np.ones(until.shape, np.int64)

    def times_of(self, histories: Histories) -> np.ndarray:
        """Times of these events, int64 (E,); 0 where there is no time."""
        return histories.times if self.timed else np.zeros(histories.n_events, np.int64)

    def resemblance(self, histories: Histories, candidates: np.ndarray, until: np.ndarray) -> np.ndarray:
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
        first = self._kept("first", self._first_takings)
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

    def _first_takings(self) -> FirstTakings:
        owners, times = self.liked.owners, self.times_of(self.liked)
        order = np.lexsort([times, self.liked.items, owners])
        owners, items = owners[order], self.liked.items[order]
        first = np.ones(len(order), bool)
        first[1:] = (owners[1:] != owners[:-1]) | (items[1:] != items[:-1])
        return FirstTakings(owners[first].astype(np.int32), items[first], times[order][first])

    def _of_kind(self, kind: str) -> Timeline:
        """Events of this kind, of any weight; none of a kind that the log does not have."""

        def made() -> Timeline:
            code = self.dataset.kinds.index(kind) if kind in self.dataset.kinds else -1
            events = self.dataset.histories
            events = events.keep(events.kinds == code)
            return Timeline(events.items, self.times_of(events))

        found: Timeline = self._kept(f"kind {kind}", made)
        return found

    def _days(
        self, items: np.ndarray, until: np.ndarray, position: Callable[[np.ndarray, np.ndarray], np.ndarray]
    ) -> np.ndarray:
        if not self.timed:
            return np.full(np.broadcast_shapes(items.shape, until.shape), np.nan)
        if _shared(items, until):
            return np.asarray(self._days(_each(items), until.ravel()[:1], position)[items + 1])
        return self._all.days(position(items, until), items, until)

    def _kept(self, name: str, make: Callable[[], Any]) -> Any:
        """Made at first use. Two threads may both make it, alike."""
        if name not in self._of:
            self._of[name] = make()
        return self._of[name]


def _shared(items: np.ndarray, until: np.ndarray) -> bool:
    """Whether all ask at one moment for more than there are items: each item is then counted once and looked up."""
    if not until.size or items.size <= items.max(initial=-1) + 2:
        return False
    return bool((until == until.flat[0]).all())


def _each(items: np.ndarray) -> np.ndarray:
    """Every item up to the last one of these, after "no item" (-1)."""
    return np.arange(-1, items.max(initial=-1) + 1)


def _ranges(starts: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The numbers from each start on, ``lengths`` of them, end to end, and where each range begins."""
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths), offsets


def chosen(matrix: sparse.csr_matrix, candidates: np.ndarray) -> np.ndarray:
    """The cells of a sparse (B, N) matrix at ``candidates`` (B, C); 0 for no item and for one it does not have."""
    if not candidates.size or not matrix.shape[1]:
        return np.zeros(candidates.shape, matrix.dtype)
    inside = (candidates >= 0) & (candidates < matrix.shape[1])
    rows = np.repeat(np.arange(len(candidates)), candidates.shape[1])
    cells = np.asarray(matrix[rows, np.where(inside, candidates, 0).ravel()]).reshape(candidates.shape)
    return np.where(inside, cells, 0)

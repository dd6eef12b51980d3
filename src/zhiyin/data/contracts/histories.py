"""A user is a history: what B people did, ragged and in order. Letters: B histories, E events, N items."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from zhiyin.data.contracts.ragged import Ragged, Table, events_of

KINDS = (
    "view", "click", "cart", "purchase", "rating", "like", "dislike", "hide", "return",
    "bookmark", "comment", "share", "follow", "query", "helpful", "impression",
)  # fmt: skip
"""Kinds of event in the order of their codes. A recipe may name further kinds; they get the codes after these."""

NEGATIVE_KINDS = ("dislike", "hide", "return")
"""Kinds that say "less of this": their weight is negative unless a recipe says otherwise."""

SILENT_KINDS = ("impression", "query")
"""Kinds that say nothing for or against an item: it was shown, or asked for."""
_SILENT_CODES = np.array([KINDS.index(kind) for kind in SILENT_KINDS], np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """What B people did: ragged, oldest event first, memory-mappable; the same in training, evaluation and serving."""

    offsets: np.ndarray
    """int64 (B + 1,): the events of history b are ``offsets[b]:offsets[b + 1]``."""
    items: np.ndarray
    """int32 (E,): row numbers in the catalogue."""
    times: np.ndarray
    """int64 (E,): seconds UTC; the event's position in the history where there is no time."""
    kinds: np.ndarray
    """uint8 (E,): code of the kind, see `KINDS`."""
    values: np.ndarray
    """float32 (E,): rating, quantity, dwell; NaN where there is none."""
    weights: np.ndarray
    """float32 (E,): what the recipe makes of kind and value; negative for a dislike or a return."""
    context: Table = field(default_factory=dict)
    """Further columns (E,)."""

    @classmethod
    def of(cls, lists: Iterable[Iterable[int]]) -> "Histories":
        """Plain histories of item rows: positions as times, kind view, no value, weight 1."""
        ragged = Ragged.of(lists)
        n = len(ragged.rows)
        times = np.arange(n) - np.repeat(ragged.offsets[:-1], ragged.lengths)
        return cls(
            ragged.offsets, ragged.rows, times, np.zeros(n, np.uint8), np.full(n, np.nan, np.float32),
            np.ones(n, np.float32),
        )  # fmt: skip

    @classmethod
    def empty(cls, n: int) -> "Histories":
        """``n`` people who did nothing yet."""
        return cls.of([[] for _ in range(n)])

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def n_events(self) -> int:
        return len(self.items)

    @property
    def lengths(self) -> np.ndarray:
        """Events of each history, int64 (B,)."""
        return self.rows.lengths

    @property
    def owners(self) -> np.ndarray:
        """The history that each event belongs to, int64 (E,)."""
        return self.rows.owners

    @property
    def ages(self) -> np.ndarray:
        """How many events of the same history came after each event, int64 (E,); 0 for the newest."""
        return np.repeat(self.offsets[1:], self.lengths) - 1 - np.arange(self.n_events)

    @property
    def rows(self) -> Ragged:
        """The item rows alone."""
        return Ragged(self.offsets, self.items)

    def events(self, which: np.ndarray, offsets: np.ndarray) -> "Histories":
        """The events ``which`` (positions or a slice) under new ``offsets``."""
        return Histories(
            offsets, self.items[which], self.times[which], self.kinds[which], self.values[which], self.weights[which],
            {name: column[which] for name, column in self.context.items()},
        )  # fmt: skip

    def take(self, people: np.ndarray | slice) -> "Histories":
        """The histories at these positions, in this order."""
        events, offsets = events_of(self.offsets, people)
        return self.events(events, offsets)

    @property
    def silent(self) -> np.ndarray:
        """Events that say nothing for or against their item, bool (E,)."""
        return np.isin(self.kinds, _SILENT_CODES)

    @property
    def met(self) -> Ragged:
        """The item rows that each person met: an item that was only shown or asked for may still be new to them."""
        silent = self.silent
        return self.keep(~silent).rows if silent.any() else self.rows

    def keep(self, mask: np.ndarray) -> "Histories":
        """Only the events where ``mask`` (bool, (E,)) is true; everybody stays, some with fewer events."""
        kept = np.concatenate([[0], np.cumsum(mask)])
        return self.events(np.flatnonzero(mask), kept[self.offsets].astype(np.int64))

    def newest(self, limit: int) -> "Histories":
        """At most ``limit`` newest events of each history."""
        return self if not len(self) or self.lengths.max() <= limit else self.keep(self.ages < limit)

    def joined(self, later: "Histories") -> "Histories":
        """For each person these events, then those of ``later`` (as many people, the same context columns)."""
        order = np.argsort(np.concatenate([self.owners, later.owners]), kind="stable")
        both = Histories(
            self.offsets + later.offsets,
            np.concatenate([self.items, later.items]),
            np.concatenate([self.times, later.times]),
            np.concatenate([self.kinds, later.kinds]),
            np.concatenate([self.values, later.values]),
            np.concatenate([self.weights, later.weights]),
            {name: np.concatenate([self.context[name], later.context[name]]) for name in self.context},
        )
        return both.events(order, both.offsets)

    def matrix(self, n_items: int, *, weighted: bool = False) -> sparse.csr_matrix:
        """People by items, float32 (B, N): 1 where there is an event of positive weight, or the sum of weights."""
        # float64 sums in event order, so that the result does not depend on how scipy merges doubles
        shape = (len(self), n_items)
        if weighted:
            data = self.weights.astype(np.float64)
            # SciPy sorts its indices in place: on a copy, or the histories would lose their order
            matrix = sparse.csr_matrix((data, self.items.copy(), self.offsets), shape=shape)
            matrix.sum_duplicates()
            return matrix.astype(np.float32)
        liked = self if (self.weights > 0).all() else self.keep(self.weights > 0)
        ones = np.ones(liked.n_events, np.float32)
        matrix = sparse.csr_matrix((ones, liked.items.copy(), liked.offsets), shape=shape)
        matrix.sum_duplicates()
        matrix.data[:] = 1
        return matrix

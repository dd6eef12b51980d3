"""Batches of people in a seeded order: the same (seed, epoch) always gives the same batches.

Letters: B people of a batch, E entries. Nothing is padded here: a batch is as ragged as its source.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

import numpy as np
from scipy import sparse

from zhiyin.core.randomness import generator


class People(Protocol):
    """Anything with one entry a person: `Histories`, `Ragged`, `Bags`."""

    def __len__(self) -> int: ...

    def take(self, people: np.ndarray, /) -> Self: ...


P = TypeVar("P", bound=People)


@dataclass(frozen=True, slots=True, eq=False)
class Bags:
    """Sparse rows: what each person did, each item once, without order."""

    offsets: np.ndarray
    """int64 (B + 1,)"""
    items: np.ndarray
    """int64 (E,)"""
    values: np.ndarray
    """float32 (E,)"""

    @classmethod
    def of(cls, matrix: sparse.csr_matrix) -> "Bags":
        return cls(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data.astype(np.float32))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """int64 (B,)"""
        return np.diff(self.offsets)

    def take(self, people: np.ndarray) -> "Bags":
        starts, lengths = self.offsets[:-1][people], self.lengths[people]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        entries = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        return Bags(offsets, self.items[entries], self.values[entries])


class Shuffled(Generic[P]):
    """Everybody once an epoch in a new random order, ``batch_size`` people at a time (the last batch may be smaller).

    With ``lengths`` the people of a batch stand shortest first, so that little is padded where neighbours are read
    together. Whole batches of like length would pad as little, but teach worse: an event in a batch of short histories
    would count many times what one in a batch of long ones does.
    """

    def __init__(self, people: P, batch_size: int, seed: int, *, lengths: np.ndarray | None = None) -> None:
        self.people = people
        self.batch_size = batch_size
        self.seed = seed
        self.lengths = lengths

    def __len__(self) -> int:
        return math.ceil(len(self.people) / self.batch_size)

    def epoch(self, number: int, skip: int = 0) -> Iterator[P]:
        """The batches of epoch ``number`` (from 1), the first ``skip`` left out (they were seen before a restart)."""
        for which in self._order(number)[skip:]:
            yield self.people.take(which)

    def _order(self, number: int) -> list[np.ndarray]:
        order = generator(self.seed, "order", number).permutation(len(self.people))
        batches = [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]
        if self.lengths is None:
            return batches
        return [batch[np.argsort(self.lengths[batch], kind="stable")] for batch in batches]

"""What a Transformer reads of histories: the newest events of each behind a start, packed end to end.

Letters: B people, T events read of all of them (the starts among them), N items.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from zhiyin.data.contracts import Histories
from zhiyin.data.contracts.ragged import events_of, offsets_of

GAPS = 32
"""Buckets of the time since the event before: 0 where there is none, then one for each doubling of the seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """B sequences of at most so many events."""

    offsets: np.ndarray
    """int64 (B + 1,)"""
    rows: np.ndarray
    """int64 (T,): rows of the item table; N is the start."""
    kinds: np.ndarray
    """int64 (T,): 1 + the code of the event's kind; 0 for the start."""
    gaps: np.ndarray
    """int64 (T,): bucket of the seconds since the event before, see `GAPS`."""

    @classmethod
    def of(cls, histories: Histories, n_items: int, limit: int) -> Self:
        """The newest ``limit`` of the start and each history's events of positive weight, in order."""
        liked = histories.keep(histories.weights > 0)
        offsets = liked.offsets + np.arange(len(liked) + 1)  # with a start each
        columns = np.zeros((3, liked.n_events + len(liked)), np.int64)
        columns[0, offsets[:-1]] = n_items
        events = np.delete(np.arange(columns.shape[1]), offsets[:-1])
        columns[:, events] = liked.items, liked.kinds.astype(np.int64) + 1, gaps_of(liked)
        ages = np.repeat(offsets[1:], np.diff(offsets)) - 1 - np.arange(columns.shape[1])
        return cls(offsets_of(np.minimum(np.diff(offsets), limit)), *columns[:, ages < limit])

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, b: int) -> np.ndarray:
        """The item rows of one sequence."""
        return self.rows[self.offsets[b] : self.offsets[b + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """int64 (B,)"""
        return np.diff(self.offsets)

    def tensors(self) -> tuple[Tensor, ...]:
        """Offsets, rows, kinds and gaps."""
        return tuple(torch.as_tensor(column) for column in (self.offsets, self.rows, self.kinds, self.gaps))

    def take(self, people: np.ndarray | slice) -> Self:
        """The sequences at these positions, in this order."""
        events, offsets = events_of(self.offsets, people)
        return type(self)(offsets, self.rows[events], self.kinds[events], self.gaps[events])


def gaps_of(histories: Histories) -> np.ndarray:
    """Bucket of the seconds since the person's event before, int64 (E,)."""
    gaps = np.zeros(histories.n_events, np.int64)
    seconds = np.maximum(np.diff(histories.times), 0)
    gaps[1:] = np.minimum(np.frexp(1.0 + seconds)[1], GAPS - 1)  # 1 for less than a second, 2 for 1 or 2, …
    gaps[histories.offsets[:-1][histories.lengths > 0]] = 0
    return gaps

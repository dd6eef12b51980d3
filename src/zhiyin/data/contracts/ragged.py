"""Lists of row numbers of different lengths, stored end to end, and the words that every contract uses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np

Table: TypeAlias = Mapping[str, np.ndarray]
"""Columns by name; the first axis of each is the row. Text columns are object arrays of str, None where missing."""

FILL = -1
"""Row number of "no item" in rectangular arrays of rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Ragged:
    """Lists of row numbers of different lengths, stored end to end."""

    offsets: np.ndarray
    """int64 (B + 1,): list b is ``rows[offsets[b]:offsets[b + 1]]``."""
    rows: np.ndarray
    """int32 (E,)"""

    @classmethod
    def of(cls, lists: Iterable[Iterable[int]]) -> Self:
        arrays = [np.fromiter(rows, dtype=np.int32) for rows in lists]
        return cls(
            offsets_of([len(rows) for rows in arrays]), np.concatenate(arrays) if arrays else np.zeros(0, np.int32)
        )

    @classmethod
    def empty(cls, n: int) -> Self:
        return cls(np.zeros(n + 1, np.int64), np.zeros(0, np.int32))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, b: int) -> np.ndarray:
        return self.rows[self.offsets[b] : self.offsets[b + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """int64 (B,)"""
        return np.diff(self.offsets)

    @property
    def owners(self) -> np.ndarray:
        """The list that each row belongs to, int64 (E,)."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def take(self, which: np.ndarray | slice) -> Self:
        """The lists at these positions, in this order."""
        events, offsets = events_of(self.offsets, which)
        return type(self)(offsets, self.rows[events])


def offsets_of(lengths: Sequence[int] | np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.asarray(lengths, np.int64))]).astype(np.int64)


def events_of(offsets: np.ndarray, which: np.ndarray | slice) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the events of the chosen lists, and the offsets of the result."""
    starts, lengths = offsets[:-1][which], np.diff(offsets)[which]
    taken = offsets_of(lengths)
    return np.arange(taken[-1]) + np.repeat(starts - taken[:-1], lengths), taken


def chosen_rows(table: Table | None, which: np.ndarray | slice) -> Table | None:
    return None if table is None else {name: column[which] for name, column in table.items()}

"""Rows of a log to histories: ids as rows of an index, then events in the order (person, time, position, row).

Letters: E events, U people. The order is one counting sort by person, then sorts of whole numbers that hold person,
time and row, some people at a time: what fits into the cache costs a fraction of what does not.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

from zhiyin.core.ids import IdIndex
from zhiyin.data.numbers import Numbered, numbered

STEP = 1 << 16
"""Rows that are worked on at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A column of ids as row numbers of an index."""

    rows: np.ndarray
    """int32 (E,)"""
    ids: IdIndex


def coded(column: pl.Series | Numbered, first: pl.Series | None = None) -> Coded:
    """Row numbers of a text column without nulls: the ids of ``first`` in their order, then others as they appear."""
    found = column if isinstance(column, Numbered) else numbered(column)
    if first is None:
        return Coded(found.codes, IdIndex(found.distinct))
    known = first.cast(pl.String).drop_nulls().unique(maintain_order=True).rename("id")
    table = pl.DataFrame({"id": known, "row": np.arange(len(known), dtype=np.int32)})
    places = pl.DataFrame({"id": found.distinct}).join(table, on="id", how="left", maintain_order="left")["row"]
    is_new = places.is_null().to_numpy()
    rows = places.fill_null(0).to_numpy().copy()
    rows[is_new] = len(known) + np.arange(int(is_new.sum()), dtype=np.int32)
    ids = pl.concat([known, found.distinct.filter(pl.Series(is_new)).rename("id")])
    return Coded(gathered(rows, found.codes), IdIndex(ids))


def rows_in(column: pl.Series, ids: IdIndex) -> np.ndarray:
    """Row numbers of a text column in an index, int32 (E,); -1 for what it does not know."""
    index = pl.DataFrame({"id": ids.series, "row": np.arange(len(ids), dtype=np.int32)})
    found = pl.DataFrame({"id": column.cast(pl.String)}).join(index, on="id", how="left", maintain_order="left")
    return found["row"].fill_null(-1).to_numpy()


def gathered(column: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """``column[rows]``: NumPy widens the row numbers to 64 bits, here `STEP` of them at a time."""
    taken = np.empty(len(rows), column.dtype)
    for start in range(0, len(rows), STEP):
        taken[start : start + STEP] = column.take(rows[start : start + STEP])
    return taken


@dataclass(frozen=True, slots=True, eq=False)
class Sorted:
    """Events person by person."""

    order: np.ndarray | None
    """int32 (E,): the rows; None where they stand so already."""
    keys: list[np.ndarray]
    """int64 (E,) each: what they are ordered by, in this order."""

    def placed(self, column: np.ndarray) -> np.ndarray:
        """A column of the log in this order."""
        return column if self.order is None else gathered(column, self.order)


def in_order(users: np.ndarray, keys: list[np.ndarray]) -> Sorted:
    """The events by (user, keys …, row); the first key counts most. Users are numbers from 0."""
    if _is_sorted([users, *keys]):
        return Sorted(None, keys)
    counts = np.bincount(users)
    first = keys[0] if keys else np.zeros(len(users), np.int8)
    # a sparse matrix on its way from coordinates to rows does exactly one counting sort, which is stable
    rows = np.arange(len(users), dtype=np.int32)
    matrix = sparse.coo_array((first, (users, rows)), shape=(len(counts), len(users)))
    matrix.has_canonical_format = True  # no entry is doubled, none is to be sorted within its row
    by_user = matrix.tocsr()
    keys = [by_user.data, *(gathered(key, by_user.indices) for key in keys[1:])][: len(keys)]
    _sort_blocks(by_user.indices, keys, counts)
    return Sorted(by_user.indices, keys)


def _sort_blocks(order: np.ndarray, keys: list[np.ndarray], counts: np.ndarray) -> None:
    """Sort each person's events by the keys, in place; people go together in blocks that fit into the cache."""
    ends = np.cumsum(counts)
    person, start = 0, 0
    while person < len(counts):
        last = max(int(np.searchsorted(ends, start + STEP, side="right")), person + 1)
        block = slice(start, int(ends[last - 1]))
        columns = [np.repeat(np.arange(person, last), counts[person:last]), *(key[block] for key in keys)]
        if not _is_sorted(columns):  # a log in the order of time, as most are, is in order already
            rows = _sorted_rows(columns)
            for column in (order, *keys):
                column[block] = column[block][rows]
        person, start = last, block.stop


def _is_sorted(columns: list[np.ndarray]) -> bool:
    """Whether rows ascend by the first column, then by the next …"""
    tied = np.ones(1, bool)
    for column in columns:
        if (tied & (column[1:] < column[:-1])).any():
            return False
        tied = tied & (column[1:] == column[:-1])
    return True


def _sorted_rows(columns: list[np.ndarray]) -> np.ndarray:
    """Rows by (columns …, row), int64 (E,): sorted as one number each where 63 bits hold the columns and the row."""
    n = len(columns[0])
    bits = row_bits = (n - 1).bit_length()
    packed = np.arange(n)
    for column in reversed(columns):
        low, high = int(column.min()), int(column.max())
        if bits + (high - low).bit_length() > 63:
            return np.lexsort(columns[::-1])
        packed |= np.subtract(column, low, dtype=np.int64) << bits
        bits += (high - low).bit_length()
    return pl.Series(packed).sort().to_numpy() & ((1 << row_bits) - 1)

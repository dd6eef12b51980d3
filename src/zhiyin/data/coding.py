"""Rows of a log to histories: ids to numbers, then events in the order (person, time, position, row).

Letters: E events, U people, I distinct ids. Nothing is sorted by comparison: ids are numbered by one dictionary
encoding (Arrow's; plain numbers by counting), and the order comes from a radix sort by (person, time, position).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from scipy import sparse

from zhiyin.core.ids import IdIndex

ROOM = 4
"""Plain numbers are counted in an array of at most this many places a row."""
DIGIT = 20
"""Largest number of bits that one pass of the radix sort reads."""


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A column of ids as row numbers of an index."""

    rows: np.ndarray
    """int32 (E,)"""
    ids: IdIndex


def coded(column: pl.Series, first: pl.Series | None = None) -> Coded:
    """Row numbers of a text column without nulls: the ids of ``first`` in their order, then others as they appear."""
    codes, distinct = dictionary(column)
    if first is None:
        return Coded(codes, IdIndex(distinct))
    known = first.cast(pl.String).drop_nulls().unique(maintain_order=True).rename("id")
    numbered = pl.DataFrame({"id": known, "row": np.arange(len(known), dtype=np.int32)})
    places = pl.DataFrame({"id": distinct}).join(numbered, on="id", how="left", maintain_order="left")["row"]
    is_new = places.is_null().to_numpy()
    rows = places.fill_null(0).to_numpy().copy()
    rows[is_new] = len(known) + np.arange(int(is_new.sum()), dtype=np.int32)
    return Coded(rows[codes], IdIndex(pl.concat([known, distinct.filter(pl.Series(is_new)).rename("id")])))


def dictionary(column: pl.Series) -> tuple[np.ndarray, pl.Series]:
    """Codes int32 (E,) in order of first appearance, and the distinct texts (I,)."""
    counted = _counted(column)
    if counted is not None:
        return counted
    encoded = pa.chunked_array(column.rename("").to_arrow(), pa.large_string()).combine_chunks().dictionary_encode()
    return encoded.indices.to_numpy(), pl.Series(encoded.dictionary)


def _counted(column: pl.Series) -> tuple[np.ndarray, pl.Series] | None:
    """The same for ids that are whole numbers of a narrow range, each written the one usual way; else None."""
    numbers = _numbers(column)
    if numbers is None:
        return None
    low, n = int(numbers.min()), len(numbers)
    places = numbers - low
    rows_of = np.bincount(places)
    seen = np.flatnonzero(rows_of)
    # 007, +7 and -0 are longer than the numbers they stand for; lengths are compared in sum
    texts = pl.Series(seen + low).cast(pl.String)
    if (texts.str.len_bytes().to_numpy() * rows_of[seen]).sum() != column.str.len_bytes().sum():
        return None
    first = np.empty(len(rows_of), np.int32)
    first[places[::-1]] = np.arange(n - 1, -1, -1, dtype=np.int32)  # the last assignment wins: the earliest row
    order = np.argsort(first[seen])
    code = np.empty(len(rows_of), np.int32)
    code[seen[order]] = np.arange(len(seen), dtype=np.int32)
    return code[places], texts.gather(order)


def _numbers(column: pl.Series) -> np.ndarray | None:
    """The ids as int64 (E,), if all are numbers and not much farther apart than there are rows."""
    if not len(column) or column.head(100).cast(pl.Int64, strict=False).null_count():
        return None
    numbers = column.cast(pl.Int64, strict=False)
    low, high = numbers.min(), numbers.max()
    if numbers.null_count() or not isinstance(low, int) or not isinstance(high, int):
        return None
    return None if high - low > ROOM * len(column) + 1_000 else numbers.to_numpy()


def rows_in(column: pl.Series, ids: IdIndex) -> np.ndarray:
    """Row numbers of a text column in an index, int32 (E,); -1 for what it does not know."""
    index = pl.DataFrame({"id": ids.series, "row": np.arange(len(ids), dtype=np.int32)})
    found = pl.DataFrame({"id": column.cast(pl.String)}).join(index, on="id", how="left", maintain_order="left")
    return found["row"].fill_null(-1).to_numpy()


def event_order(users: np.ndarray, keys: list[np.ndarray]) -> np.ndarray | None:
    """Rows by (user, keys …, row), (E,); None where they stand so already. The first key counts most."""
    order: np.ndarray | None = None
    for key in reversed([users, *keys]):
        order = _then_by(key, order)
    return order


def _then_by(key: np.ndarray, order: np.ndarray | None) -> np.ndarray | None:
    """One key of a radix sort: order by ``key``, rows that are equal in it stay as ``order`` has them."""
    key = key if order is None else key[order]
    if len(key) < 2 or (key[1:] >= key[:-1]).all():
        return order
    low = int(key.min())
    bits = (int(key.max()) - low).bit_length()
    key = (key - low).astype(np.int32 if bits < 32 else np.uint64)
    passes = -(-bits // DIGIT)
    width = -(-bits // passes)
    for number in range(passes):
        digit = ((key >> key.dtype.type(number * width)) & key.dtype.type((1 << width) - 1)).astype(np.int32)
        step = _counting_sort(digit, 1 << width)
        order = step if order is None else order[step]
        key = key[step] if number + 1 < passes else key
    return order


def _counting_sort(digit: np.ndarray, n_values: int) -> np.ndarray:
    """Stable order of small numbers, int32 (E,): what a sparse matrix does to come from coordinates to rows."""
    rows = np.arange(len(digit), dtype=np.int32)
    return np.asarray(sparse.coo_array((rows, (digit, rows)), shape=(n_values, len(digit))).tocsr().data)

"""Rows of a log to histories: ids to numbers, then events in the order (person, time, position, row).

Letters: E events, U people, I distinct ids. Nothing is sorted by comparison: ids are numbered by one dictionary
encoding (Arrow's; plain numbers by counting), and the order comes from a radix sort by (person, time, position).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

from zhiyin.core.ids import IdIndex

ROOM = 4
"""Plain numbers are counted in an array of at most this many places a row."""
DIGIT = 16
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
    encoded = column.rechunk().to_arrow().dictionary_encode()
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
    key, bits = np.zeros(len(users), np.int64), 0
    for column in reversed(keys):
        if not _pack(column, key, bits):
            return np.lexsort([*reversed(keys), users])
        bits += _width(column)
    if _is_sorted(key):  # a log in the order of time: stable by person is enough
        key, bits = np.zeros(len(users), np.int64), 0
    if not _pack(users, key, bits):
        return np.lexsort([*reversed(keys), users])
    bits += _width(users)
    return None if _is_sorted(key) else _radix_order(key, bits)


def _width(column: np.ndarray) -> int:
    """Bits that tell the numbers of a column apart."""
    return (int(column.max()) - int(column.min())).bit_length() if len(column) else 0


def _pack(column: np.ndarray, key: np.ndarray, bits: int) -> bool:
    """Put a column above the lowest ``bits`` bits of ``key``, int64 (E,), in place; False where 63 are too few."""
    if bits + _width(column) > 63:
        return False
    if len(column):
        part = np.subtract(column, column.min(), dtype=np.int64)
        part <<= bits
        key |= part
    return True


def _is_sorted(key: np.ndarray) -> bool:
    return bool((key[1:] >= key[:-1]).all())


def _radix_order(key: np.ndarray, bits: int) -> np.ndarray:
    """Stable order of keys of so many bits, int32 (E,), lowest digit first; keys travel along with their rows."""
    passes = -(-bits // DIGIT)
    width = -(-bits // passes)
    order, places = np.arange(len(key), dtype=np.int32), np.empty_like(key)
    for number in range(passes):
        np.right_shift(key, number * width, out=places)  # in place: fresh memory costs more than the arithmetic
        places &= (1 << width) - 1
        digit = places.astype(np.int32)
        # a sparse matrix on its way from coordinates to rows does exactly one counting sort
        matrix = sparse.coo_array((key, (digit, order)), shape=(1 << width, len(key)))
        matrix.has_canonical_format = True  # no entry is doubled, none is to be sorted within its row
        rows = matrix.tocsr()
        order, key = rows.indices, rows.data
    return order

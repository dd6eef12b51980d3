"""Rows of a log to histories: ids to numbers, then events in the order (person, time, position, row).

Letters: E events, I distinct ids. Ids of at most 12 bytes are numbered by a hash table that looks up all rows at once,
others by Arrow's dictionary. The order is one counting sort by person, then sorts of whole numbers that hold person,
time and row, some people at a time. Both go by parts that fit into the cache: fresh memory costs more than arithmetic.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

from zhiyin.core.ids import IdIndex

STEP = 1 << 16
"""Rows that are worked on at once."""
INLINE = 12
"""Bytes of a text that Arrow keeps inside its view of 16 bytes, after the length and before zeros."""
BITS = 22
"""The hash table has 4 million places, about what the cache holds."""
ODD = np.random.default_rng(0).integers(1 << 62, 1 << 63, 3, np.uint64) | np.uint64(1)
"""Multipliers of the hash; which they are changes the speed alone."""
NOBODY = np.full(2, -1, np.int64).view(np.complex128)[0]
"""16 bytes that no text has, for the length would be negative."""


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A column of ids as row numbers of an index."""

    rows: np.ndarray
    """int32 (E,)"""
    ids: IdIndex


@dataclass(frozen=True, slots=True, eq=False)
class Numbered:
    """A column of ids as numbers of its distinct ids."""

    codes: np.ndarray
    """int32 (E,), in order of first appearance"""
    distinct: pl.Series
    """String (I,)"""

    @property
    def texts(self) -> pl.Series:
        """The column again, String (E,)."""
        return self.distinct.gather(self.codes)


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


def numbered(column: pl.Series) -> Numbered:
    """The distinct ids of a text column without nulls, and which each row has."""
    numbers = Numbers()
    return Numbered(numbers.of(column), numbers.distinct())


class Numbers:
    """Numbers for ids in order of first appearance, column after column of one log.

    A hash table that looks up all rows at once: the id's number stands in the place that its 16 bytes say. What finds
    its place and the one beside it taken, or is longer, goes through Arrow's dictionary and a plain ``dict``.
    """

    def __init__(self) -> None:
        self._table = np.zeros(1 << BITS, np.int32)  # 0: nobody
        self._views = np.full(STEP, NOBODY)  # complex128 (room,): the ids' 16 bytes; `NOBODY` for long ids
        self._others: dict[str, int] = {}
        self._texts: list[pl.Series] = [pl.Series([""], dtype=pl.String)]  # what is nobody's takes a number too
        self._n = 1
        self._slots, self._mixed = np.empty(STEP, np.uint64), np.empty(STEP, np.uint64)
        self._met = np.empty(STEP, np.complex128)

    def of(self, column: pl.Series) -> np.ndarray:
        """Numbers of a text column without nulls, int32 (E,)."""
        codes = np.empty(len(column), np.int32)
        for start in range(0, len(column), STEP):
            self._look_up(column.slice(start, STEP), codes[start : start + STEP])
        return codes - np.int32(1)

    def distinct(self) -> pl.Series:
        """The ids met so far, String (I,)."""
        return pl.concat(self._texts).slice(1)

    def _look_up(self, column: pl.Series, codes: np.ndarray) -> None:
        """Numbers into ``codes``, int32 (E,)."""
        views = _views(column)
        slots = self._placed(views)
        rows = self._probe(slots, views, codes)
        if len(rows):
            near = np.empty(len(rows), np.int32)
            left = self._probe(slots[rows] ^ 1, views[rows], near)
            codes[rows] = near
            rows = rows[left]
        if len(rows):
            codes[rows] = self._further(column.gather(rows), views[rows], slots[rows])

    def _probe(self, slots: np.ndarray, views: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """What stands in these places into ``codes``; returns the rows of which it is another id, or none."""
        met = self._met[: len(views)]
        np.take(self._table, slots, out=codes, mode="clip")
        np.take(self._views, codes, out=met, mode="clip")
        # two comparisons of 8 bytes a row, read as one number: 0x0101 where both are equal
        same = (met.view(np.uint64) == views.view(np.uint64)).view(np.uint16) == 0x0101
        return np.flatnonzero(~same)

    def _placed(self, views: np.ndarray) -> np.ndarray:
        """Places in the table, int64 (E,)."""
        low, high = views.view(np.uint64)[::2], views.view(np.uint64)[1::2]
        slots, mixed = self._slots[: len(views)], self._mixed[: len(views)]
        np.multiply(low, ODD[0], out=slots)
        np.multiply(high, ODD[1], out=mixed)
        slots ^= mixed
        slots *= ODD[2]
        slots >>= np.uint64(64 - BITS)
        return slots.view(np.int64)

    def _further(self, column: pl.Series, views: np.ndarray, slots: np.ndarray) -> np.ndarray:
        """Numbers of ids that are new, long, or in neither of their places, int32 (E,)."""
        encoded = column.to_arrow().dictionary_encode()
        rows = np.frombuffer(encoded.indices.buffers()[1], np.int32)  # Arrow's to_numpy would load pandas
        one = np.empty(len(encoded.dictionary), np.int64)
        one[rows] = np.arange(len(rows))  # a row of each
        texts, views, slots = column.gather(one), views[one], slots[one]
        short = texts.str.len_bytes().to_numpy() <= INLINE
        # an id of which a place is free was never met
        maybe = np.flatnonzero(~short | (self._table[slots] != 0) & (self._table[slots ^ 1] != 0))
        numbers = np.zeros(len(texts), np.int32)
        numbers[maybe] = [self._others.get(text, 0) for text in texts.gather(maybe)]
        new = np.flatnonzero(numbers == 0)
        numbers[new] = self._n + np.arange(len(new), dtype=np.int32)
        self._add(texts.gather(new), np.where(short, views, NOBODY)[new])
        left = new[short[new]]
        for places in (slots, slots ^ 1):
            free = left[self._table[places[left]] == 0]
            self._table[places[free]] = numbers[free]
            left = left[self._table[places[left]] != numbers[left]]
        left = np.concatenate([left, new[~short[new]]])
        self._others.update(zip(texts.gather(left).to_list(), numbers[left].tolist(), strict=True))
        return numbers[rows]

    def _add(self, texts: pl.Series, views: np.ndarray) -> None:
        self._texts.append(texts)
        if self._n + len(views) > len(self._views):
            room = np.full(max(len(self._views), len(views)), NOBODY)
            self._views = np.concatenate([self._views, room])
        self._views[self._n : self._n + len(views)] = views
        self._n += len(views)


def _views(column: pl.Series) -> np.ndarray:
    """Texts as Arrow holds them, complex128 (E,): 16 bytes, the text itself where it has at most `INLINE`."""
    array = column.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())
    return np.frombuffer(array.buffers()[1], np.complex128)[array.offset : array.offset + len(array)]


def gathered(column: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """``column[rows]``: NumPy widens the row numbers to 64 bits, here `STEP` of them at a time."""
    taken = np.empty(len(rows), column.dtype)
    for start in range(0, len(rows), STEP):
        np.take(column, rows[start : start + STEP], out=taken[start : start + STEP], mode="clip")
    return taken


def event_order(users: np.ndarray, keys: list[np.ndarray]) -> np.ndarray | None:
    """Rows by (user, keys …, row), int32 (E,); None where they stand so already. The first key counts most."""
    if _is_sorted([users, *keys]):
        return None
    counts = np.bincount(users)
    # a sparse matrix on its way from coordinates to rows does exactly one counting sort, which is stable
    rows = np.arange(len(users), dtype=np.int32)
    matrix = sparse.coo_array((np.zeros(len(users), np.int8), (users, rows)), shape=(len(counts), len(users)))
    matrix.has_canonical_format = True  # no entry is doubled, none is to be sorted within its row
    order = matrix.tocsr().indices
    keys = [gathered(key, order) for key in keys]
    people = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    if not _is_sorted([people, *keys]):  # else the log is in the order of time, as most are
        _order_blocks(order, counts, people, keys)
    return order


def _order_blocks(order: np.ndarray, counts: np.ndarray, people: np.ndarray, keys: list[np.ndarray]) -> None:
    """Sort each person's rows by the keys, in place; people go together in blocks that fit into the cache."""
    ends = np.cumsum(counts)
    start = 0
    while start < len(order):
        last = np.searchsorted(ends, start + STEP, side="right")
        end = max(int(ends[last - 1]), start) if last else start
        if end == start:  # a person of more rows than a block
            end = int(ends[np.searchsorted(ends, start, side="right")])
        block = slice(start, end)
        order[block] = order[block][_sorted_rows([people[block], *(key[block] for key in keys)])]
        start = end


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

"""Ids as numbers, in order of first appearance, for any number of rows: a hash table that looks up all rows at once.

Letters: E rows, I distinct ids. Arrow keeps a text of at most 12 bytes inside a view of 16: its length, its bytes, then
zeros. Two such texts are one exactly where their views are, so that NumPy compares them as pairs of numbers; of a
longer text a hash takes the view's place, and what is found by it is compared in full. Parts of a column fit into the
cache: fresh memory costs more than arithmetic.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

STEP = 1 << 17
"""Rows that are worked on at once."""
INLINE = 12
"""Bytes of a text that its view holds."""
BITS = 14
"""The hash table begins with two to the power of so many places …"""
PLACES = 4
"""… and grows before it has fewer places an id."""
ODD = np.random.default_rng(0).integers(1 << 62, 1 << 63, 3, np.uint64) | np.uint64(1)
"""Multipliers of the hash; which they are changes the speed alone."""
CHUNKS = 16
"""Pieces that the list of texts may have."""
NOBODY = np.full(2, -1, np.int64).view(np.complex128)[0]
"""16 bytes that no text has, for its length would be negative."""


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


def numbered(column: pl.Series) -> Numbered:
    """The distinct ids of a text column without nulls, and which each row has."""
    numbers = Numbers()
    return Numbered(numbers.of(column), numbers.distinct())


class Numbers:
    """The numbers given so far; 0, which stands for nobody, is not shown outside.

    An id has two places in the table, side by side. What finds both taken is known by a plain ``dict``.
    """

    def __init__(self) -> None:
        self._table = np.zeros(1 << BITS, np.int32)  # the number of the id in this place
        self._views = np.full(STEP, NOBODY)  # complex128, by number
        self._texts = [pl.Series([""], dtype=pl.String)]  # by number, end to end
        self._others: dict[str, int] = {}
        self._n = 1
        self._slots, self._mixed = np.empty((2, STEP), np.uint64)
        self._met = np.empty(STEP, np.complex128)

    def of(self, column: pl.Series) -> np.ndarray:
        """Numbers of a text column without nulls, int32 (E,); new ids get the next ones."""
        codes = np.empty(len(column), np.int32)
        for start in range(0, len(column), STEP):
            self._look_up(column.slice(start, STEP).rechunk(), codes[start : start + STEP])
        codes -= 1
        return codes

    def distinct(self) -> pl.Series:
        """The ids met so far, String (I,)."""
        return pl.concat(self._texts).slice(1)

    def _look_up(self, column: pl.Series, codes: np.ndarray) -> None:
        """Numbers into ``codes``, int32 (E,)."""
        views, long = _views(column)
        slots = self._placed(views)
        rows = self._probe(slots, views, codes)
        if len(rows):
            near = np.empty(len(rows), np.int32)
            left = self._probe(slots[rows] ^ 1, views[rows], near)
            codes[rows] = near
            rows = rows[left]
        if len(long):  # of these only a hash was compared
            texts = pl.concat(self._texts).gather(codes[long])
            rows = np.union1d(rows, long[(texts != column.gather(long)).to_numpy()])
        if len(rows):
            codes[rows] = self._further(column.gather(rows), views[rows], slots[rows])

    def _placed(self, views: np.ndarray) -> np.ndarray:
        """First places in the table, int64 (E,), in memory that the next call uses again."""
        low, high = views.view(np.uint64)[::2], views.view(np.uint64)[1::2]
        slots, mixed = self._slots[: len(views)], self._mixed[: len(views)]
        np.multiply(low, ODD[0], out=slots)
        np.multiply(high, ODD[1], out=mixed)
        slots ^= mixed
        slots *= ODD[2]
        slots >>= np.uint64(65 - len(self._table).bit_length())
        return slots.view(np.int64)

    def _probe(self, slots: np.ndarray, views: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """What stands in these places into ``codes``; returns the rows of which it is another id, or none."""
        met = self._met[: len(views)]
        np.take(self._table, slots, out=codes, mode="clip")
        np.take(self._views, codes, out=met, mode="clip")
        return np.flatnonzero(~_equal(met, views))

    def _further(self, column: pl.Series, views: np.ndarray, slots: np.ndarray) -> np.ndarray:
        """Numbers of ids that are new or not to be found in the table, int32 (E,)."""
        encoded = column.to_arrow().dictionary_encode()
        rows = np.frombuffer(encoded.indices.buffers()[1], np.int32)  # Arrow's to_numpy would load pandas
        one = np.empty(len(encoded.dictionary), np.int64)
        one[rows] = np.arange(len(rows))  # a row of each
        texts, slots = column.gather(one), slots[one]
        # an id of which a place is free was never met
        maybe = np.flatnonzero((self._table[slots] != 0) & (self._table[slots ^ 1] != 0))
        numbers = np.zeros(len(texts), np.int32)
        numbers[maybe] = [self._others.get(text, 0) for text in texts.gather(maybe).to_list()]
        new = np.flatnonzero(numbers == 0)
        numbers[new] = self._n + np.arange(len(new), dtype=np.int32)
        self._add(texts.gather(new), views[one][new], slots[new])
        return numbers[rows]

    def _add(self, texts: pl.Series, views: np.ndarray, slots: np.ndarray) -> None:
        """New ids with the next numbers."""
        start, self._n = self._n, self._n + len(texts)
        if self._n > len(self._views):
            self._views = np.concatenate([self._views, np.full(self._n, NOBODY)])
        self._views[start : self._n] = views
        self._texts.append(texts)
        if len(self._texts) > CHUNKS:
            self._texts = [pl.concat(self._texts, rechunk=True)]
        if self._n * PLACES <= len(self._table):
            self._seat(start, texts, slots)
            return
        self._table = np.zeros(1 << (self._n * PLACES).bit_length(), np.int32)
        everybody = pl.concat(self._texts)
        for first in range(1, self._n, STEP):
            some = everybody.slice(first, STEP)
            self._seat(first, some, self._placed(self._views[first : first + len(some)]))

    def _seat(self, first: int, texts: pl.Series, slots: np.ndarray) -> None:
        """Ids, numbered from ``first``, into a place that is free; whom nobody would find there, into the ``dict``."""
        numbers = np.arange(first, first + len(texts), dtype=np.int32)
        left = np.arange(len(texts))
        for places in (slots, slots ^ 1):
            free = left[self._table[places[left]] == 0]
            self._table[places[free]] = numbers[free]
            left = left[self._table[places[left]] != numbers[left]]
        found, near = self._table[slots], self._table[slots ^ 1]
        own = self._views[numbers]
        lost = np.flatnonzero(np.where(_equal(self._views[found], own), found, near) != numbers)
        self._others.update(zip(texts.gather(lost).to_list(), numbers[lost].tolist(), strict=True))


def _equal(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether views are the same 16 bytes, bool (E,)."""
    # two comparisons of 8 bytes a row, read as one number: 0x0101 where both hold
    halves = some.view(np.uint64) == others.view(np.uint64)
    return np.asarray(halves.view(np.uint16) == 0x0101)


def _views(column: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """16 bytes for each text, complex128 (E,): itself as Arrow holds it, or a hash of a long one; rows of long ones."""
    array = column.to_arrow(compat_level=pl.CompatLevel.newest())
    views = np.frombuffer(array.buffers()[1], np.complex128)[array.offset : array.offset + len(array)]
    long = np.flatnonzero(column.str.len_bytes().to_numpy() > INLINE)
    if len(long):
        views = views.copy()
        views[long] = _hashed(column.gather(long))
    return views, long


def _hashed(texts: pl.Series) -> np.ndarray:
    """16 bytes that no short text has, for its length would be negative, complex128 (E,)."""
    halves = np.stack([texts.hash(seed).to_numpy() for seed in (1, 2)], axis=1)
    halves[:, 0] |= np.uint64(1 << 31)
    return halves.view(np.complex128).ravel()

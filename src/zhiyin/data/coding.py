"""Rows of a log to histories: ids to numbers, then events in the order (person, time, position, row).

Letters: E events, U people, I distinct ids. No comparison sort of text anywhere: ids are numbered by one dictionary
encoding, and the order comes from sorting packed 64-bit keys.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from zhiyin.core.ids import IdIndex


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
    places = pl.DataFrame({"id": distinct}).join(
        pl.DataFrame({"id": known, "row": np.arange(len(known), dtype=np.int32)}), on="id", how="left", maintain_order="left"
    )["row"]  # fmt: skip
    is_new = places.is_null().to_numpy()
    rows = places.fill_null(0).to_numpy().copy()
    rows[is_new] = len(known) + np.arange(int(is_new.sum()), dtype=np.int32)
    return Coded(rows[codes], IdIndex(pl.concat([known, distinct.filter(pl.Series(is_new)).rename("id")])))


def dictionary(column: pl.Series) -> tuple[np.ndarray, pl.Series]:
    """Codes int32 (E,) in order of first appearance, and the distinct texts (I,)."""
    categorical = (
        column
        if column.dtype == pl.Categorical
        else column.cast(pl.String).cast(pl.Categorical(pl.Categories.random()))
    )
    codes = categorical.to_physical().to_numpy().astype(np.int32, copy=False)
    n = int(codes.max()) + 1 if len(codes) else 0
    first = np.full(n, len(codes), np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)  # the last assignment wins, which is the earliest row
    seen = np.flatnonzero(first < len(codes))
    order = seen[np.argsort(first[seen])]
    texts = categorical.gather(first[order]).cast(pl.String)
    if len(order) == n and (order[1:] > order[:-1]).all():
        return codes, texts  # numbered by first appearance already
    place = np.zeros(n, np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return place[codes], texts


def rows_in(column: pl.Series, ids: IdIndex) -> np.ndarray:
    """Row numbers of a text column in an index, int32 (E,); -1 for what it does not know."""
    index = pl.DataFrame({"id": ids.series, "row": np.arange(len(ids), dtype=np.int32)})
    found = pl.DataFrame({"id": column.cast(pl.String)}).join(index, on="id", how="left", maintain_order="left")
    return found["row"].fill_null(-1).to_numpy()


def event_order(users: np.ndarray, keys: list[np.ndarray]) -> np.ndarray | None:
    """Rows by (user, keys …, row), int64 (E,); None where they stand so already. The first key counts most."""
    order: np.ndarray | None = None
    for key in reversed([users, *keys]):
        order = _then_by(key, order)
    return order


def _then_by(key: np.ndarray, order: np.ndarray | None) -> np.ndarray | None:
    """One stable step of a radix sort: order by ``key``, rows that are equal in it stay as ``order`` has them."""
    n = len(key)
    key = key if order is None else key[order]
    if n < 2 or (key[1:] >= key[:-1]).all():
        return order
    low = int(key.min())
    bits = (n - 1).bit_length()
    if (int(key.max()) - low).bit_length() + bits > 63:
        step = np.argsort(key, kind="stable")
    else:
        packed = (key.astype(np.int64) - low) << bits
        packed |= np.arange(n)
        packed.sort()
        packed &= (1 << bits) - 1
        step = packed
    return step if order is None else order[step]

"""Your own ids in, your own ids out: an append-only list of ids and the row number of each.

Ids are text and are kept byte for byte: never trimmed, case-folded, normalised or read as numbers.
"""

import hashlib
from collections.abc import Iterable, Iterator
from functools import cached_property

import numpy as np
import polars as pl

from zhiyin.core.errors import DataError

UNKNOWN = -1
"""The row of an id that is not in the index."""


class IdIndex:
    """Ids in row order. Rows are 0-based and never change: `append` gives a longer index with the same beginning."""

    def __init__(self, ids: pl.Series | Iterable[str]) -> None:
        """``ids`` must be text, without nulls and without doubles; raises `DataError` otherwise."""
        series = ids if isinstance(ids, pl.Series) else pl.Series(_checked(ids), dtype=pl.String)
        if series.dtype != pl.String:
            raise DataError(f"ids are {series.dtype}; ids are text: cast them to strings first")
        self.series = series.rename("id").rechunk()
        if self.series.null_count():
            raise DataError("an id is missing (null); every row of an index needs an id")
        if self.series.n_unique() != len(self.series):
            double = self.series.filter(self.series.is_duplicated())[0]
            raise DataError(f"id {double!r} stands twice; every id of an index must be different")

    def __len__(self) -> int:
        return len(self.series)

    def __iter__(self) -> Iterator[str]:
        return iter(self.series)

    def __getitem__(self, row: int) -> str:
        return str(self.series[int(row)])

    def __contains__(self, id_: object) -> bool:
        return id_ in self._row_of

    def __repr__(self) -> str:
        return f"IdIndex({len(self)} ids)"

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {id_: row for row, id_ in enumerate(self.series)}

    def row(self, id_: str) -> int:
        """Row number of one id, `UNKNOWN` (-1) where it is not in the index."""
        return self._row_of.get(id_, UNKNOWN)

    def rows(self, ids: Iterable[str]) -> np.ndarray:
        """Row number of each id, int32 (n,); `UNKNOWN` (-1) for ids not in the index."""
        row_of = self._row_of
        return np.fromiter((row_of.get(id_, UNKNOWN) for id_ in ids), dtype=np.int32)

    def take(self, rows: np.ndarray) -> list[str]:
        """The ids at these rows."""
        return self.series.gather(np.asarray(rows, dtype=np.uint32)).to_list()

    def append(self, ids: Iterable[str]) -> "IdIndex":
        """A longer index: the same rows, then ``ids`` (which must be new)."""
        return IdIndex(pl.concat([self.series, pl.Series("id", _checked(ids), dtype=pl.String)]))

    @cached_property
    def digest(self) -> str:
        """sha256 of the ids in row order, each with its length, so that no two lists share one."""
        digest = hashlib.sha256(self.series.str.len_bytes().cast(pl.Int64).to_numpy().tobytes())
        digest.update("".join(self.series).encode())
        return digest.hexdigest()

    def hint(self, id_: object) -> str:
        """Why an unknown id may be unknown: ``"17850 is unknown; '17850' as text is known"``."""
        tries = [str(id_)]
        if isinstance(id_, float) and id_.is_integer():
            tries.append(str(int(id_)))
        text = str(id_)
        tries += [text.strip(), text.removesuffix(".0"), text + ".0", text.upper(), text.lower()]
        for near in tries:
            if near != id_ and near in self:
                kind = " as text" if not isinstance(id_, str) else ""
                return f"{id_!r} is unknown; {near!r}{kind} is known"
        return f"{id_!r} is unknown"


def _checked(ids: Iterable[str]) -> list[str]:
    if isinstance(ids, str):
        raise DataError(f"ids are a list of texts, found the text {ids!r}; give [{ids!r}]", found=ids)
    checked = list(ids)
    for id_ in checked:
        if not isinstance(id_, str):
            raise DataError(f"id {id_!r} is a {type(id_).__name__}; ids are text: give {str(id_)!r}")
    return checked

"""An item is its id and its content: append-only ids, columns, content vectors. Letters: N items, D numbers."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from zhiyin.core.errors import DataError
from zhiyin.core.ids import IdIndex
from zhiyin.data.contracts.ragged import Table


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The items: append-only ids, what is known of each (columns), and content vectors."""

    ids: IdIndex
    columns: Table = field(default_factory=dict)
    content: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Blocks of content vectors by name, float32 (N, D); a NaN row is an item without this content."""

    def __post_init__(self) -> None:
        for name, column in (*self.columns.items(), *self.content.items()):
            if len(column) != len(self.ids):
                raise DataError(
                    f"catalogue column {name!r} has {len(column)} rows for {len(self.ids)} items; give one row an item"
                )

    @classmethod
    def of(cls, ids: Iterable[str], **columns: Sequence[Any]) -> "Catalogue":
        """A catalogue from plain lists: ``Catalogue.of(["a", "b"], title=["Jug", None], price=[4.0, 5.5])``."""
        return cls(IdIndex(ids), {name: column_array(values) for name, values in columns.items()})

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, new: "Catalogue") -> "Catalogue":
        """This catalogue, then ``new``'s items; a column or block that one side lacks is missing there."""
        return Catalogue(
            self.ids.append(new.ids), _stacked(self.columns, new.columns, len(self), len(new)),
            _stacked(self.content, new.content, len(self), len(new)),
        )  # fmt: skip

    def described_by(self, other: "Catalogue") -> "Catalogue":
        """The same items with the columns of ``other``; what it does not know of an item is missing."""
        rows = other.ids.rows(self.ids)
        columns = other.columns
        if (rows < 0).any():  # -1 reads the row of nothing that is put last
            columns = {name: _joined(column, None, len(other), 1) for name, column in columns.items()}
        return Catalogue(self.ids, {name: column[rows] for name, column in columns.items()})

    @cached_property
    def digest(self) -> str:
        """Digest of ids, columns and content: what a model checks to know that it is its own catalogue."""
        digest = hashlib.sha256(self.ids.digest.encode())
        parts = (*self.columns.items(), *self.content.items())
        for name, column in sorted(
            parts, key=lambda part: (part[0], part[1].ndim)
        ):  # a block may be called as a column
            digest.update(f"{name}:{column.dtype.str}".encode())
            digest.update("\0".join(map(str, column)).encode() if column.dtype == object else column.tobytes())
        return digest.hexdigest()


def column_array(values: Sequence[Any] | np.ndarray) -> np.ndarray:
    """A column of a `Table`: numbers as float or int, everything else as an object array with None where missing."""
    cells = np.array([*values, None], dtype=object)[:-1]  # the None keeps lists of one length from becoming an axis
    if any(isinstance(cell, (str, list, tuple)) for cell in cells):
        return cells
    array = np.asarray(values)
    return array if array.dtype.kind in "biuf" else cells


def _stacked(first: Table, second: Table, n: int, m: int) -> dict[str, np.ndarray]:
    return {name: _joined(first.get(name), second.get(name), n, m) for name in {**first, **second}}


def _joined(first: np.ndarray | None, second: np.ndarray | None, n: int, m: int) -> np.ndarray:
    like = next(side for side in (first, second) if side is not None)
    sides = [
        np.full((rows, *like.shape[1:]), None if like.dtype == object else np.nan) if side is None else side
        for side, rows in ((first, n), (second, m))
    ]
    return np.concatenate(sides).astype(like.dtype if like.dtype.kind in "fO" else None)

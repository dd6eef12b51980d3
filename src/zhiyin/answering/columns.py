"""The columns of the item table, ready to be asked by every answer: what a rule or a filter reads is read once.

Letters: N items of the catalogue.
"""

from collections.abc import Iterable

import numpy as np

from zhiyin.core.errors import SettingsError
from zhiyin.data.contracts import Catalogue

ITEM = "item"
"""Stands for the items' own ids where a column is named."""


class Columns:
    """One catalogue's columns. ``by`` is who names a column, for the error: ``[answer.rules] hide``, ``the filter``."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._cells: dict[str, list[list[str]]] = {}
        self._rows: dict[str, dict[str, np.ndarray]] = {}
        self._numbers: dict[str, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.catalogue)

    def cells(self, column: str, by: str) -> list[list[str]]:
        """The words of each item: none where nothing is said, several for a list."""
        if column not in self._cells:
            ids = column == ITEM
            self._cells[column] = (
                [[id_] for id_ in self.catalogue.ids] if ids else [_words(cell) for cell in self._column(column, by)]
            )
        return self._cells[column]

    def having(self, column: str, values: Iterable[object], by: str) -> np.ndarray:
        """Which items have one of these values, bool (N,)."""
        rows = self._by_word(column, by)
        mask = np.zeros(len(self), bool)
        for value in values:
            mask[rows.get(word(value), [])] = True
        return mask

    def has(self, column: str, value: object, by: str) -> bool:
        """Whether any item has this value."""
        return word(value) in self._by_word(column, by)

    def numbers(self, column: str, by: str) -> np.ndarray:
        """float64 (N,): the column's numbers, written as text too; NaN where nothing is said."""
        if column not in self._numbers:
            self._numbers[column] = _as_numbers(self._column(column, by), column, by)
        return self._numbers[column]

    def _by_word(self, column: str, by: str) -> dict[str, np.ndarray]:
        """The rows of the items that have each word."""
        if column not in self._rows:
            rows: dict[str, list[int]] = {}
            for row, cell in enumerate(self.cells(column, by)):
                for one in cell:
                    rows.setdefault(one, []).append(row)
            self._rows[column] = {one: np.array(where) for one, where in rows.items()}
        return self._rows[column]

    def _column(self, column: str, by: str) -> np.ndarray:
        columns = self.catalogue.columns
        if column in columns:
            return columns[column]
        raise SettingsError.unknown(
            f"{by} names the column {column!r}, which the items do not have", column, [ITEM, *columns],
            "their columns are",
        )  # fmt: skip


def word(value: object) -> str:
    """A value as a person writes it: 18 and 18.0 are one, and so are True and "true"."""
    if isinstance(value, (bool, np.bool_)) or (isinstance(value, str) and value.casefold() in ("true", "false")):
        return str(value).casefold()
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _words(cell: object) -> list[str]:
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return []
    return [word(value) for value in cell] if isinstance(cell, (list, tuple, np.ndarray)) else [word(cell)]


def _as_numbers(cells: np.ndarray, column: str, by: str) -> np.ndarray:
    if cells.dtype.kind in "biuf":
        return cells.astype(np.float64)
    numbers = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        try:
            numbers[row] = np.nan if cell is None or cell == "" else float(cell)
        except (TypeError, ValueError):
            raise SettingsError(
                f"{by}: column {column!r} of the items holds {cell!r}; give a column of numbers",
                found=repr(cell), allowed="numbers",
            ) from None  # fmt: skip
    return numbers

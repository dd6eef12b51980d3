"""House rules: what is never shown, what is shown only while it lasts, and how much of one kind fits in a slate.

Letters: B requests, N items of the catalogue, C candidates.
"""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field, PositiveInt

from zhiyin.answering.candidates import moved_up
from zhiyin.core.errors import SettingsError
from zhiyin.core.settings import Config
from zhiyin.data.contracts import FILL, Candidates, Catalogue

Values = Annotated[tuple[str | int | float | bool, ...], Field(min_length=1)]
"""As the item table has them: text, a number, true or false."""
ITEM = "item"
"""Stands for the items' own ids where a rule names a column."""


class Rules(Config):
    """``[answer.rules]``: columns are those of the item table; "item" is the id."""

    stock: str | None = None
    """Column that says how many are left: items with 0 or less are not shown; where nothing is said, they are."""
    hide: dict[str, Values] = Field(default_factory=dict)
    """Values never shown: ``hide = {category = ["gift card"], item = ["22423"]}``."""
    only: dict[str, Values] = Field(default_factory=dict)
    """Only items with one of these values are shown: ``only = {language = ["en"]}``."""
    most: dict[str, PositiveInt] = Field(default_factory=dict)
    """At most so many items of one value in a slate: ``most = {category = 3}``."""

    def check(self, catalogue: Catalogue) -> list[str]:
        """A note for each value that no item has. Raises `SettingsError` for a column that these items do not have."""
        self.allowed(catalogue)
        for column in self.most:
            _cells(catalogue, column, "most")
        notes = []
        for rule, columns in (("hide", self.hide), ("only", self.only)):
            for column, values in columns.items():
                there = {word for cell in _cells(catalogue, column, rule) for word in cell}
                notes += [f"[answer.rules] {rule}: no item has {value!r} as {column}"
                          for value in values if _word(value) not in there]  # fmt: skip
        return notes

    def allowed(self, catalogue: Catalogue) -> np.ndarray | None:
        """Which items may be shown, bool (N,); None where no rule speaks. Raises `SettingsError` for no such column."""
        if not (self.stock or self.hide or self.only):
            return None
        mask = np.ones(len(catalogue), bool)
        if self.stock:
            mask &= ~(_numbers(catalogue, self.stock) <= 0)
        for column, values in self.hide.items():
            mask &= ~_has(catalogue, column, values, "hide")
        for column, values in self.only.items():
            mask &= _has(catalogue, column, values, "only")
        return mask

    def capped(self, candidates: Candidates, catalogue: Catalogue) -> Candidates:
        """The same, best first, without those that exceed ``most``; what follows moves up."""
        if not self.most:
            return candidates
        cells = [(_cells(catalogue, column, "most"), limit) for column, limit in self.most.items()]
        keep = [_within(rows, cells) for rows in candidates.rows]
        return moved_up(candidates, np.array(keep, bool).reshape(candidates.rows.shape))


def _within(rows: np.ndarray, cells: Sequence[tuple[list[list[str]], int]]) -> np.ndarray:
    """Which of one request's rows stay, bool (C,): each is counted only if it stays."""
    counts: list[dict[str, int]] = [{} for _ in cells]
    keep = np.zeros(len(rows), bool)
    for c, row in enumerate(rows.tolist()):
        if row == FILL:
            continue
        named = [values[row] for values, _ in cells]
        keep[c] = all(
            count.get(value, 0) < limit
            for count, values, (_, limit) in zip(counts, named, cells, strict=True) for value in values
        )  # fmt: skip
        if keep[c]:
            for count, values in zip(counts, named, strict=True):
                for value in values:
                    count[value] = count.get(value, 0) + 1
    return keep


def _has(catalogue: Catalogue, column: str, values: Sequence[object], rule: str) -> np.ndarray:
    wanted = {_word(value) for value in values}
    return np.array([not wanted.isdisjoint(cell) for cell in _cells(catalogue, column, rule)], bool)


def _cells(catalogue: Catalogue, column: str, rule: str) -> list[list[str]]:
    """The values of each item: none where nothing is said, several for a list."""
    if column == ITEM:
        return [[id_] for id_ in catalogue.ids]
    return [_values(cell) for cell in _column(catalogue, column, rule)]


def _values(cell: object) -> list[str]:
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return []
    return [_word(value) for value in cell] if isinstance(cell, (list, tuple, np.ndarray)) else [_word(cell)]


def _word(value: object) -> str:
    """A value as a person writes it: 18 and 18.0 are one, and so are True and "true"."""
    if isinstance(value, (bool, np.bool_)) or (isinstance(value, str) and value.casefold() in ("true", "false")):
        return str(value).casefold()
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _numbers(catalogue: Catalogue, column: str) -> np.ndarray:
    """float64 (N,): the column's numbers, written as text too; NaN where nothing is said."""
    cells = _column(catalogue, column, "stock")
    if cells.dtype.kind in "biuf":
        return cells.astype(np.float64)
    numbers = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        try:
            numbers[row] = np.nan if cell is None or cell == "" else float(cell)
        except (TypeError, ValueError):
            raise SettingsError(
                f"[answer.rules] stock: column {column!r} of the items holds {cell!r}; give a column of numbers",
                found=repr(cell), allowed="numbers",
            ) from None  # fmt: skip
    return numbers


def _column(catalogue: Catalogue, column: str, rule: str) -> np.ndarray:
    if column in catalogue.columns:
        return catalogue.columns[column]
    known = [ITEM, *catalogue.columns]
    raise SettingsError.unknown(
        f"[answer.rules] {rule} names the column {column!r}, which the items do not have", column, known,
        "their columns are",
    )  # fmt: skip

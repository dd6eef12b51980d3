"""House rules: what is never shown, what is shown only while it lasts, and how much of one kind fits in a slate.

Letters: B requests, N items of the catalogue, C candidates.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from pydantic import Field, PositiveInt

from zhiyin.answering.candidates import moved_up
from zhiyin.answering.columns import Columns
from zhiyin.core.settings import Config
from zhiyin.data.contracts import FILL, Candidates

Values = Annotated[tuple[str | int | float | bool, ...], Field(min_length=1)]
"""As the item table has them: text, a number, true or false."""
BY = "[answer.rules]"


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

    def with_most(self, most: Mapping[str, int]) -> "Rules":
        """The same with what somebody else wants at most: the smaller of two numbers holds."""
        both = {**self.most, **{column: min(n, self.most.get(column, n)) for column, n in most.items()}}
        return self.model_copy(update={"most": both})

    def check(self, columns: Columns) -> list[str]:
        """A note for each value that no item has. Raises `SettingsError` for a column that these items do not have."""
        self.allowed(columns)
        for column in self.most:
            columns.cells(column, f"{BY} most")
        notes = []
        for rule, named in (("hide", self.hide), ("only", self.only)):
            for column, values in named.items():
                notes += [f"{BY} {rule}: no item has {value!r} as {column}"
                          for value in values if not columns.has(column, value, f"{BY} {rule}")]  # fmt: skip
        return notes

    def allowed(self, columns: Columns) -> np.ndarray | None:
        """Which items may be shown, bool (N,); None where no rule speaks. Raises `SettingsError` for no such column."""
        if not (self.stock or self.hide or self.only):
            return None
        mask = np.ones(len(columns), bool)
        if self.stock:
            mask &= ~(columns.numbers(self.stock, f"{BY} stock") <= 0)
        for column, values in self.hide.items():
            mask &= ~columns.having(column, values, f"{BY} hide")
        for column, values in self.only.items():
            mask &= columns.having(column, values, f"{BY} only")
        return mask

    def capped(self, candidates: Candidates, columns: Columns) -> Candidates:
        """The same, best first, without those that exceed ``most``; what follows moves up."""
        if not self.most:
            return candidates
        cells = [(columns.cells(column, f"{BY} most"), limit) for column, limit in self.most.items()]
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

"""Where the header of a sheet is: below a title, or in two rows, as ``Customer`` merged over ``No`` and ``Name`` is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from zhiyin.data.clues import folded
from zhiyin.data.columns import USUAL

TOP = 20
"""First rows among which the header is."""
FULL = 0.8
"""Of the cells of the fullest row, as many as the header has where no name tells."""
NUMBER = re.compile(r"[-+]?\d")
"""How numbers, dates and most codes begin, and names of columns do not."""


class Area(NamedTuple):
    """Merged cells; numbers from 0, the last ones belong to it."""

    row: int
    column: int
    last_row: int
    last_column: int


@dataclass(frozen=True, slots=True)
class Heading:
    """The header of a sheet."""

    rows: tuple[int, ...]
    """One row or two."""
    names: tuple[str, ...]
    """Of each column, ``column_3`` where it has none."""

    @property
    def note(self) -> str:
        """What there is to say of it; empty where it is the first row alone."""
        if len(self.rows) > 1:
            both = " and ".join(str(row + 1) for row in self.rows)
            return f"rows {both} are the header together: {', '.join(self.names)}"
        return f"the header is row {self.rows[0] + 1}; what stands above it is left out" if self.rows[0] else ""


def heading(cells: pl.DataFrame, areas: Sequence[Area]) -> Heading:
    """The first row with two usual names, else the first that is nearly as full as any; two rows where one is above
    or below it, of names under names that are merged over several columns."""
    row = _row(cells)
    top = next((top for top in (row - 1, row) if _is_double(cells, areas, top, row)), None)
    written = cells.row(row) if top is None else _joined(cells, areas, top)
    names = tuple((name or "").strip() or f"column_{number}" for number, name in enumerate(written, start=1))
    return Heading((row,) if top is None else (top, top + 1), names)


def _row(cells: pl.DataFrame) -> int:
    rows = [[cell for cell in row if cell] for row in cells.head(TOP).iter_rows()]
    named = (i for i, row in enumerate(rows) if _n_usual(row) > 1)
    fullest = max(map(len, rows), default=0)
    return next(named, next((i for i, row in enumerate(rows) if row and len(row) >= FULL * fullest), 0))


def _n_usual(row: Sequence[str | None]) -> int:
    return sum(folded(cell) in USUAL for cell in row if cell)


def _groups(areas: Sequence[Area], top: int, width: int) -> list[Area]:
    """Cells of this row that stand over several columns, though not over all, as a title does."""
    return [a for a in areas if a.row == top and 0 < a.last_column - a.column < width - 1]


def _is_double(cells: pl.DataFrame, areas: Sequence[Area], top: int, row: int) -> bool:
    """Whether this row and the next are a header together; ``row`` is the one that looks like a header."""
    if top < 0 or top + 1 >= len(cells):
        return False
    upper, lower = cells.row(top), cells.row(top + 1)
    if any(cell and NUMBER.match(cell) for cell in lower):
        return False
    groups = _groups(areas, top, len(upper))
    named = all(sum(bool(cell) for cell in lower[a.column : a.last_column + 1]) > 1 for a in groups)
    if top < row:  # else a title that is merged over some columns
        covered = sum(bool(cell) for cell in upper) + sum(a.last_column - a.column for a in groups)
        return named and (len(groups) > 1 or (len(groups) == 1 and covered >= len(upper)))
    unmerged = not areas and None in upper and _n_usual(lower) > 1  # other formats do not tell what is merged
    return (bool(groups) and named) or unmerged


def _joined(cells: pl.DataFrame, areas: Sequence[Area], top: int) -> list[str]:
    """``Customer No`` of ``Customer`` over ``No``."""
    upper, lower = [(cell or "").strip() for cell in cells.row(top)], [(c or "").strip() for c in cells.row(top + 1)]
    groups = _groups(areas, top, len(upper))
    over: dict[int, int] = {column: a.column for a in groups for column in range(a.column, a.last_column + 1)}
    if not groups:
        filled = [column for column, cell in enumerate(upper) if cell]
        over = {column: max((f for f in filled if f <= column), default=column) for column in range(len(upper))}
    names = []
    for column, low in enumerate(lower):
        high = upper[over.get(column, column)]
        both = " ".join(dict.fromkeys(part for part in (high, low) if part))
        alone = column not in over and folded(both) not in USUAL and folded(low) in USUAL and lower.count(low) == 1
        names.append(low if alone else both)
    return names

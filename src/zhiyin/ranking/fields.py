"""Columns as a network reads them: numbers on one scale, categories as rows of one table of vectors.

A category is a column of codes (whole numbers, say); what each stands for does not matter, only that equal codes are
equal. Letters: n rows, K columns kept, Q numbers and indicators, G categories, V known values of all of them, R = V + G
rows of the table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zhiyin.core.errors import ModelError
from zhiyin.ranking.standardised import Standardised


@dataclass(frozen=True, eq=False)
class Fields:
    """(n, K) → numbers (n, Q) and rows of the table (n, G)"""

    standardised: Standardised
    """Of the columns that are numbers."""
    numbers: np.ndarray
    """Their positions, int64 (K - G,)."""
    categories: np.ndarray
    """Positions of the categories, int64 (G,)."""
    known: np.ndarray
    """Values that have a row of their own, float32 (V,): those of one category after another, ascending, NaN last."""
    starts: np.ndarray
    """int64 (G + 1,): the values of category g are ``known[starts[g]:starts[g + 1]]``."""

    @classmethod
    def of(cls, values: np.ndarray, names: Sequence[str], categories: Sequence[str], least_rows: int) -> "Fields":
        """Learned from rows (n, K); a value has a row of its own where at least ``least_rows`` rows have it."""
        chosen = np.array([name in categories for name in names], bool)
        numbers, coded = np.flatnonzero(~chosen), np.flatnonzero(chosen)
        known = []
        for column in values[:, coded].T:
            found, counts = np.unique(column, return_counts=True)  # NaN, "not known", is one value
            known.append(found[counts >= least_rows])
        starts = np.concatenate([[0], np.cumsum([len(part) for part in known])]).astype(np.int64)
        joined = np.concatenate([np.zeros(0, np.float32), *known]).astype(np.float32)
        return cls(Standardised.of(values[:, numbers]), numbers, coded, joined, starts)

    @property
    def n_rows(self) -> int:
        """Rows of the table, R: of each category the known values, and before them one for all others."""
        return len(self.known) + len(self.categories)

    @property
    def n_numbers(self) -> int:
        """Numbers and indicators of missing ones, Q."""
        return len(self.numbers) + len(self.standardised.missing)

    @property
    def others(self) -> np.ndarray:
        """Of each category the row of the table for all values that have none of their own, int64 (G,)."""
        return self.starts[:-1] + np.arange(len(self.categories))

    def __call__(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """float32 (n, Q) and int64 (n, G)."""
        rows = np.empty((len(values), len(self.categories)), np.int64)
        for g, (position, others) in enumerate(zip(self.categories.tolist(), self.others, strict=True)):
            first, last = self.starts[g : g + 2]
            own, column = self.known[first:last], values[:, position]
            at = np.minimum(np.searchsorted(own, column), max(0, last - first - 1))
            met = (own[at] == column) | (np.isnan(own[at]) & np.isnan(column)) if len(own) else np.zeros(len(at), bool)
            rows[:, g] = others + np.where(met, at + 1, 0)
        return self.standardised(values[:, self.numbers]).astype(np.float32), rows

    def of_columns(self, numbers: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """(n, Q) and (n, G), a share for each → (n, K), an indicator's added to its column's."""
        found = np.empty((len(numbers), len(self.numbers) + len(self.categories)))
        found[:, self.numbers], found[:, self.categories] = self.standardised.of_columns(numbers), vectors
        return found

    def arrays(self) -> dict[str, np.ndarray]:
        own = {name: getattr(self, name) for name in ("numbers", "categories", "known", "starts")}
        return {f"fields.{name}": array for name, array in {**own, **self.standardised.arrays()}.items()}

    @classmethod
    def restored(cls, arrays: Mapping[str, np.ndarray]) -> "Fields":
        own = {name.removeprefix("fields."): array for name, array in arrays.items() if name.startswith("fields.")}
        return cls(Standardised.restored(own), *(own[name] for name in ("numbers", "categories", "known", "starts")))


def refuse_strangers(ranker: str, categories: Sequence[str], names: Sequence[str]) -> None:
    """Raises `ModelError` where a category is no column."""
    strangers = [name for name in categories if name not in names]
    if strangers:
        raise ModelError(
            f"{ranker}: categories names {', '.join(map(repr, strangers))}, which is no column; "
            f"the columns are: {', '.join(names)}"
        )

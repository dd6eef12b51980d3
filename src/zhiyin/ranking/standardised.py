"""Columns on one scale for rankers that add or multiply them. Letters: n rows, K columns kept, M with missing values.

A value that is not known counts as the column's mean, and a column with such values gets a second one that says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

WIDEST = 5.0
"""Spreads from the mean beyond which a value counts no more: one wild price must not decide."""


@dataclass(frozen=True, eq=False)
class Standardised:
    """(n, K) → (n, K + M)"""

    mean: np.ndarray
    """float64 (K,)"""
    spread: np.ndarray
    """float64 (K,)"""
    missing: np.ndarray
    """Positions of the columns that get an indicator of missing values, int64 (M,)."""

    @classmethod
    def of(cls, values: np.ndarray) -> "Standardised":
        """Learned from rows (n, K), NaN where a value is not known."""
        values = values.astype(np.float64)
        unknown = np.isnan(values)
        known = np.maximum((~unknown).sum(axis=0), 1)
        mean = np.where(unknown, 0, values).sum(axis=0) / known
        spread = np.sqrt(np.where(unknown, 0, (values - mean) ** 2).sum(axis=0) / known)
        steady = spread <= 1e-9 * np.maximum(1, np.abs(mean))
        return cls(mean, np.where(steady, 1, spread), np.flatnonzero(unknown.any(axis=0)))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        unknown = np.isnan(values)
        scaled = np.clip((np.where(unknown, self.mean, values) - self.mean) / self.spread, -WIDEST, WIDEST)
        return np.hstack([scaled, unknown[:, self.missing]])

    def of_columns(self, parts: np.ndarray) -> np.ndarray:
        """(n, K + M) → (n, K): what belongs to an indicator is added to its column's."""
        n_columns = len(self.mean)
        found = parts[:, :n_columns].copy()
        found[:, self.missing] += parts[:, n_columns:]
        return found

    def arrays(self) -> dict[str, np.ndarray]:
        return {"mean": self.mean, "spread": self.spread, "missing": self.missing}

    @classmethod
    def restored(cls, arrays: Mapping[str, np.ndarray]) -> "Standardised":
        return cls(arrays["mean"], arrays["spread"], arrays["missing"])

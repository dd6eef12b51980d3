"""Logistic regression on standardised columns: a probability that can be read as a sum.

log odds = Σ_f w_f (x_f - mean_f) / spread_f + b. A value that is not known counts as the mean, and a column with such
values gets a second one that says so. Letters: n rows, K columns kept, M of them with missing values.
"""

from typing import Any

import numpy as np
from pydantic import Field

from zhiyin.ranking.ranker import Ranker, RankerConfig
from zhiyin.ranking.rows import Rows
from zhiyin.registry import Artefact

WIDEST = 5.0
"""Spreads from the mean beyond which a value counts no more: one wild price must not decide."""


class LogisticConfig(RankerConfig):
    """Settings of the logistic regression."""

    strength: float = Field(default=1.0, gt=0)
    """Inverse of the L2 penalty (scikit-learn's C): smaller pulls the weights nearer to 0."""
    rounds: int = Field(default=500, gt=0)
    """At most so many steps of the solver."""


class Logistic(Ranker[LogisticConfig]):
    """Logistic regression: each column, standardised, adds its weight to the log odds."""

    name = "Logistic"
    Config = LogisticConfig
    mean: np.ndarray
    spread: np.ndarray
    missing: np.ndarray
    """Positions among the kept columns that get an indicator of missing values, (M,)."""
    coefficients: np.ndarray
    """float64 (K + M,)"""
    intercept: float

    def learn(self, rows: Rows) -> None:
        from sklearn.linear_model import LogisticRegression

        values = rows.values.astype(np.float64)
        unknown = np.isnan(values)
        known = np.maximum((~unknown).sum(axis=0), 1)
        self.mean = np.where(unknown, 0, values).sum(axis=0) / known
        spread = np.sqrt(np.where(unknown, 0, (values - self.mean) ** 2).sum(axis=0) / known)
        self.spread = np.where(spread > 1e-9 * np.maximum(1, np.abs(self.mean)), spread, 1)
        self.missing = np.flatnonzero(unknown.any(axis=0))
        model = LogisticRegression(C=self.config.strength, max_iter=self.config.rounds, tol=1e-6)
        model.fit(self._standardised(values), rows.labels)
        self.coefficients, self.intercept = model.coef_[0], float(model.intercept_[0])

    def raw(self, values: np.ndarray) -> np.ndarray:
        return np.asarray(self._standardised(values) @ self.coefficients + self.intercept)

    def weights(self) -> np.ndarray:
        """Absolute weight per spread, an indicator's added to its column's."""
        sizes = np.abs(self.coefficients)
        found = sizes[: len(self.mean)].copy()
        found[self.missing] += sizes[len(self.mean) :]
        return np.asarray(found)

    def signed(self) -> dict[str, float]:
        """What one spread more of each column adds to the log odds."""
        return {self.names[f]: float(w) for f, w in zip(self.kept, self.coefficients, strict=False)}

    def arrays(self) -> dict[str, np.ndarray]:
        return {
            "mean": self.mean, "spread": self.spread, "missing": self.missing, "coefficients": self.coefficients,
            "intercept": np.array([self.intercept]),
        }  # fmt: skip

    def restore(self, artefact: Artefact) -> None:
        arrays: Any = artefact.arrays
        self.mean, self.spread, self.missing = arrays["mean"], arrays["spread"], arrays["missing"]
        self.coefficients, self.intercept = arrays["coefficients"], float(arrays["intercept"][0])

    def _standardised(self, values: np.ndarray) -> np.ndarray:
        """(n, K) → (n, K + M)"""
        unknown = np.isnan(values)
        scaled = np.clip((np.where(unknown, self.mean, values) - self.mean) / self.spread, -WIDEST, WIDEST)
        return np.hstack([scaled, unknown[:, self.missing]])

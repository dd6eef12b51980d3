"""Logistic regression on standardised columns: a probability that can be read as a sum.

log odds = Σ_f w_f (x_f - mean_f) / spread_f + b. Letters: n rows, K columns kept, M of them with missing values.
"""

import numpy as np
from pydantic import Field

from zhiyin.ranking.ranker import Ranker, RankerConfig
from zhiyin.ranking.rows import Rows
from zhiyin.ranking.standardised import Standardised
from zhiyin.registry import Artefact


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
    standardised: Standardised
    coefficients: np.ndarray
    """float64 (K + M,)"""
    intercept: float

    def learn(self, rows: Rows) -> None:
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        self.standardised = Standardised.of(rows.values)
        model = LogisticRegression(C=self.config.strength, max_iter=self.config.rounds, tol=1e-6)
        with threadpool_limits(1):  # the same weights, whatever the number of threads
            model.fit(self.standardised(rows.values), rows.labels, sample_weight=rows.weights)
        self.coefficients, self.intercept = model.coef_[0], float(model.intercept_[0])

    def raw(self, values: np.ndarray) -> np.ndarray:
        return np.asarray(self.standardised(values) @ self.coefficients + self.intercept)

    def shares(self, values: np.ndarray) -> tuple[np.ndarray, float]:
        """Weight times distance from the column's mean, in spreads; that a value is missing adds to its column."""
        return self.standardised.of_columns(self.standardised(values) * self.coefficients), self.intercept

    def weights(self) -> np.ndarray:
        """Absolute weight per spread, an indicator's added to its column's."""
        sizes, n_columns = np.abs(self.coefficients), len(self.standardised.mean)
        found = sizes[:n_columns].copy()
        found[self.standardised.missing] += sizes[n_columns:]
        return np.asarray(found)

    def signed(self) -> dict[str, float]:
        """What one spread more of each column adds to the log odds."""
        return {self.names[f]: float(w) for f, w in zip(self.kept, self.coefficients, strict=False)}

    def arrays(self) -> dict[str, np.ndarray]:
        learned = {"coefficients": self.coefficients, "intercept": np.array([self.intercept])}
        return {**self.standardised.arrays(), **learned}

    def restore(self, artefact: Artefact) -> None:
        self.standardised = Standardised.restored(artefact.arrays)
        self.coefficients, self.intercept = artefact.arrays["coefficients"], float(artefact.arrays["intercept"][0])

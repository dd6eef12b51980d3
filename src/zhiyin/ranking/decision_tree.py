"""One decision tree (CART, Breiman et al. 1984): a handful of questions that a person can follow.

Grown by scikit-learn; saved as arrays, answered here. Letters: n rows, K columns kept, V nodes.
"""

from typing import Any

import numpy as np
from pydantic import Field

from zhiyin.core.errors import ModelError
from zhiyin.ranking.ranker import Ranker, RankerConfig
from zhiyin.ranking.rows import Rows
from zhiyin.ranking.tree_shapley import LEAF, tree_shapley
from zhiyin.registry import Artefact

FIELDS = ("column", "threshold", "left", "right", "missing_left", "odds", "gain", "rows")


class DecisionTreeConfig(RankerConfig):
    """Settings of the decision tree."""

    leaves: int = Field(default=64, gt=1)
    """Leaves at most: 64 different probabilities."""
    least_share: float = Field(default=0.002, gt=0, le=0.5)
    """Share of the rows that a leaf must hold (and 5 of them)."""


class DecisionTree(Ranker[DecisionTreeConfig]):
    """One decision tree: questions about single columns, one after the other, that end at a probability."""

    name = "DecisionTree"
    Config = DecisionTreeConfig
    column: np.ndarray
    """Position among the kept columns that a node asks about, int64 (V,)."""
    threshold: np.ndarray
    """float64 (V,): up to it to the left."""
    left: np.ndarray
    right: np.ndarray
    """int64 (V,): nodes; `LEAF` at a leaf."""
    missing_left: np.ndarray
    """bool (V,): where an unknown value goes."""
    odds: np.ndarray
    """Log odds at each node, float64 (V,), one row of either kind added so that none is certain."""
    gain: np.ndarray
    """float64 (V,): how much purer the node's question made its rows; 0 at a leaf."""

    rows: np.ndarray
    """float64 (V,): how many rows it was grown from; empty for a tree that was saved before they were kept."""

    def learn(self, rows: Rows) -> None:
        from sklearn.tree import DecisionTreeClassifier

        settings = self.config
        least = max(5, round(settings.least_share * len(rows)))
        grown = DecisionTreeClassifier(
            max_leaf_nodes=settings.leaves, min_samples_leaf=min(least, max(1, len(rows) // 2)),
            random_state=settings.seed,
        ).fit(rows.values, rows.labels, sample_weight=rows.weights).tree_  # fmt: skip
        self.left, self.right = grown.children_left.astype(np.int64), grown.children_right.astype(np.int64)
        self.column = np.maximum(grown.feature, 0).astype(np.int64)
        self.threshold, self.missing_left = grown.threshold.copy(), grown.missing_go_to_left.astype(bool)
        self.rows = grown.weighted_n_node_samples.copy()
        shares, weights = grown.value[:, 0, :], grown.weighted_n_node_samples  # (V, 2), (V,)
        self.odds = np.log(shares[:, 1] * weights + 1) - np.log(shares[:, 0] * weights + 1)
        impure = grown.impurity * weights
        self.gain = np.where(self.left == LEAF, 0, impure - impure[self.left] - impure[self.right])

    def raw(self, values: np.ndarray) -> np.ndarray:
        return np.asarray(self.odds[self.leaf_of(values)])

    def leaf_of(self, values: np.ndarray) -> np.ndarray:
        """The leaf that each row (n, K) ends at, int64 (n,)."""
        nodes = np.zeros(len(values), np.int64)
        moving = np.flatnonzero(self.left[nodes] != LEAF)
        while len(moving):
            at = nodes[moving]
            asked = values[moving, self.column[at]]
            goes_left = np.where(np.isnan(asked), self.missing_left[at], asked <= self.threshold[at])
            nodes[moving] = np.where(goes_left, self.left[at], self.right[at])
            moving = moving[self.left[nodes[moving]] != LEAF]
        return nodes

    def shares(self, values: np.ndarray) -> tuple[np.ndarray, float]:
        """Shapley values of the columns, exact, see `tree_shapley`. Raises `ModelError` for a tree without ``rows``."""
        if not len(self.rows):
            raise ModelError(f"this {self.name} was saved without its numbers of rows; train it again to explain it")
        asked = values[:, self.column]  # (n, V)
        goes_left = np.where(np.isnan(asked), self.missing_left, asked <= self.threshold)
        return tree_shapley(goes_left, self.left, self.right, self.column, self.rows, self.odds, values.shape[1])

    def weights(self) -> np.ndarray:
        """What the questions about each column gained."""
        return np.bincount(self.column, self.gain, minlength=len(self.kept))

    def arrays(self) -> dict[str, np.ndarray]:
        return {name: getattr(self, name) for name in FIELDS}

    def restore(self, artefact: Artefact) -> None:
        arrays: Any = artefact.arrays
        for name in FIELDS:
            setattr(self, name, arrays.get(name, np.zeros(0)))

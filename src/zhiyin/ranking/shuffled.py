"""How much a column counts: what changes when its values are shuffled among the rows. Letters: n rows, K columns."""

from collections.abc import Callable

import numpy as np

SHUFFLED = 2_000
"""Rows on which it is seen how far the log odds move."""


def moves(raw: Callable[[np.ndarray], np.ndarray], values: np.ndarray, seed: int) -> np.ndarray:
    """Mean absolute change of ``raw`` (n, K) → (n,) for each column shuffled, float64 (K,)."""
    rng = np.random.default_rng(seed)
    values = values[rng.permutation(len(values))[:SHUFFLED]]
    usual, found = raw(values), np.zeros(values.shape[1])
    for column in range(values.shape[1]):
        other = values.copy()
        other[:, column] = rng.permutation(other[:, column])
        found[column] = np.abs(raw(other) - usual).mean()
    return found

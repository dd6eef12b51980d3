"""A made-up world of rows whose true probabilities are known."""

import numpy as np
import pytest

from zhiyin.ranking import Rows

NAMES = ("liking", "noise", "sometimes")


def world(seed: int, n_groups: int = 400, size: int = 10) -> tuple[Rows, np.ndarray]:
    """Rows, and the true probability of each: log odds 1.5 · liking - 2; ``sometimes`` is known for half of them."""
    rng = np.random.default_rng(seed)
    n = n_groups * size
    values = rng.normal(size=(n, 3)).astype(np.float32)
    truth = 1 / (1 + np.exp(2 - 1.5 * values[:, 0].astype(np.float64)))
    values[rng.random(n) < 0.5, 2] = np.nan
    labels = rng.random(n) < truth
    return Rows(values, labels, np.repeat(np.arange(n_groups), size), NAMES), truth


@pytest.fixture(scope="session")
def rows() -> Rows:
    return world(seed=0)[0]


@pytest.fixture(scope="session")
def fresh() -> tuple[Rows, np.ndarray]:
    """Other rows of the same world, and their true probabilities."""
    return world(seed=9)

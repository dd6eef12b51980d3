"""Can made-up items be told from real ones? Two-sample test by a classifier.

Reference: Lopez-Paz and Oquab 2017, arXiv 1610.06545. Letters: n items of a side, D numbers of an embedded item.
"""

import numpy as np

from zhiyin.core.errors import DataError
from zhiyin.core.wire import FigureJSON

FOLDS = 5
TREES = 100
LEAST = 50
"""Items of a side."""


def told_apart(real: np.ndarray, made: np.ndarray, seed: int = 0, resamples: int = 500) -> FigureJSON:
    """Area under the curve of boosted trees that tell embedded ``made`` (n, D) from ``real`` (n, D), out of fold.

    0.5: they cannot, 1: always; as many of each side; the interval is by bootstrap over items. Raises `DataError` for
    fewer than 50 of either.
    """
    rng = np.random.default_rng(seed)
    n = min(len(real), len(made))
    if n < LEAST:
        raise DataError(
            f"the two-sample test has {len(real)} real and {len(made)} made items; give at least {LEAST} of each"
        )
    x = np.concatenate([rng.permutation(real)[:n], rng.permutation(made)[:n]]).astype(np.float32)
    y = np.repeat([0, 1], n)
    scores = _out_of_fold(x, y, rng.permutation(2 * n) % FOLDS, seed)
    draws = [auc(scores[rng.integers(0, n, n)], scores[n + rng.integers(0, n, n)]) for _ in range(resamples)]
    low, high = np.quantile(draws, [0.025, 0.975])
    return {"value": auc(scores[:n], scores[n:]), "low": float(low), "high": float(high), "n": n}


def auc(negative: np.ndarray, positive: np.ndarray) -> float:
    """Chance that a positive scores above a negative, ties half."""
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left") + np.searchsorted(ordered, positive, "right")
    return float(below.mean() / (2 * len(negative)))


def _out_of_fold(x: np.ndarray, y: np.ndarray, fold: np.ndarray, seed: int) -> np.ndarray:
    """Each row's score by trees that did not see it, float64 (2n,)."""
    import lightgbm

    settings = {
        "objective": "binary", "num_leaves": 15, "learning_rate": 0.1, "num_threads": 1, "seed": seed,
        "deterministic": True, "force_row_wise": True, "verbosity": -1,
    }  # fmt: skip
    scores = np.zeros(len(y))
    for out in range(FOLDS):
        data = lightgbm.Dataset(x[fold != out], y[fold != out].astype(np.float32), params={"verbosity": -1})
        scores[fold == out] = np.asarray(lightgbm.train(settings, data, TREES).predict(x[fold == out], num_threads=1))
    return scores

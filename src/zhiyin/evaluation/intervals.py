"""Bootstrap over people: what would these figures be with other people of the same kind?

Letters: P people, M figures, R resamples.
"""

from collections.abc import Iterator

import numpy as np

from zhiyin.core.randomness import generator
from zhiyin.core.wire import FigureJSON

RESAMPLES = 2000
LEVEL = 0.95


def resampled_means(table: np.ndarray, seed: int = 0, resamples: int = RESAMPLES) -> np.ndarray:
    """Means of ``table`` (P, M) over people drawn with replacement, the same draw for every column, float64 (R, M)."""
    return np.concatenate([counts @ table / len(table) for counts in _draws(len(table), seed, resamples)])


def _draws(n: int, seed: int, resamples: int) -> Iterator[np.ndarray]:
    """How often each person is drawn, float64 (r, P), in blocks that fit a small machine."""
    rng = generator(seed, "bootstrap")
    step = max(1, 4_000_000 // n)
    for start in range(0, resamples, step):
        r = min(step, resamples - start)
        drawn = rng.integers(0, n, (r, n)) + np.arange(r)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=r * n).reshape(r, n).astype(np.float64)


def figure(column: np.ndarray, means: np.ndarray) -> FigureJSON:
    """Mean of one column with its percentile interval.

    Where nobody scores (or everybody scores full) resampling shows no spread: the rule of three, 3 / n, gives the
    interval.
    """
    n, value = len(column), float(column.mean())
    low, high = (float(x) for x in np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    if (column == 0).all():
        low, high = 0.0, min(1.0, 3 / n)
    elif (column == 1).all():
        low, high = max(0.0, 1 - 3 / n), 1.0
    return {"value": value, "low": low, "high": high, "n": n}

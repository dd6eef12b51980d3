"""How good made-up items are: can they be told from real ones, and do they cover what there is?

Two-sample test by a classifier (Lopez-Paz and Oquab 2017, arXiv 1610.06545). Letters: n items of a side, D numbers of
an embedded item.
"""

from dataclasses import dataclass

import numpy as np

from zhiyin.core.errors import DataError
from zhiyin.generation.encoding import Encoding, Hard
from zhiyin.generation.neighbours import Neighbours

FOLDS = 5
TREES = 100


@dataclass(frozen=True)
class TwoSample:
    """Area under the curve of a classifier that tells made from real: 0.5 = it cannot, 1 = always."""

    auc: float
    low: float
    high: float
    """95 % interval, by bootstrap over items."""
    n: int
    """Items of each side."""


def two_sample_auc(real: np.ndarray, made: np.ndarray, seed: int = 0, resamples: int = 500) -> TwoSample:
    """Boosted trees tell embedded ``made`` (n, D) from ``real`` (n, D), out of fold, as many of each side.

    Raises `DataError` for fewer than 50 of either.
    """
    rng = np.random.default_rng(seed)
    n = min(len(real), len(made))
    if n < 50:
        raise DataError(
            f"the two-sample test has {len(real)} real and {len(made)} made items; give at least 50 of each"
        )
    x = np.concatenate([rng.permutation(real)[:n], rng.permutation(made)[:n]]).astype(np.float32)
    y = np.repeat([0, 1], n)
    scores = _out_of_fold(x, y, rng.permutation(2 * n) % FOLDS, seed)
    draws = [_auc(scores[rng.integers(0, n, n)], scores[n + rng.integers(0, n, n)]) for _ in range(resamples)]
    low, high = np.quantile(draws, [0.025, 0.975])
    return TwoSample(_auc(scores[:n], scores[n:]), float(low), float(high), n)


def marginals_copy(hard: Hard, n: int, rng: np.random.Generator) -> Hard:
    """The baseline: ``n`` items whose every single value is drawn as often as in the catalogue, and independently.

    What a generator adds to it is what belongs together.
    """
    made = []
    for part in hard:
        if part.ndim == 1:
            made.append(part[rng.integers(0, len(part), n)])
        else:
            columns = [part[rng.integers(0, len(part), n), v] for v in range(part.shape[1])]
            made.append(np.column_stack(columns))
    return made


def coverage(encoding: Encoding, real: Hard, made: Hard) -> dict[str, float]:
    """Share of each column's values (weighted by how often they are real) that are made at least once.

    Numbers count by tenths of the real ones.
    """
    found = {}
    for block, r, m in zip(encoding.blocks, real, made, strict=True):
        if r.dtype == np.float64:
            edges = np.unique(np.nanquantile(r, np.linspace(0, 1, 11)))[1:-1]
            r, m = np.digitize(r[~np.isnan(r)], edges), np.digitize(m[~np.isnan(m)], edges)
        if r.ndim == 1:
            often = np.bincount(r)
            met = np.asarray(np.isin(np.arange(len(often)), m))
        else:
            often, met = r.sum(axis=0), np.asarray(m.any(axis=0))
        found[block.name] = float(often[met].sum() / max(1, often.sum()))
    return found


def share_new(neighbours: Neighbours, embedded: np.ndarray, percentile: float = 5.0) -> float:
    """Share of made items (n, D) farther from every real one than this percentile of real nearest distances."""
    nearest = neighbours.nearest(embedded, 1)[1][:, 0]
    return float((neighbours.novelty(nearest) > percentile / 100).mean())


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


def _auc(negative: np.ndarray, positive: np.ndarray) -> float:
    """Chance that a positive scores above a negative, ties half."""
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left") + np.searchsorted(ordered, positive, "right")
    return float(below.mean() / (2 * len(negative)))

"""The number that early stopping looks at: NDCG@k of a scorer on validation cases."""

import numpy as np

from zhiyin.core.randomness import generator
from zhiyin.data.contracts import Cases, Scorer
from zhiyin.retrieval import best_rows

MOST_CASES = 5000
"""A fixed random sample of so many cases is enough to choose an epoch."""


def ndcg_on(model: Scorer, cases: Cases, k: int, *, block: int = 512) -> float:
    """Mean NDCG@k over at most `MOST_CASES` cases; the ideal list is cut at min(k, targets)."""
    if len(cases) > MOST_CASES:
        cases = cases.take(np.sort(generator(0, "validation").choice(len(cases), MOST_CASES, replace=False)))
    blocks = np.split(np.arange(len(cases)), range(block, len(cases), block))
    values = [_ndcg(model, cases.take(which), k) for which in blocks if len(which)]
    return float(np.concatenate(values).mean()) if values else 0.0


def _ndcg(model: Scorer, cases: Cases, k: int) -> np.ndarray:
    """float64 (B,)"""
    scores = model.score(cases.requests)
    n_items = scores.shape[1]
    rows, _ = best_rows(scores, k, exclude=cases.requests.exclude)  # (B, k)
    wanted = np.unique(cases.targets.owners * n_items + cases.targets.rows)
    hits = np.isin(np.arange(len(cases))[:, None] * n_items + rows, wanted) & (rows >= 0)
    discounts = 1 / np.log2(np.arange(2, k + 2))
    n_wanted = np.bincount(wanted // n_items, minlength=len(cases))
    ideal = np.concatenate([[0.0], np.cumsum(discounts)])[np.minimum(n_wanted, k)]
    return np.asarray((hits * discounts).sum(axis=1) / np.maximum(ideal, 1e-12))

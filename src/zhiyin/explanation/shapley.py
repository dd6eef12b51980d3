"""Shapley values: what a part adds, in the mean over all orders in which the parts could have come in.

Exact up to `EXACT` parts: φ(p) = Σ over S without p of |S|! (P − |S| − 1)! / P! · (f(S + p) − f(S)). Beyond that in the
mean over drawn orders, each with its reverse (antithetic), which takes out what any two parts do together; of a game
that is near and known (see control.py) the rest alone is drawn, where that leaves less to chance. The order of the
events that are there stays that of time. References: Shapley 1953; Castro et al. 2009, doi
10.1016/j.cor.2008.04.004; Mitchell et al. 2022, arXiv 2104.12199. Letters: P parts, S subsets, R pairs of orders.
"""

from math import comb
from typing import ClassVar

import numpy as np
from scipy import stats

from zhiyin.core.randomness import generator
from zhiyin.data.contracts import Requests
from zhiyin.explanation.counterfactual import Score
from zhiyin.explanation.explainer import Explanation, Kept, Parts, margin
from zhiyin.explanation.known_game import known_part

EXACT = 12
"""Parts up to which all subsets are asked: 4,096 histories."""
PAIRS = 8
"""Pairs of orders that are drawn beyond."""
AT_ONCE = 1024
"""Histories asked in one go."""
LEVEL = 0.95


class Shapley:
    """The only way to share f(H) − f(∅) out that is symmetric, additive and gives nothing to what adds nothing."""

    name: ClassVar[str] = "shapley"

    def __init__(self, score: Score, pairs: int = PAIRS, seed: int = 0, exact: int = EXACT) -> None:
        """``pairs``: at least 2, or no error could be told. ``exact``: parts up to which nothing is drawn."""
        self.score, self.pairs, self.seed, self.exact = score, max(2, pairs), seed, exact

    def explain(self, request: Requests, items: np.ndarray, rival: int | None = None) -> Explanation:
        """The scores add up to the total, however few orders are drawn; ``error`` says what drawing leaves open."""
        parts = Parts.of(request)
        kept = margin(parts, items, rival, self.score)
        if len(parts) <= self.exact:
            scores, total = _exact(len(parts), kept)
            error = np.zeros_like(scores)
        else:
            scores, total, error = self._drawn(len(parts), kept)
        return Explanation(self.name, parts.items, scores, total, error)

    def _drawn(self, n: int, kept: Kept) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Scores (P, K), their total (K,) and their error (P, K)."""
        rng = generator(self.seed, "shapley")
        forth = rng.permuted(np.tile(np.arange(n), (self.pairs, 1)), axis=1)  # (R, P)
        orders = np.stack([forth, forth[:, ::-1]], axis=1).reshape(2 * self.pairs, n)
        came = np.argsort(orders, axis=1)  # (2R, P): when each part comes in
        subsets = came[:, None, :] < np.arange(n + 1)[None, :, None]  # (2R, P + 1, P)
        values = asked(subsets.reshape(-1, n), kept).reshape(2 * self.pairs, n + 1, -1)
        drawn = self._pairs(values, came)  # (R, P, K)
        for k in range(values.shape[2]):
            known, scores = known_part(subsets.reshape(-1, n), values[:, :, k].ravel(), drawn[:, :, k].mean(axis=0))
            rest = self._pairs(values[:, :, k : k + 1] - known.reshape(*values.shape[:2], 1), came)[:, :, 0] + scores
            if rest.var(axis=0).mean() < drawn[:, :, k].var(axis=0).mean():
                drawn[:, :, k] = rest
        wide = float(stats.t.ppf((1 + LEVEL) / 2, self.pairs - 1))
        spread = drawn.var(axis=0, ddof=1)
        spread = (spread + spread.mean(axis=0)) / 2  # few draws may miss the rare order in which a part counts
        return drawn.mean(axis=0), values[0, -1] - values[0, 0], wide * np.sqrt(spread / self.pairs)

    def _pairs(self, values: np.ndarray, came: np.ndarray) -> np.ndarray:
        """What each part adds when it comes in, the mean over an order and its reverse, float64 (R, P, K)."""
        gains = np.take_along_axis(np.diff(values, axis=1), came[:, :, None], axis=1)  # (2R, P, K)
        return np.asarray(gains.reshape(self.pairs, 2, *gains.shape[1:]).mean(axis=1))


def asked(subsets: np.ndarray, kept: Kept) -> np.ndarray:
    """``kept`` of each subset, bool (S, P), each different one asked once, some at a time, float64 (S, K)."""
    different, back = np.unique(np.packbits(subsets, axis=1), axis=0, return_inverse=True)
    rows = np.unpackbits(different, axis=1, count=subsets.shape[1]).astype(bool)
    rows_by_size = np.argsort(rows.sum(axis=1), kind="stable")  # neighbours of like length are quick to read together
    parts = [kept(rows[rows_by_size[b : b + AT_ONCE]]) for b in range(0, len(rows), AT_ONCE)]
    values = np.empty((len(rows), parts[0].shape[1]))
    values[rows_by_size] = np.concatenate(parts)
    return values[back.ravel()]


def _exact(n: int, kept: Kept) -> tuple[np.ndarray, np.ndarray]:
    """Scores (P, K) and their total (K,) from all 2^P subsets."""
    subsets = (np.arange(1 << n)[:, None] >> np.arange(n) & 1).astype(bool)  # (2^P, P)
    values = asked(subsets, kept)  # (2^P, K)
    weights = np.array([1 / (n * comb(n - 1, size)) for size in range(n)])
    scores = np.empty((n, values.shape[1]))
    for p in range(n):
        without = np.flatnonzero(~subsets[:, p])
        gains = values[without | 1 << p] - values[without]
        scores[p] = weights[subsets[without].sum(axis=1)] @ gains
    return scores, values[-1] - values[0]

"""A game whose Shapley values are known and that is near the one that is asked about: what is drawn is the rest alone.

Most models read a history at length 1, so that a part counts the less the more parts there are:

    g(S) = w(|S|) Σ over q in S of β(q) + h(|S|),    w and h of 1, 1/√|S|, 1/|S| (h of log(1 + |S|) and ∅ too).

φ(p) = β(p) mean over s ≥ 1 of w(s) + (B − β(p)) mean over s of s (w(s + 1) − w(s)) / (P − 1) + (h(P) − h(0)) / P,
B = Σ β. Fitted to the values that were drawn anyway (a control variate; Lemieux 2009, chapter 4).
Letters: S subsets, P parts.
"""

import numpy as np

ROUNDS = 3
"""Of fitting β, then w and h, in turns."""
RIDGE = 1e-3
"""Of β, towards what it was."""


def known_part(subsets: np.ndarray, values: np.ndarray, begin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """g of each subset, float64 (S,), and its Shapley values (P,), near the ``values`` (S,) of ``subsets`` bool (S, P).

    ``begin`` (P,): what β begins with.
    """
    members = subsets.astype(np.float64)
    n = subsets.shape[1]
    sizes = members.sum(axis=1).astype(int)
    falling, level = _bases(n)  # (P + 1, 3), (P + 1, 5)
    beta, weights = begin, np.zeros(falling.shape[1] + level.shape[1])
    for _ in range(ROUNDS):
        bases = np.concatenate([falling[sizes] * (members @ beta)[:, None], level[sizes]], axis=1)
        weights = np.linalg.lstsq(bases, values, rcond=None)[0]
        scaled = members * (falling @ weights[:3])[sizes][:, None]
        square = scaled.T @ scaled
        ridge = RIDGE * np.trace(square) / n + 1e-12
        beta = np.linalg.solve(
            square + ridge * np.eye(n), scaled.T @ (values - level[sizes] @ weights[3:]) + ridge * beta
        )
    w, h = falling @ weights[:3], level @ weights[3:]  # (P + 1,) each
    of_others = (np.diff(w) * np.arange(n)).mean() / max(1, n - 1)
    scores = beta * w[1:].mean() + (beta.sum() - beta) * of_others + (h[-1] - h[0]) / n
    return w[sizes] * (members @ beta) + h[sizes], scores


def _bases(n: int) -> tuple[np.ndarray, np.ndarray]:
    """What w and h are made of, for each size from 0 to ``n``."""
    size = np.arange(n + 1.0)
    least = np.maximum(size, 1)
    falling = np.stack([np.ones(n + 1), 1 / np.sqrt(least), 1 / least], axis=1)
    return falling, np.concatenate([falling, np.log1p(size)[:, None], (size == 0)[:, None]], axis=1)

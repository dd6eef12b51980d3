"""Does the item sink when what an explainer calls strong is taken out, and rise when that alone is left?

Measured by depth, the logarithm of the item's rank among all unseen items as a share of that of the last (0 is the
best, 1 the last): no explainer was ranked by it, and it means the same for every model. Only sets of two and more are
taken out, so that leaving one out is not tested on what it measured itself.
References: DeYoung et al. 2020 (ERASER), arXiv 1911.03429; Petsiuk et al. 2018, arXiv 1806.07421.
Letters: P parts, S subsets, N items.
"""

from collections.abc import Callable, Mapping

import numpy as np

from zhiyin.data.contracts import Requests
from zhiyin.explanation.explainer import Parts

Depth = Callable[[np.ndarray], np.ndarray]
"""From subsets of parts, bool (S, P), to the depth of the item, float64 (S,)."""
STEPS = 10
"""Places of a curve."""
STRONG = 0.2
"""Share of the parts that sufficiency and comprehensiveness call strong, and two at least."""
FEWEST = 4
"""Parts that a history must have."""


def depth_of(score_all: Callable[[Requests], np.ndarray], parts: Parts, item: int) -> Depth:
    """``score_all`` gives float32 (S, N); what was seen stays left out, whatever is taken out."""

    def depth(kept: np.ndarray) -> np.ndarray:
        scores = score_all(parts.left(kept)).astype(np.float64)
        own = scores[:, item].copy()
        scores[:, parts.request.exclude[0]] = -np.inf
        above = (scores > own[:, None]).sum(axis=1)
        equal = (scores == own[:, None]).sum(axis=1) - 1
        n = np.isfinite(scores).sum(axis=1)
        return np.asarray(np.log(1 + above + np.maximum(equal, 0) / 2) / np.log(np.maximum(n, 2)))

    return depth


def faithfulness(order: np.ndarray, depth: Depth) -> Mapping[str, float]:
    """Four figures of an ``order`` (P,) of the parts, the strongest first; higher is better in each.

    deletion: mean depth while two and more of the strongest are taken out. insertion: 1 less the mean depth while two
    and more of the strongest come into an empty history. comprehensiveness: how far the item sinks without the strong;
    sufficiency: minus how far it sinks with the strong alone. NaN for fewer than `FEWEST` parts.
    """
    n = len(order)
    if n < FEWEST:
        return dict.fromkeys(("deletion", "insertion", "comprehensiveness", "sufficiency"), np.nan)
    sizes = np.unique(np.linspace(2, n - 2, STEPS).round().astype(int))
    strong = max(2, round(STRONG * n))
    place = np.argsort(order)
    first = place < np.array([*sizes, strong])[:, None]  # (S, P) the strongest so many
    found = depth(np.concatenate([~first, first, np.ones((1, n), bool)]))
    out, alone, whole = found[: len(first)], found[len(first) : -1], found[-1]
    return {
        "deletion": float(out[:-1].mean()), "insertion": float(1 - alone[:-1].mean()),
        "comprehensiveness": float(out[-1] - whole), "sufficiency": float(whole - alone[-1]),
    }  # fmt: skip


def overlap(one: np.ndarray, other: np.ndarray, k: int = 5) -> float:
    """Jaccard's share of the first ``k`` of two orders of items: both over either."""
    first, second = set(one[:k].tolist()), set(other[:k].tolist())
    return len(first & second) / max(1, len(first | second))

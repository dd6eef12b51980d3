"""Leave one out: what an item loses without the events of one other item (Li et al. 2016, arXiv 1612.08220).

All are taken out in one batch. Two events that say the same get nothing each, since either holds the item alone: ask
`Shapley` too. In a sequence what is taken out leaves no gap.
"""

from typing import ClassVar

import numpy as np

from zhiyin.data.contracts import Requests
from zhiyin.explanation.counterfactual import Score
from zhiyin.explanation.explainer import Explanation, Parts, margin


class LeaveOneOut:
    """φ(p) = f(H) − f(H without p)"""

    name: ClassVar[str] = "loo"

    def __init__(self, score: Score) -> None:
        self.score = score

    def explain(self, request: Requests, items: np.ndarray, rival: int | None = None) -> Explanation:
        """One pass over P + 2 histories; exact. The scores need not add up to the total."""
        parts = Parts.of(request)
        ends = np.array([[True], [False]]).repeat(len(parts), axis=1)
        found = margin(parts, items, rival, self.score)(np.concatenate([ends, parts.all_but_one()]))
        scores = found[0] - found[2:]
        return Explanation(self.name, parts.items, scores, found[0] - found[1], np.zeros_like(scores))

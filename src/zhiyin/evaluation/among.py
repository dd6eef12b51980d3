"""A model asked about some items alone: who would take which of the new ones, were they a list of their own?

`zhiyin.evaluate` ranks all items; its stratum ``cold`` tells how high new ones come among all. Beside it, among the new
alone, the question of how much new things are taken at all is left out. Letters: B requests, N items, C candidates.
"""

import numpy as np

from zhiyin.core.errors import DataError
from zhiyin.data.contracts import Requests, Scorer


class Among:
    """``scorer`` over the ``items``, bool (N,): all others have no place in its lists."""

    def __init__(self, scorer: Scorer, items: np.ndarray) -> None:
        if items.dtype != np.bool_ or items.ndim != 1 or not items.any():
            raise DataError(
                f"items among which to rank are {items.dtype} {items.shape}; give bool (N,) with an item in it",
                found=f"{items.dtype} {items.shape}",
            )  # fmt: skip
        self.scorer, self.items = scorer, items
        self.name = getattr(scorer, "name", type(scorer).__name__)
        self.facts = getattr(scorer, "facts", {})

    def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray:
        """As ``scorer`` scores, -inf for items that are not among them."""
        allowed = self.items if candidates is None else (candidates >= 0) & self.items[np.maximum(candidates, 0)]
        return np.where(allowed, self.scorer.score(requests, candidates), np.float32(-np.inf))

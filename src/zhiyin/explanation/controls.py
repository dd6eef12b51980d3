"""What an explainer must beat to be worth anything: chance, the newest first, and items that look alike.

None of them asks the model. They share out nothing, so that their total is not known.
"""

from typing import ClassVar

import numpy as np
from scipy import sparse

from zhiyin.core.randomness import generator
from zhiyin.data.contracts import FILL, Requests
from zhiyin.explanation.explainer import Explanation, Parts


class Chance:
    """Parts in a random order, another one for each item."""

    name: ClassVar[str] = "random"

    def __init__(self, seed: int = 0) -> None:
        self.rng = generator(seed, "chance")

    def explain(self, request: Requests, items: np.ndarray, rival: int | None = None) -> Explanation:
        parts = Parts.of(request)
        return _unmeasured(self.name, parts, self.rng.random((len(parts), len(items))))


class Recency:
    """The newest first."""

    name: ClassVar[str] = "recency"

    def explain(self, request: Requests, items: np.ndarray, rival: int | None = None) -> Explanation:
        parts = Parts.of(request)
        newest = 1 / (1 + np.arange(len(parts)))
        return _unmeasured(self.name, parts, np.repeat(newest[:, None], len(items), axis=1))


class Similarity:
    """Those first that the same people took: the cosine between an item of the history and the one explained."""

    name: ClassVar[str] = "similarity"

    def __init__(self, taken: sparse.csr_matrix) -> None:
        """``taken`` (U, N): who took what."""
        self.taken = taken.T.tocsr()
        squares = np.asarray(self.taken.multiply(self.taken).sum(axis=1)).ravel()
        self.lengths = np.maximum(np.sqrt(squares), 1e-12)  # (N,)

    def explain(self, request: Requests, items: np.ndarray, rival: int | None = None) -> Explanation:
        parts = Parts.of(request)
        rows = np.maximum(parts.items, 0)
        alike = (self.taken[rows] @ self.taken[items].T).toarray() / np.outer(self.lengths[rows], self.lengths[items])
        alike[parts.items == FILL] = 0
        return _unmeasured(self.name, parts, alike)


def _unmeasured(name: str, parts: Parts, scores: np.ndarray) -> Explanation:
    unknown = np.full(scores.shape, np.nan)
    return Explanation(name, parts.items, scores.astype(np.float64), unknown[0], unknown)

"""UserKNN: what the people took whose taste is nearest.

Letters: B requests, U people trained on, N items, K neighbours. With x a history's signs and X (U, N) the likes, both
weighted by the rarity of each item, idf_i = ln(1 + U / n_i),

    s_u = x · X_u / (‖x‖ ‖X_u‖),   score = Σ s_u X_u over the K people with the largest |s_u|.

Reference: Herlocker et al. 1999, doi 10.1145/312624.312682. A history that dislikes what somebody likes can make
that person a neighbour with a negative sign. The model keeps the likes of the people it was trained on.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np
from pydantic import Field
from scipy import sparse

from zhiyin.core.progress import Progress
from zhiyin.data.contracts import Cases, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.models.model import Model, ModelConfig
from zhiyin.models.neighbours.similarity import stored, taken_back
from zhiyin.models.profiles import popularity, signs, with_prior
from zhiyin.retrieval import best_rows

BLOCK_BYTES = 16 << 20
"""Similarities of requests to people that are held at once."""


class UserKNNConfig(ModelConfig):
    """Settings of UserKNN."""

    neighbours: int = Field(default=100, gt=0)
    """K: the nearest people who are asked."""


class UserKNN(Model[UserKNNConfig]):
    """UserKNN: people with your taste took this."""

    name = "UserKNN"
    Config = UserKNNConfig
    lowers_disliked = True
    likes: sparse.csr_matrix
    """Of the people trained on, float32 (U, N)."""
    shares: np.ndarray

    def fit(self, dataset: Dataset, *, validation: Cases | None = None, progress: Progress | None = None) -> Self:
        """Remember the likes of everybody."""
        self.learned_from(dataset)
        self.shares = popularity(dataset.histories, dataset.n_items)
        self._know(dataset.histories.matrix(dataset.n_items))
        return self

    def score_all(self, requests: Requests) -> np.ndarray:
        n_people = self.likes.shape[0]
        asked = _unit(self._rarer(signs(requests.histories, len(self.catalogue))))  # (B, N)
        scores = np.empty((len(requests), len(self.catalogue)), np.float32)
        step = max(1, BLOCK_BYTES // (4 * n_people))
        for start in range(0, len(requests), step):
            alike = (asked[start : start + step] @ self.people).toarray()  # (b, U)
            rows, _ = best_rows(np.abs(alike), min(self.config.neighbours, n_people))  # (b, K)
            nearest = sparse.csr_matrix(
                (
                    np.take_along_axis(alike, rows, axis=1).ravel(),
                    rows.ravel(),
                    np.arange(len(rows) + 1) * rows.shape[1],
                ),
                shape=alike.shape,
            )
            scores[start : start + step] = (nearest @ self.likes).toarray()
        return with_prior(scores, requests.histories, self.shares)

    def arrays(self) -> Mapping[str, np.ndarray]:
        return {**stored("likes", self.likes), "shares": self.shares}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.shares = arrays["shares"]
        self._know(taken_back("likes", arrays, len(self.catalogue)))

    def _know(self, likes: sparse.csr_matrix) -> None:
        """The likes, and what follows from them: each item's rarity (N,), everybody's weighted likes (N, U)."""
        self.likes = likes
        n_likes = np.bincount(likes.indices, minlength=likes.shape[1])
        self.rarity = np.log1p(likes.shape[0] / np.maximum(n_likes, 1)).astype(np.float32)
        self.people = _unit(self._rarer(likes)).T.tocsr()

    def _rarer(self, matrix: sparse.csr_matrix) -> sparse.csr_matrix:
        """Every column times the rarity of its item."""
        return sparse.csr_matrix(
            (matrix.data * self.rarity[matrix.indices], matrix.indices, matrix.indptr), matrix.shape
        )


def _unit(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Every row divided by its length; an empty row stays empty."""
    matrix = matrix.copy()
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    matrix.data = matrix.data / np.repeat(np.maximum(lengths, 1e-12), np.diff(matrix.indptr)).astype(np.float32)
    return matrix

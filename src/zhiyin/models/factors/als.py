"""ALS: implicit-feedback factors; nobody's factors are kept, each person's are solved for from the history.

Letters: B requests, N items, D factors. With Y (N, D) the items' factors, a person's x minimises

    Σ_i c_i (x · y_i - s_i)² + λ ‖x‖²,   s_i = 1 and c_i = 1 + confidence for what was liked, s_i = 0 and c_i = 1 else,

and s_i = -1 for what was disliked. Reference: Hu, Koren and Volinsky 2008, doi 10.1109/ICDM.2008.22. The items'
factors are trained from the likes by the library `implicit`; a person is folded in with the same equation and the
same λ, so that somebody who was trained on and somebody who was not get the same answer.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np
from pydantic import Field
from threadpoolctl import threadpool_limits

from zhiyin.core.progress import Progress
from zhiyin.data.contracts import Cases, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.models.factors.folding import ridge
from zhiyin.models.model import Model, ModelConfig
from zhiyin.models.profiles import popularity, signs, with_prior


class ALSConfig(ModelConfig):
    """Settings of ALS."""

    factors: int = Field(default=64, gt=0)
    """D: numbers of an item's and a person's vector."""
    regularisation: float = Field(default=1.0, gt=0)
    """λ: pulls all factors towards 0."""
    confidence: float = Field(default=10.0, gt=0)
    """How much more an event weighs than an item that was not taken."""
    epochs: int = Field(default=15, gt=0)
    """Rounds of solving for people, then for items."""


class ALS(Model[ALSConfig]):
    """ALS: matrix factorisation of implicit feedback by alternating least squares."""

    name = "ALS"
    Config = ALSConfig
    lowers_disliked = True
    factors: np.ndarray
    """Y, float32 (N, D)."""
    shares: np.ndarray

    def fit(self, dataset: Dataset, *, validation: Cases | None = None, progress: Progress | None = None) -> Self:
        """Learn the items' factors from the likes. One thread, so that every machine gives the same numbers."""
        from implicit.cpu.als import AlternatingLeastSquares

        self.learned_from(dataset)
        settings, likes = self.config, dataset.histories.matrix(dataset.n_items)
        self.shares = popularity(dataset.histories, dataset.n_items)
        with threadpool_limits(1, "blas"):
            library = AlternatingLeastSquares(
                factors=settings.factors, regularization=settings.regularisation, alpha=1.0,
                iterations=settings.epochs, num_threads=1, random_state=settings.seed, dtype=np.float32,
            )  # fmt: skip
            library.fit(likes * np.float32(1 + settings.confidence), show_progress=False)
        self.restore({"factors": np.asarray(library.item_factors, np.float32), "shares": self.shares})
        return self

    def user_vectors(self, requests: Requests) -> np.ndarray:
        """x of each request, float32 (B, D); 0 for an empty history."""
        settings = self.config
        tastes = signs(requests.histories, len(self.catalogue))  # (B, N)
        vectors = np.zeros((len(requests), self.factors.shape[1]), np.float32)
        penalty = self.gram + settings.regularisation * np.eye(len(self.gram))
        with threadpool_limits(1, "blas"):
            for b, (start, end) in enumerate(zip(tastes.indptr[:-1], tastes.indptr[1:], strict=True)):
                if end > start:
                    design = self.factors[tastes.indices[start:end]].astype(np.float64)
                    target = tastes.data[start:end] * (1 + 1 / settings.confidence)
                    confidence = np.full(end - start, settings.confidence)
                    vectors[b] = ridge(design, target, confidence, penalty)
        return vectors

    @property
    def item_vectors(self) -> np.ndarray:
        """float32 (N, D)"""
        return self.factors

    @property
    def item_bias(self) -> np.ndarray:
        """float32 (N,): none."""
        return np.zeros(len(self.factors), np.float32)

    def score_all(self, requests: Requests) -> np.ndarray:
        scores = self.user_vectors(requests) @ self.factors.T  # (B, N)
        return with_prior(scores, requests.histories, self.shares)

    def arrays(self) -> Mapping[str, np.ndarray]:
        return {"factors": self.factors, "shares": self.shares}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.factors, self.shares = arrays["factors"], arrays["shares"]
        precise = self.factors.astype(np.float64)
        self.gram = precise.T @ precise  # (D, D)

"""Together: how many people took both items; a whole model of somebody else's on one page.

Letters: B requests, N items. With X the likes, score = x XᵀX / √(n_i n_j).
"""

from collections.abc import Mapping
from typing import Self

import numpy as np
from pydantic import Field

from zhiyin.core.progress import Progress
from zhiyin.data.contracts import Cases, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.models.model import Model, ModelConfig


class TogetherConfig(ModelConfig):
    """Settings of Together."""

    power: float = Field(default=0.5, ge=0, le=1)
    """How much popular items are held back: 0 not at all, 0.5 as a cosine does."""


class Together(Model[TogetherConfig]):
    """Together: what was taken by the same people."""

    name = "Together"
    Config = TogetherConfig
    lowers_disliked = True
    weights: np.ndarray
    """float32 (N, N)"""

    def fit(self, dataset: Dataset, *, validation: Cases | None = None, progress: Progress | None = None) -> Self:
        """Count the likes that people share."""
        self.learned_from(dataset)
        likes = dataset.histories.matrix(dataset.n_items)
        both = (likes.T @ likes).toarray()  # (N, N)
        held_back = np.maximum(both.diagonal(), 1) ** -self.config.power
        np.fill_diagonal(both, 0)
        self.weights = (both * held_back[:, None] * held_back).astype(np.float32)
        return self

    def score_all(self, requests: Requests) -> np.ndarray:
        return np.asarray(requests.histories.matrix(len(self.catalogue), weighted=True) @ self.weights, np.float32)

    def arrays(self) -> Mapping[str, np.ndarray]:
        return {"weights": self.weights}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.weights = arrays["weights"]

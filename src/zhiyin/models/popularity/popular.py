"""Popularity in the newest days: on a real time split the strongest simple model.

The score is the number of events of positive weight in the last W days before the newest event that was trained on.
Items that are equal there are ordered by the last 4·W days, then 16·W …, then all time, so that a short window fills a
long list. Letters: B requests, N items, W days.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np
from pydantic import Field

from zhiyin.core.progress import Progress
from zhiyin.data.contracts import Cases, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.data.popularity import DAY_S, counts
from zhiyin.models.model import Model, ModelConfig

WIDENING = 4
"""How much longer each window is that decides among equals of the one before."""


class PopularConfig(ModelConfig):
    """Settings of Popular."""

    window_days: float | None = Field(default=None, gt=0)
    """Only events of so many newest days count; all time without it, and in a log without times."""


class Popular(Model[PopularConfig]):
    """Popular: what most people took, over all time or in the newest days; the same for everybody."""

    name = "Popular"
    Config = PopularConfig
    reads_history = False
    shares: np.ndarray

    def fit(self, dataset: Dataset, *, validation: Cases | None = None, progress: Progress | None = None) -> Self:
        """Count. Events of negative weight (dislikes, returns) do not count."""
        self.learned_from(dataset)
        window = self.config.window_days if dataset.order == "time" else None
        self.facts["window_days"] = window
        self.shares = counts(dataset, window_days=window).astype(np.float32) + _among_equals(dataset, window)
        return self

    def score_all(self, requests: Requests) -> np.ndarray:
        return np.tile(self.shares, (len(requests), 1))  # (B, N)

    def arrays(self) -> Mapping[str, np.ndarray]:
        return {"shares": self.shares}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.shares = arrays["shares"]


def _among_equals(dataset: Dataset, window: float | None) -> np.ndarray:
    """A number below 1 for each item that orders those with equal counts by ever longer windows, float32 (N,)."""
    if window is None:
        return np.zeros(dataset.n_items, np.float32)
    times, longer = dataset.histories.times, []
    days = float(times.max() - times.min()) / DAY_S
    while (window := window * WIDENING) < days:
        longer.append(counts(dataset, window_days=window))
    columns = np.stack([*longer, counts(dataset)], axis=1)  # (N, windows)
    _, rank = np.unique(columns, axis=0, return_inverse=True)
    return np.asarray(rank / (rank.max(initial=0) + 1), np.float32)

"""BiasedMF: what rating would this person give; people are folded in from their ratings.

Letters: B requests, U people, N items, D factors, C candidates.

    r̂ = μ + b_u + b_i + p_u · q_i,   minimising Σ (r - r̂)² + β (Σ b_u² + Σ b_i²) + λ (Σ n_u ‖p_u‖² + Σ n_i ‖q_i‖²)

with n the number of ratings of each. Reference: Koren, Bell and Volinsky 2009, doi 10.1109/MC.2009.263; solved by
alternating least squares with weighted penalties as in Zhou et al. 2008, doi 10.1007/978-3-540-68880-8_32. When
answering, an event without a rating stands for the mean of the higher ratings, or of the lower ones where its weight is
negative.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np
from pydantic import Field
from threadpoolctl import threadpool_limits

from zhiyin.core.errors import ModelError
from zhiyin.core.progress import Progress, Silent
from zhiyin.core.randomness import generator
from zhiyin.data.contracts import Cases, Histories, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.models.factors.folding import ridge
from zhiyin.models.model import Model, ModelConfig


class BiasedMFConfig(ModelConfig):
    """Settings of BiasedMF."""

    factors: int = Field(default=20, gt=0)
    """D: numbers of an item's and a person's vector."""
    regularisation: float = Field(default=0.15, gt=0)
    """λ: pulls the factors towards 0, more for who has more ratings."""
    bias_regularisation: float = Field(default=4.0, gt=0)
    """β: so many ratings must speak before half of a bias is believed."""
    epochs: int = Field(default=15, gt=0)
    """Rounds of solving for people, then for items."""


class BiasedMF(Model[BiasedMFConfig]):
    """BiasedMF: rating prediction by biases and factors."""

    name = "BiasedMF"
    Config = BiasedMFConfig
    lowers_disliked = True
    needs_values = True
    means: np.ndarray
    """float64 (3,): of all ratings (μ), of the higher ones, of the lower ones."""
    items: np.ndarray
    """float64 (N, 1 + D): b_i, then q_i."""

    def fit(self, dataset: Dataset, *, validation: Cases | None = None, progress: Progress | None = None) -> Self:
        """Learn from every event with a rating. Raises `ModelError` where no event has one."""
        self.learned_from(dataset)
        histories = dataset.histories
        rated = histories.keep(np.isfinite(histories.values))
        if not rated.n_events:
            raise ModelError(
                "BiasedMF learns from ratings, and no event has a value; choose ALS, or give a value column"
            )
        self.means = _means(rated.values)
        self.items = generator(self.config.seed, "factors").normal(0, 0.1, (dataset.n_items, 1 + self.config.factors))
        self.items[:, 0] = 0
        by_item = _by_item(rated, dataset.n_items)
        residuals = rated.values - self.means[0]  # (E,)
        people = np.zeros((len(rated), 1 + self.config.factors))
        with threadpool_limits(1, "blas"):
            for _ in (progress or Silent()).track(range(self.config.epochs), "BiasedMF", self.config.epochs):
                self._solve(people, self.items, rated.offsets, rated.items, residuals)
                order, offsets = by_item
                self._solve(self.items, people, offsets, rated.owners[order], residuals[order])
        return self

    def user_factors(self, requests: Requests) -> np.ndarray:
        """b_u, then p_u of each request, float64 (B, 1 + D); 0 for an empty history."""
        histories = requests.histories
        implied = np.where(histories.weights < 0, self.means[2], self.means[1])
        values = np.where(np.isfinite(histories.values), histories.values, implied)
        people = np.zeros((len(histories), self.items.shape[1]))
        with threadpool_limits(1, "blas"):
            self._solve(people, self.items, histories.offsets, histories.items, values - self.means[0])
        return people

    def score_all(self, requests: Requests) -> np.ndarray:
        people = self.user_factors(requests)
        ratings = self.means[0] + people[:, :1] + self.items[:, 0] + people[:, 1:] @ self.items[:, 1:].T  # (B, N)
        return np.asarray(ratings, np.float32)

    def predict_rating(self, requests: Requests, items: np.ndarray) -> np.ndarray:
        """The rating of each of ``items`` (int32 (B, C)), float32 (B, C), on the scale of the training values."""
        self._need_training()
        people, chosen = self.user_factors(requests), self.items[np.maximum(items, 0)]  # (B, C, 1 + D)
        liking = np.einsum("bd,bcd->bc", people[:, 1:], chosen[:, :, 1:])
        ratings = self.means[0] + people[:, :1] + chosen[:, :, 0] + liking
        return np.asarray(np.where(items < 0, np.nan, ratings), np.float32)

    def arrays(self) -> Mapping[str, np.ndarray]:
        return {"means": self.means, "items": self.items}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.means, self.items = arrays["means"], arrays["items"]

    def _solve(
        self, sought: np.ndarray, given: np.ndarray, offsets: np.ndarray, partners: np.ndarray, residuals: np.ndarray
    ) -> None:
        """Each row of ``sought`` (bias, factors) from its ratings, the partners' rows of ``given`` held fixed."""
        penalty = np.full(sought.shape[1], 0.0)
        for row in np.flatnonzero(np.diff(offsets)):
            events = slice(offsets[row], offsets[row + 1])
            others = given[partners[events]]  # (n, 1 + D)
            design = others.copy()
            design[:, 0] = 1  # a bias is the factor of a constant
            penalty[0], penalty[1:] = self.config.bias_regularisation, self.config.regularisation * len(others)
            left = residuals[events] - others[:, 0]
            sought[row] = ridge(design, left, np.ones(len(others)), np.diag(penalty))


def _means(values: np.ndarray) -> np.ndarray:
    """Mean of all ratings, of those above it, of those below it; the mean itself where there are none."""
    mean = values.mean(dtype=np.float64)
    sides = [
        side.mean(dtype=np.float64) if len(side) else mean for side in (values[values > mean], values[values < mean])
    ]
    return np.array([mean, *sides])


def _by_item(histories: Histories, n_items: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the events item by item, and the offsets of each item's."""
    counts = np.bincount(histories.items, minlength=n_items)
    return np.argsort(histories.items, kind="stable"), np.concatenate([[0], np.cumsum(counts)])

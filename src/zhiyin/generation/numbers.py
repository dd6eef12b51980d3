"""Numeric columns by mode-specific normalisation (Xu et al. 2019, arXiv 1907.00503).

A Gaussian mixture over the (log) numbers; the soft form is the place within one mode, α = (x - μ_k) / 4σ_k, and which
mode it is, one-hot. Unlike there, values that many items share (price points: 0.85, 1.25) are modes of their own, as
in CTAB-GAN (Zhao et al. 2021, arXiv 2102.08369), and other numbers come back as the nearest one that there is.
Letters: N items, K modes, F frequent values.
"""

import re
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from zhiyin.generation.blocks import Block

MODES = 10
LEAST_WEIGHT = 0.005
"""Modes of a smaller share are dropped."""
MIXTURE_ROWS = 5000
"""Rows that the mixture is learned from, at most."""
FREQUENT = 64
"""Values that are modes of their own, at most, each of a share of at least `LEAST_WEIGHT`."""
NUMBER = re.compile(r"\s*[+-]?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,15})?\s*")
"""A text that is a number; what has a leading zero is a code."""
POINTS = 1000
"""A column with at most so many different values, each twice on average, has price points."""


@dataclass(frozen=True)
class Number(Block):
    """A number. Hard: float64 (N,), NaN where it is missing; soft: α, K modes, F frequent values, "missing"."""

    kind = "number"
    logarithmic: bool
    means: tuple[float, ...]
    """Of the modes, on the (log) scale, (K,)."""
    spreads: tuple[float, ...]
    weights: tuple[float, ...]
    centre: float
    """Mean and spread of the column on the (log) scale, for distances."""
    spread: float
    frequent: tuple[float, ...]
    """Values that are modes of their own, ascending, (F,)."""
    points: tuple[float, ...]
    """Values that the column takes, ascending; none where it takes any."""
    whole: bool
    """Only whole numbers."""
    low: float
    high: float

    @property
    def width(self) -> int:
        return 2 + len(self.means) + len(self.frequent)

    def read(self, column: np.ndarray) -> np.ndarray:
        return np.asarray(known(column))

    def soften(self, hard: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        soft = np.zeros((len(hard), self.width), np.float32)
        missing = np.isnan(hard)
        soft[missing, -1] = 1
        x = self._scaled(hard[~missing])[:, None]  # (N, 1)
        means, spreads = np.array(self.means), np.array(self.spreads)
        chances = np.log(self.weights) - np.log(spreads) - 0.5 * ((x - means) / spreads) ** 2  # (N, K)
        mode = (chances + rng.gumbel(size=chances.shape)).argmax(axis=1)  # a draw from the posterior
        inside = np.clip((x[:, 0] - means[mode]) / (4 * spreads[mode]), -0.99, 0.99)
        alike = hard[~missing, None] == np.array(self.frequent)  # (N, F)
        own = alike.any(axis=1)
        rows = np.flatnonzero(~missing)
        soft[rows, 0] = np.where(own, 0, inside)
        soft[rows, 1 + np.where(own, len(means) + alike.argmax(axis=1) if self.frequent else 0, mode)] = 1
        return soft

    def harden(self, soft: np.ndarray) -> np.ndarray:
        mode = soft[:, 1:].argmax(axis=1)
        between = np.minimum(mode, len(self.means) - 1)
        x = soft[:, 0] * 4 * np.array(self.spreads)[between] + np.array(self.means)[between]
        numbers = np.clip(np.expm1(x) if self.logarithmic else x, self.low, self.high)
        if self.points:
            numbers = _nearest(np.array(self.points), numbers)
        elif self.whole:
            numbers = np.rint(numbers)
        exact = np.array([*self.frequent, np.nan])  # modes after the mixture's
        return np.asarray(np.where(mode < len(self.means), numbers, exact[np.maximum(mode - len(self.means), 0)]))

    def embed(self, hard: np.ndarray) -> np.ndarray:
        z = (self._scaled(hard) - self.centre) / self.spread
        return np.column_stack([np.nan_to_num(z, nan=0.0), np.isnan(hard)]).astype(np.float32)

    def say(self, cell: Any) -> float | None:
        return None if np.isnan(cell) else float(cell)

    def _scaled(self, numbers: np.ndarray) -> np.ndarray:
        return np.asarray(np.log1p(np.maximum(numbers, 0)) if self.logarithmic else numbers)


def number_block(name: str, column: np.ndarray, seed: int) -> Number:
    """Learn the modes of a column with at least two different known numbers."""
    values = known(column)
    values = values[~np.isnan(values)]
    different, counts = np.unique(values, return_counts=True)
    frequent = np.sort(different[np.argsort(-counts, kind="stable")][:FREQUENT])
    frequent = frequent[np.isin(frequent, different[counts >= max(2, LEAST_WEIGHT * len(values))])]
    rest = values[~np.isin(values, frequent)]
    # a long right tail (prices, counts): the logarithm makes it even
    logarithmic = bool(values.min() >= 0 and values.mean() > 1.2 * np.median(values))
    scaled = np.log1p(values) if logarithmic else values
    between = rest if len(np.unique(rest)) > 1 else values
    means, spreads, weights = _mixture(np.log1p(between) if logarithmic else between, seed)
    points = tuple(different.tolist()) if len(different) <= min(POINTS, len(values) // 2) else ()
    return Number(
        name, logarithmic, means, spreads, weights, float(scaled.mean()), float(scaled.std()),
        tuple(frequent.tolist()), points,
        bool((values == np.rint(values)).all()), float(values.min()), float(values.max()),
    )  # fmt: skip


def _mixture(x: np.ndarray, seed: int) -> tuple[tuple[float, ...], ...]:
    """Means, spreads and weights of the modes."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import BayesianGaussianMixture

    if len(x) > MIXTURE_ROWS:
        x = np.random.default_rng(seed).choice(x, MIXTURE_ROWS, replace=False)
    mixture = BayesianGaussianMixture(
        n_components=min(MODES, len(np.unique(x))), weight_concentration_prior=0.001, max_iter=200, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # modes a little off are as good
        mixture.fit(x[:, None])
    heavy = mixture.weights_ >= LEAST_WEIGHT
    floor = 1e-3 * max(float(x.std()), 1e-9)
    spreads = np.maximum(np.sqrt(mixture.covariances_[heavy, 0, 0]), floor)
    weights = mixture.weights_[heavy] / mixture.weights_[heavy].sum()
    return tuple(mixture.means_[heavy, 0].tolist()), tuple(spreads.tolist()), tuple(weights.tolist())


def known(column: np.ndarray) -> np.ndarray:
    """float64 (N,), NaN where it is missing, infinite, or text that is no number."""
    if column.dtype == object:
        column = np.array([cell if NUMBER.fullmatch(str(cell)) else np.nan for cell in column], object)
    numbers = column.astype(np.float64)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _nearest(points: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    right = np.clip(np.searchsorted(points, numbers), 1, max(1, len(points) - 1))
    left = points[right - 1]
    right_points = points[np.minimum(right, len(points) - 1)]
    return np.where(numbers - left < right_points - numbers, left, right_points)

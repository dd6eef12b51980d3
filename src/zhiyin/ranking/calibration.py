"""From a ranker's raw score to a probability, learned on rows newer than the ranker's own.

Isotonic regression (Zadrozny and Elkan 2002) with many positives, a logistic curve (Platt 1999) with few. Both rise
strictly, so the order of the candidates stays: isotonic's flat steps are given the slope of the curve, which also goes
on where scores are higher than any that was seen. Letters: n rows, K knots.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

MANY_POSITIVES = 1000
"""From so many on, steps are learned; with fewer a curve of two numbers."""

TOGETHER = 100
"""Rows of neighbouring scores of which one share is taken."""

SLOPE = 0.5
"""Share of the curve in the mean of steps and curve. With little of it the best candidates of most people stand on the
last step, and all show the same number."""
LEAST_SLOPE = 1e-3
"""Of the curve, for one spread of the scores: a higher score never means less."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """A rising map from raw scores: a logistic curve, or its mean with isotonic steps."""

    method: str
    knots: np.ndarray
    """Raw score of each knot, ascending, float64 (K,)."""
    heights: np.ndarray
    """isotonic: the probability at each knot, float64 (K,)."""
    curve: np.ndarray
    """Slope and intercept of the logistic curve, float64 (2,)."""

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Probabilities of raw scores (log odds), float64, any shape."""
        slope, intercept = self.curve
        curve = _logistic(slope * scores + intercept)
        if self.method == "platt":
            return curve
        return np.asarray((1 - SLOPE) * np.interp(scores, self.knots, self.heights) + SLOPE * curve)

    def arrays(self) -> dict[str, np.ndarray]:
        return {f"calibration.{name}": getattr(self, name) for name in ("knots", "heights", "curve")}

    @classmethod
    def restored(cls, method: str, arrays: Mapping[str, np.ndarray]) -> "Calibration":
        return cls(method, *(arrays[f"calibration.{name}"] for name in ("knots", "heights", "curve")))


NONE = np.zeros(0)
PLAIN = Calibration("platt", NONE, NONE, np.array([1.0, 0.0]))
"""The logistic function itself: for scores that are log odds already."""


def calibrated(scores: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> Calibration:
    """Learn the map from raw scores (n,) and labels (n,) of both kinds; ``weights`` (n,): how much each row counts."""
    weights = np.ones(len(labels)) if weights is None else weights * (len(weights) / weights.sum())
    curve = _platt(scores, labels, weights)
    if labels.sum() >= MANY_POSITIVES:
        return Calibration("isotonic", *_isotonic(scores, labels, weights), curve)
    return Calibration("platt", NONE, NONE, curve)


def _isotonic(scores: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Knots and heights, (K,) each: rising shares of positives over neighbourhoods of `TOGETHER` rows, straight lines
    between their middles.

    Over single rows the highest would be 1 as soon as the highest score happens to be a positive one.
    """
    from sklearn.isotonic import IsotonicRegression

    order = np.argsort(scores, kind="stable")
    starts = np.arange(0, max(TOGETHER, len(order) - TOGETHER + 1), TOGETHER)  # the last one takes the rest
    sizes = np.add.reduceat(weights[order], starts)
    middles, shares = (np.add.reduceat((values * weights)[order], starts) / sizes for values in (scores, labels))
    # a little at either end keeps 0 and 1, which no finite sample proves, out of the answer
    steps = IsotonicRegression(y_min=0.5 / len(labels), y_max=1 - 0.5 / len(labels))
    return middles, np.asarray(steps.fit_transform(middles, shares, sample_weight=sizes))


def _logistic(logits: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -500, 500))))


def _platt(scores: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Slope (above 0) and intercept of the likeliest logistic curve, Platt's smoothed targets."""
    from scipy.optimize import minimize

    positives, negatives = weights @ labels, weights @ (1 - labels)
    targets = np.where(labels > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    centre, spread = scores.mean(), max(scores.std(), 1e-9)
    z = (scores - centre) / spread

    def loss(found: np.ndarray) -> tuple[float, np.ndarray]:
        logits = found[0] * z + found[1]
        wrong = weights * (1 / (1 + np.exp(-logits)) - targets)
        value = np.mean(weights * (np.logaddexp(0, logits) - targets * logits))
        return float(value), np.array([np.mean(wrong * z), np.mean(wrong)])

    mean = float(np.mean(weights * targets))
    base = np.log(mean / (1 - mean))
    slope, intercept = minimize(loss, np.array([1.0, base]), jac=True, bounds=[(LEAST_SLOPE, None), (None, None)]).x
    return np.array([slope / spread, intercept - slope * centre / spread])

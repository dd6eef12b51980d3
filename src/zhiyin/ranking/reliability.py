"""Whether a probability of 0.2 comes true two times in ten. Letters: n rows, K bins of equally many rows."""

from dataclasses import dataclass

import numpy as np

from zhiyin.core.errors import DataError
from zhiyin.core.wire import FigureJSON
from zhiyin.evaluation.intervals import LEVEL, resampled_means


@dataclass(frozen=True, eq=False)
class Reliability:
    """The reliability diagram and its error."""

    predicted: np.ndarray
    """Mean probability of each bin, (K,)."""
    observed: np.ndarray
    """Share of positives of each bin, (K,)."""
    rows: np.ndarray
    """Rows of each bin, (K,)."""
    error: float
    """Expected calibration error: the mean of |observed - predicted| over rows."""
    log_loss: float
    """Mean of -log of the probability given to what happened."""
    normalised_entropy: float
    """Log loss over that of the base rate: below 1 the probabilities say more than their mean. NaN for one class."""


def reliability_of(probability: np.ndarray, labels: np.ndarray, bins: int = 10) -> Reliability:
    """Probabilities (n,) against labels (n,), in ``bins`` of equal mass; raises `DataError` for no rows."""
    if not len(labels) or len(labels) != len(probability):
        raise DataError(f"{len(probability)} probabilities for {len(labels)} labels; give at least one of each")
    probability, labels = np.asarray(probability, np.float64), np.asarray(labels, np.float64)
    parts = [part for part in np.array_split(np.argsort(probability, kind="stable"), bins) if len(part)]
    predicted = np.array([probability[part].mean() for part in parts])
    observed = np.array([labels[part].mean() for part in parts])
    rows = np.array([len(part) for part in parts])
    loss, base = _log_loss(probability, labels), _log_loss(np.full_like(labels, labels.mean()), labels)
    error = float(np.abs(observed - predicted) @ rows / rows.sum())
    return Reliability(predicted, observed, rows, error, loss, loss / base if base > 0 else float("nan"))


def calibration_error(
    probability: np.ndarray, labels: np.ndarray, groups: np.ndarray | None = None, *, bins: int = 10, seed: int = 0
) -> FigureJSON:
    """The expected calibration error of probabilities (n,) with its interval (95 %) over requests, ``groups`` (n,).

    Chance alone makes bins differ, so that the plain error (`Reliability.error`) of few rows is above 0 for the true
    probabilities, too; the bootstrap tells by how much, and that is taken off. Raises `DataError` for no rows.
    """
    plain = reliability_of(probability, labels, bins).error
    probability, labels = np.asarray(probability, np.float64), np.asarray(labels, np.float64)
    owners = np.arange(len(labels)) if groups is None else np.unique(groups, return_inverse=True)[1]
    which = np.empty(len(labels), np.int64)
    for number, part in enumerate(np.array_split(np.argsort(probability, kind="stable"), bins)):
        which[part] = number
    n = int(owners.max()) + 1
    gaps = np.bincount(owners * bins + which, labels - probability, minlength=n * bins).reshape(n, bins)
    means = resampled_means(np.column_stack([gaps, np.bincount(owners)]), seed)
    drawn = means[:, :-1] / means[:, -1:]  # (R, K); a drawn request brings all of its rows
    errors = np.abs(drawn).sum(axis=1)
    high, low = 2 * plain - np.quantile(errors, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    chance = np.quantile(np.abs(drawn - gaps.sum(axis=0) / len(labels)).sum(axis=1), (1 + LEVEL) / 2)
    value, high = (max(0.0, float(x)) for x in (2 * plain - errors.mean(), high))
    low = 0.0 if plain <= chance else max(0.0, float(low))  # as far from 0 as that the true probabilities come, too
    return {"value": value, "low": low, "high": high, "n": n}


def losses(probability: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """-log of the probability given to what happened, float64 (n,)."""
    safe = np.clip(np.asarray(probability, np.float64), 1e-15, 1 - 1e-15)
    return np.asarray(-np.where(labels > 0, np.log(safe), np.log1p(-safe)))


def _log_loss(probability: np.ndarray, labels: np.ndarray) -> float:
    return float(losses(probability, labels).mean()) if 0 < labels.mean() < 1 else 0.0

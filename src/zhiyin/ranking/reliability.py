"""Whether a probability of 0.2 comes true two times in ten. Letters: n rows, K bins of equally many rows."""

from dataclasses import dataclass

import numpy as np

from zhiyin.core.errors import DataError


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


def losses(probability: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """-log of the probability given to what happened, float64 (n,)."""
    safe = np.clip(np.asarray(probability, np.float64), 1e-15, 1 - 1e-15)
    return np.asarray(-np.where(labels > 0, np.log(safe), np.log1p(-safe)))


def _log_loss(probability: np.ndarray, labels: np.ndarray) -> float:
    return float(losses(probability, labels).mean()) if 0 < labels.mean() < 1 else 0.0

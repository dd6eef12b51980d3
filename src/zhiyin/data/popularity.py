"""How often each item was taken, over all time or in the newest days."""

import numpy as np

from zhiyin.data.dataset import Dataset

DAY_S = 86_400


def counts(dataset: Dataset, *, window_days: float | None = None, now: int | None = None) -> np.ndarray:
    """Events of positive weight of each item, float64 (N,).

    With ``window_days`` only those of so many days up to ``now`` (seconds UTC; the newest event without it).
    """
    histories = dataset.histories
    counted = histories.weights > 0
    if now is not None:
        counted &= histories.times <= now
    if window_days is not None and histories.n_events:
        newest = int(histories.times.max()) if now is None else now
        counted &= histories.times > newest - window_days * DAY_S
    return np.bincount(histories.items[counted], minlength=dataset.n_items).astype(np.float64)

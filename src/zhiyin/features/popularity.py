"""How much an item is taken, of late and over all, and for how long it has been there. Candidates: int32 (B, C)."""

import numpy as np

from zhiyin.data.contracts import Requests
from zhiyin.features.feature import Compute, Counters


def popularity(days: float | None) -> Compute:
    """log(1 + events of the item in the last ``days``)."""

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        return np.asarray(np.log1p(counters.events(candidates, requests.now[:, None], days)))  # (B, C)

    return compute


def trend(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
    """Log of the daily rate of the last 7 days over that of the last 30, one event added to both."""
    now = requests.now[:, None]
    week, month = counters.events(candidates, now, 7), counters.events(candidates, now, 30)
    return np.asarray(np.log((week + 1) / (month * 7 / 30 + 1)))


def trend_1d(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
    """Log of the rate of the last day over that of the last 7, one event added to both."""
    now = requests.now[:, None]
    day, week = counters.events(candidates, now, 1), counters.events(candidates, now, 7)
    return np.asarray(np.log((day + 1) / (week / 7 + 1)))


def item_recency(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
    """log(1 + days since anybody took the item)."""
    return np.asarray(np.log1p(counters.days_since_last(candidates, requests.now[:, None])))


def item_age(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
    """log(1 + days since somebody first took the item)."""
    return np.asarray(np.log1p(counters.days_since_first(candidates, requests.now[:, None])))

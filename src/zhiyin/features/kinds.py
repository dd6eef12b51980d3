"""Counters of one kind of event: views, carts, purchases, and how many of one end in another.

Letters: B requests, C candidates.
"""

import numpy as np
from scipy import sparse

from zhiyin.data.contracts import Requests
from zhiyin.features.counters import chosen
from zhiyin.features.feature import Compute, Counters

SMOOTHING = 20.0
"""Events of the first kind that every item is credited with, at the rate of all items."""


def count(kind: str, days: float | None) -> Compute:
    """log(1 + events of this kind of the item in the last ``days``)."""

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        return np.asarray(np.log1p(counters.events(candidates, requests.now[:, None], days, kind)))

    return compute


def conversion(first: str, then: str, days: float | None = None, smoothing: float = SMOOTHING) -> Compute:
    """Log of events of the kind ``then`` over those of the kind ``first``, drawn towards the rate of all items.

    NaN before there is any event of the two."""

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        now = requests.now[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = counters.all_events(now, days, then) / counters.all_events(now, days, first)  # (B, 1)
            reached = counters.events(candidates, now, days, then) + smoothing * rate
            ratio = reached / (counters.events(candidates, now, days, first) + smoothing)
            return np.asarray(np.where((ratio > 0) & np.isfinite(ratio), np.log(ratio), np.nan))

    return compute


def own(kind: str) -> Compute:
    """log(1 + how often the person did this with the item)."""

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        code = counters.dataset.kinds.index(kind) if kind in counters.dataset.kinds else -1
        history = requests.histories.keep(requests.histories.kinds == code)
        width = int(max(history.items.max(initial=0), candidates.max(initial=0))) + 1
        ones = np.ones(history.n_events, np.float32)
        counts = sparse.csr_matrix((ones, history.items.copy(), history.offsets), shape=(len(history), width))
        counts.sum_duplicates()
        return np.asarray(np.log1p(chosen(counts, candidates)))

    return compute

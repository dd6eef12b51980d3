"""What the person did: how much, how recently, and with this very item.

Letters: B requests, C candidates, E events of the histories, N items.
"""

import numpy as np
from scipy import sparse

from zhiyin.data.contracts import Histories, Requests
from zhiyin.features.feature import DAY, Counters

RECENT = 20
"""Newest events that stand for what the person is after now."""


def liked(requests: Requests) -> Histories:
    """The events of positive weight. Not to be changed: it may be the history itself."""
    histories = requests.histories
    mask = histories.weights > 0
    return histories if mask.all() else histories.keep(mask)


def spread(per_person: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """A number of each person (B,) for all their candidates."""
    return np.broadcast_to(per_person[:, None], candidates.shape)


def activity(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
    """log(1 + events of the person)."""
    return spread(np.log1p(liked(requests).lengths), candidates)


def variety(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
    """Different items over events of the person; NaN for an empty history."""
    history = liked(requests)
    width = int(history.items.max(initial=0)) + 1
    different = np.diff(history.matrix(width).indptr)
    return spread(np.where(history.lengths > 0, different / np.maximum(history.lengths, 1), np.nan), candidates)


def person_recency(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
    """log(1 + days since the person's newest event); NaN for an empty history, or without time."""
    history = liked(requests)
    days = np.full(len(history), np.nan)
    active = (history.lengths > 0) & counters.timed
    days[active] = (requests.now[active] - history.times[history.offsets[1:][active] - 1]) / DAY
    return spread(np.log1p(np.maximum(days, 0)), candidates)


def times_taken(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
    """log(1 + how often the person took this item before)."""
    history = liked(requests)
    width = int(max(history.items.max(initial=0), candidates.max(initial=0))) + 1
    ones = np.ones(history.n_events, np.float32)
    counts = sparse.csr_matrix((ones, history.items.copy(), history.offsets), shape=(len(history), width))
    counts.sum_duplicates()
    return np.asarray(np.log1p(_chosen(counts, candidates)))


def days_since_taken(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
    """log(1 + days since the person last took this item); NaN where they never did, or without time."""
    if not counters.timed:
        return np.full(candidates.shape, np.nan)
    history = liked(requests)
    width = int(max(history.items.max(initial=0), candidates.max(initial=0))) + 1
    keys = history.owners * width + history.items
    order = np.lexsort([history.times, keys])
    keys, times = keys[order], history.times[order]
    wanted = np.arange(len(requests))[:, None] * width + np.maximum(candidates, 0)  # (B, C)
    at = np.searchsorted(keys, wanted, side="right") - 1  # the newest event of this person with this item
    found = at >= 0
    found[found] = keys[at[found]] == wanted[found]
    days = np.full(candidates.shape, np.nan)
    now = np.broadcast_to(requests.now[:, None], candidates.shape)
    days[found] = (now[found] - times[at[found]]) / DAY
    return np.asarray(np.log1p(np.maximum(days, 0)))


def resemblance(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
    """How often the same people took this item and the newest items of the person."""
    return counters.resemblance(liked(requests).newest(RECENT), candidates, requests.now)


def resemblance_last(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
    """How often the same people took this item and the person's very last one."""
    return counters.resemblance(liked(requests).newest(1), candidates, requests.now)


def person_trend(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
    """Log of the person's daily rate of the last 7 days over that of the last 30, one event added to both."""
    if not counters.timed:
        return np.full(candidates.shape, np.nan)
    history = liked(requests)
    ages = requests.now[history.owners] - history.times
    week, month = (np.bincount(history.owners[ages <= days * DAY], minlength=len(requests)) for days in (7, 30))
    return spread(np.log((week + 1) / (month * 7 / 30 + 1)), candidates)


def _chosen(matrix: sparse.csr_matrix, candidates: np.ndarray) -> np.ndarray:
    """The cells of a sparse (B, N) matrix at ``candidates`` (B, C), float32."""
    if not candidates.size:
        return np.zeros(candidates.shape, np.float32)
    rows = np.repeat(np.arange(len(candidates)), candidates.shape[1])
    return np.asarray(matrix[rows, np.maximum(candidates, 0).ravel()]).reshape(candidates.shape)

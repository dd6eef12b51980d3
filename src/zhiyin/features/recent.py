"""How like an item is to what the person took last, by any vectors of items: content, or a model's.

Letters: B requests, C candidates, N items, D numbers of a vector.
"""

import numpy as np

from zhiyin.data.contracts import Requests
from zhiyin.features.feature import Compute, Counters
from zhiyin.features.person import liked

LAST = 5
"""Newest items whose mean is compared."""
BYTES = 1 << 20
"""Of candidates' vectors that are multiplied at once: they stay in the cache."""


def to_recent(vectors: np.ndarray) -> Compute:
    """Cosine of the item's vector and the mean of those of the person's last items; NaN where either has none."""
    unit = _unit(vectors)  # (N, D)
    known = ~np.isnan(unit[:, 0]) if unit.shape[1] else np.zeros(len(unit), bool)

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        history = liked(requests)
        inside = history.items < len(unit)
        has = inside & known[np.where(inside, history.items, 0)] if len(unit) else np.zeros(history.n_events, bool)
        last = history.keep(has).newest(LAST)
        persons = np.zeros((len(requests), unit.shape[1]), unit.dtype)  # (B, D)
        np.add.at(persons, last.owners, unit[last.items])
        persons = _unit(persons)
        persons[last.lengths == 0] = np.nan
        found = np.full(candidates.shape, np.nan)
        step = max(1, BYTES // (unit.itemsize * max(1, candidates.shape[1] * unit.shape[1])))
        for start in range(0, len(requests), step):
            part = slice(start, start + step)
            there = (candidates[part] >= 0) & (candidates[part] < len(unit))
            rows = np.take(unit, np.where(there, candidates[part], 0), axis=0) if len(unit) else None
            if rows is not None:
                found[part] = np.where(there, np.einsum("bd,bcd->bc", persons[part], rows), np.nan)
        return found

    return compute


def _unit(vectors: np.ndarray) -> np.ndarray:
    """At length 1; NaN where a vector is missing or says nothing."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(vectors / np.where(lengths > 0, lengths, np.nan))

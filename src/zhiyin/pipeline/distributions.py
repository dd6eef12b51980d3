"""How a log is spread: events a person, an item, over time, of each kind, and their values. Letters: n numbers."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from zhiyin.data.dataset import Dataset

DAY = 86_400
STEPS = (1, 7, 30.44, 91.3, 365.25)
"""Days of a column of the picture over time."""
MOST = 60
"""Columns of that picture at most, where a longer step is left."""
DIFFERENT = 12
"""Different values that each have a column."""


def distributions(dataset: Dataset) -> dict[str, Any]:
    """Of each ``labels`` and ``counts``; ``half``: how many items half of all events are on. Nothing empty is in it."""
    h = dataset.histories
    an_item = np.bincount(h.items, minlength=dataset.n_items)
    values = h.values[np.isfinite(h.values)]
    kinds = np.bincount(h.kinds, minlength=len(dataset.kinds))
    found = {
        "person": _doublings(h.lengths[h.lengths > 0]),
        "item": _doublings(an_item[an_item > 0]),
        "time": _over_time(h.times) if dataset.order == "time" else {},
        "kind": _named(dataset.kinds, kinds) if (kinds > 0).sum() > 1 else {},
        "value": _spread(values),
    }
    ordered = np.cumsum(np.sort(an_item)[::-1])
    half = int(np.searchsorted(ordered, h.n_events / 2) + 1) if h.n_events else 0
    return {
        **{name: one for name, one in found.items() if one},
        "half": {"items": half, "of": int((an_item > 0).sum())},
    }  # fmt: skip


def _named(names: Any, counts: np.ndarray) -> dict[str, Any]:
    return {
        "labels": [str(name) for name, n in zip(names, counts, strict=True) if n],
        "counts": [int(n) for n in counts if n],
    }  # fmt: skip


def _doublings(numbers: np.ndarray) -> dict[str, Any]:
    """Whole numbers from 1 on, by 1, 2–3, 4–7, 8–15 …"""
    if not len(numbers):
        return {}
    counts = np.bincount(np.frexp(numbers)[1] - 1)  # frexp is exact where a logarithm is not
    names = [f"{2**b:,}" if b == 0 else f"{2**b:,}–{2 ** (b + 1) - 1:,}" for b in range(len(counts))]
    return {"labels": names, "counts": counts.tolist()}


def _over_time(times: np.ndarray) -> dict[str, Any]:
    """Events of each day, week, month …, from the first on."""
    first, last = int(times.min()), int(times.max())
    days = next((step for step in STEPS if (last - first) / DAY / step < MOST), (last - first) / DAY / (MOST - 1))
    place = ((times - first) / (days * DAY)).astype(np.int64)
    starts = [first + round(n * days * DAY) for n in range(int(place.max()) + 1)]
    return {
        "labels": [f"{datetime.fromtimestamp(start, UTC):%Y-%m-%d}" for start in starts],
        "counts": np.bincount(place).tolist(), "days": days,
    }  # fmt: skip


def _spread(values: np.ndarray) -> dict[str, Any]:
    """Each value where they are few, else doublings where they are whole numbers, else equal parts of what all but the
    smallest and the largest hundredth are within."""
    if not len(values):
        return {}
    different, counts = np.unique(values, return_counts=True)
    if len(different) <= DIFFERENT:
        return {"labels": [f"{value:g}" for value in different], "counts": counts.tolist()}
    if different[0] >= 1 and (different == np.round(different)).all():
        return _doublings(values)
    low, high = np.quantile(values, [0.01, 0.99])
    counts, edges = np.histogram(values, bins=DIFFERENT, range=(float(low), float(high)))
    return {"labels": [f"{edge:.3g}" for edge in edges[:-1]], "counts": counts.tolist()}

"""What is taken more now than a little while ago.

For each item n₁ events in the last days and n₀ in as many days before: (n₁ − n₀) / √(n₁ + n₀), by how many standard
deviations two counts of the same rate (Poisson) would differ so. Letters: N items.
"""

from collections.abc import Callable, Mapping

import numpy as np

from zhiyin.answering.answer import Answerer
from zhiyin.core.ids import UNKNOWN
from zhiyin.data.contracts import Candidates

SOURCE = "rising"
Taken = Callable[[int, int], Mapping[str, int]]
"""How often each item was taken live from one moment (included) to another (not), seconds UTC."""
DAY_S = 86_400


def rising(answerer: Answerer, now: int, days: float, live: Taken) -> Candidates:
    """All items of one request (1, N), those that rise most first; a log without times counts as one moment."""
    catalogue = answerer.assembly.catalogue
    half = round(days * DAY_S)
    recent, before = (
        _counts(answerer, until, days) + _on_rows(catalogue.ids.rows, live(until - half, until), len(catalogue))
        for until in (now + 1, now + 1 - half)
    )
    rise = (recent - before) / np.sqrt(np.maximum(recent + before, 1))
    order = np.lexsort((-recent, -rise)).astype(np.int32)
    bits = np.ones((1, len(order)), np.uint32)
    return Candidates(order[None], rise[order][None].astype(np.float32), bits, (SOURCE,))


def _counts(answerer: Answerer, until: int, days: float) -> np.ndarray:
    """Events of the log in the ``days`` before ``until``, float64 (N,)."""
    counted = answerer.taken(np.arange(len(answerer.assembly.catalogue)), np.array([until]), days)
    return np.asarray(np.nan_to_num(counted))


def _on_rows(rows_of: Callable[..., np.ndarray], taken: Mapping[str, int], n_items: int) -> np.ndarray:
    rows, n = rows_of(taken), np.fromiter(taken.values(), np.float64)
    there = rows != UNKNOWN
    return np.asarray(np.bincount(rows[there], n[there], minlength=n_items))

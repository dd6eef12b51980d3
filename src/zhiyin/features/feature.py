"""What a feature is, and what it may ask about the past.

Letters: B requests, C candidates of a request, D numbers of a feature.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from zhiyin.data.contracts import Histories, Requests

DAY = 86_400
"""Seconds."""


class Counters(Protocol):
    """What happened to the items before a moment. Everything is strictly before ``until``: the future changes nothing.

    ``items`` int32 and ``until`` int64 (seconds UTC) broadcast against each other. Items never met count 0.
    """

    timed: bool
    """False where the events carry no time: ``until`` is then ignored and everything known is counted."""

    def events(self, items: np.ndarray, until: np.ndarray, days: float | None = None) -> np.ndarray:
        """Events of positive weight in the last ``days`` before ``until`` (all without), float64.

        NaN for a window where there is no time.
        """
        ...

    def days_since_last(self, items: np.ndarray, until: np.ndarray) -> np.ndarray:
        """Days from the item's newest event to ``until``, float64; NaN where there is none, or no time."""
        ...

    def days_since_first(self, items: np.ndarray, until: np.ndarray) -> np.ndarray:
        """Days from the item's oldest event to ``until``, float64; NaN where there is none, or no time."""
        ...

    def resemblance(self, histories: Histories, candidates: np.ndarray, until: np.ndarray) -> np.ndarray:
        """How often the same people took the candidate and the items of a history, float32 (B, C).

        The sum over the history's items j ≠ i of the cosine n(i, j) / √(n(i) n(j)), n counting people up to the
        midnight (UTC) before ``until`` (B,).
        """
        ...


Compute = Callable[[Requests, np.ndarray, Counters], np.ndarray]
Among = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Feature:
    """One definition: a column, or D of them, for every candidate of every request."""

    name: str
    inputs: tuple[str, ...]
    """What it reads: ``history``, ``moment``, ``counters``, ``catalogue``, or the name of a model."""
    meaning: str
    """One sentence for `zhiyin features show`."""
    compute: Compute
    """(requests, candidates int32 (B, C), counters) → float32 (B, C) or (B, C, D). NaN = not known."""
    among: Among | None = None
    """What becomes of these numbers beside those of the request's other candidates: (numbers (B, C), counted bool
    (B, C)) → (B, C), where a candidate that is not counted changes nothing for another. Without, each stands alone."""

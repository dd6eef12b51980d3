"""The moment of asking: where it stands in the day and the week (UTC), as points of a circle: midnight has no edge."""

import numpy as np

from zhiyin.data.contracts import Requests
from zhiyin.features.feature import DAY, Compute, Counters
from zhiyin.features.person import spread

MONDAY_S = 3 * DAY
"""The first of January 1970 was a Thursday."""


def cycle(period_s: int, part: str) -> Compute:
    """Sine or cosine of where the moment stands in a day or a week; NaN without time."""
    wave = np.sin if part == "sin" else np.cos

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        if not counters.timed:
            return np.full(candidates.shape, np.nan)
        turns = (requests.now + MONDAY_S) % period_s / period_s
        return spread(wave(2 * np.pi * turns), candidates)

    return compute


def of_person(column: str) -> Compute:
    """The person's number of this column."""

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        person = requests.person or {}
        if column not in person or person[column].dtype.kind not in "biuf":
            return np.full(candidates.shape, np.nan)
        return spread(person[column].astype(np.float64), candidates)

    return compute

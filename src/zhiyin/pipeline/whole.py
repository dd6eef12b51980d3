"""A whole line as one `Scorer`, so that it is judged as every model is. Letters: B requests, N items, C candidates."""

import numpy as np

from zhiyin.answering import Assembly, proposed
from zhiyin.data.contracts import Requests
from zhiyin.features import Counters


class WholeLine:
    """Candidates by the ranker's probability (above 1), the rest by popularity (0 to 1)."""

    def __init__(self, assembly: Assembly, counters: Counters, popularity: np.ndarray) -> None:
        self.assembly, self.counters = assembly, counters
        self.rest = (popularity - popularity.min()) / max(float(np.ptp(popularity)), 1.0)  # (N,)

    def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray:
        found = proposed(self.assembly.sources, requests).rows  # (B, C)
        scores = np.tile(self.rest.astype(np.float32), (len(requests), 1))  # (B, N)
        if found.shape[1]:
            b, c = np.nonzero(found >= 0)
            scores[b, found[b, c]] = 1 + self.assembly.scores(requests, found, self.counters)[b, c]
        if candidates is None:
            return scores
        chosen = np.take_along_axis(scores, np.maximum(candidates, 0), axis=1)
        return np.where(candidates < 0, np.float32(-np.inf), chosen)

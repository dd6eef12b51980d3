"""What the sources of a recipe propose, by NAME; and the whole line as one `Scorer`.

Letters: B requests, N items, C candidates of a request, F feature columns.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from zhiyin.answering import features_for, merge
from zhiyin.data.contracts import Candidates, CandidateSource, Requests
from zhiyin.features import Counters, Feature


def merged(sources: Mapping[str, tuple[CandidateSource, int]], requests: Requests) -> Candidates:
    """The best of each source by NAME, merged: each item once, by its best place."""
    return merge(
        [replace(source.candidates(requests, n), source_names=(name,)) for name, (source, n) in sources.items()]
    )


class Ranked:
    """Sources, features and a ranker as one `Scorer`: candidates by probability (above 1), the rest by popularity."""

    def __init__(
        self, sources: Mapping[str, tuple[CandidateSource, int]], features: list[Feature], counters: Counters,
        ranker: Any, rest: np.ndarray,
    ) -> None:  # fmt: skip
        self.sources, self.features, self.counters, self.ranker = sources, features, counters, ranker
        self.rest = (rest - rest.min()) / max(float(np.ptp(rest)), 1.0)  # (N,) in 0..1

    def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray:
        proposed = merged(self.sources, requests)
        scores = np.tile(self.rest.astype(np.float32), (len(requests), 1))  # (B, N)
        if proposed.rows.shape[1]:
            values = features_for(requests, proposed, self.features, self.counters).values  # (B, C, F)
            probability = self.ranker.probability(values)  # (B, C)
            b, c = np.nonzero(proposed.rows >= 0)
            scores[b, proposed.rows[b, c]] = 1 + probability[b, c]
        if candidates is None:
            return scores
        chosen = np.take_along_axis(scores, np.maximum(candidates, 0), axis=1)
        return np.where(candidates < 0, np.float32(-np.inf), chosen)

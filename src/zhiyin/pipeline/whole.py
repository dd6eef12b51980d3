"""A whole line as one `Scorer`, so that it is judged as every model is. Letters: B requests, N items, C candidates."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zhiyin.answering import features_for, proposed
from zhiyin.data.contracts import FILL, Candidates, Requests
from zhiyin.features import Counters, Feature, FeatureTable

KEPT_BYTES = 512 << 20
"""Of feature tables that are kept for the next ranker."""


class Tables:
    """Candidates and their columns, the same for every ranker: made once for the same people, while they fit."""

    def __init__(self, sources: Mapping[str, tuple[Any, int]], features: Sequence[Feature], counters: Counters) -> None:
        self.sources, self.features, self.counters = sources, features, counters
        self._kept: dict[bytes, tuple[Candidates, FeatureTable]] = {}
        self._room = KEPT_BYTES

    def of(self, requests: Requests) -> tuple[Candidates, FeatureTable]:
        """The candidates (B, C) of these requests, and their columns (B, C, F)."""
        key = _digest(requests)
        if key not in self._kept:
            found = proposed(self.sources, requests)
            made = found, features_for(requests, found, self.features, self.counters)
            self._room -= made[1].values.nbytes
            if self._room < 0:
                return made
            self._kept[key] = made
        return self._kept[key]


class WholeLine:
    """Candidates by the ranker's probability (above 1), the rest by popularity (0 to 1)."""

    def __init__(self, tables: Tables, ranker: Any, popularity: np.ndarray) -> None:
        self.tables, self.ranker = tables, ranker
        read = [getattr(model, "facts", {}).get("parts", ()) for model, _ in tables.sources.values()]
        self.facts = {"parts": list(dict.fromkeys(part for parts in read for part in parts))}
        self.rest = (popularity - popularity.min()) / max(float(np.ptp(popularity)), 1.0)  # (N,)

    def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray:
        found, table = self.tables.of(requests)
        scores = np.tile(self.rest.astype(np.float32), (len(requests), 1))  # (B, N)
        b, c = np.nonzero(found.rows != FILL)
        scores[b, found.rows[b, c]] = 1 + self.ranker.probability(table.values)[b, c]
        if candidates is None:
            return scores
        chosen = np.take_along_axis(scores, np.maximum(candidates, 0), axis=1)
        return np.where(candidates < 0, np.float32(-np.inf), chosen)

    def ranked(self, requests: Requests) -> Candidates:
        """The candidates, best first."""
        found, table = self.tables.of(requests)
        scores = np.where(found.rows == FILL, -np.inf, self.ranker.probability(table.values))  # (B, C)
        order = np.argsort(-scores, axis=1, kind="stable")
        rows, scores, sources = (np.take_along_axis(a, order, axis=1) for a in (found.rows, scores, found.sources))
        return Candidates(rows, scores, sources, found.source_names)


def _digest(requests: Requests) -> bytes:
    """Of who asks what when."""
    histories = requests.histories
    parts = (
        histories.offsets,
        histories.items,
        histories.times,
        histories.weights,
        requests.now,
        requests.exclude.rows,
    )
    return hashlib.blake2b(b"|".join(np.ascontiguousarray(part).tobytes() for part in parts)).digest()

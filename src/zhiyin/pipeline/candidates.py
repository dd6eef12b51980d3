"""What the sources propose, merged: each item once, with its sources; and the whole line as one `Scorer`.

Letters: B requests, N items, C candidates of a request, F feature columns.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from zhiyin.data.contracts import FILL, Candidates, CandidateSource, Requests
from zhiyin.features import Counters, Feature, compute_table


def merged(sources: Mapping[str, tuple[CandidateSource, int]], requests: Requests) -> Candidates:
    """The best of each source, one round of first places after the other; each item once.

    ``scores`` are 1 / place of the best source; bit s of ``sources`` says that source s proposed the item.
    """
    found = [source.candidates(requests, n).rows for source, n in sources.values()]
    width = max((rows.shape[1] for rows in found), default=0)
    rows = np.full((len(requests), width, len(found)), FILL, np.int32)  # (B, place, source)
    for s, proposed in enumerate(found):
        rows[:, : proposed.shape[1], s] = proposed
    flat = rows.reshape(len(requests), -1)
    bits = np.tile(np.uint32(1) << np.arange(len(found), dtype=np.uint32), width)
    places = np.repeat(np.arange(width), len(found))
    return _each_once(flat, bits, places, tuple(sources))


def _each_once(flat: np.ndarray, bits: np.ndarray, places: np.ndarray, names: tuple[str, ...]) -> Candidates:
    kept: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for row in flat:
        real = np.flatnonzero(row >= 0)
        items, first, which = np.unique(row[real], return_index=True, return_inverse=True)
        mask = np.zeros(len(items), np.uint32)
        np.bitwise_or.at(mask, which, bits[real])
        order = np.argsort(first, kind="stable")
        kept.append((items[order], mask[order], places[real[first[order]]]))
    width = max((len(items) for items, _, _ in kept), default=0)
    rows = np.full((len(flat), width), FILL, np.int32)
    scores = np.full((len(flat), width), -np.inf, np.float32)
    sources = np.zeros((len(flat), width), np.uint32)
    for b, (items, mask, place) in enumerate(kept):
        rows[b, : len(items)], sources[b, : len(items)], scores[b, : len(items)] = items, mask, 1 / (1 + place)
    return Candidates(rows, scores, sources, names)


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
            values = compute_table(self.features, requests, proposed.rows, self.counters).values  # (B, C, F)
            probability = self.ranker.probability(values)  # (B, C)
            b, c = np.nonzero(proposed.rows >= 0)
            scores[b, proposed.rows[b, c]] = 1 + probability[b, c]
        if candidates is None:
            return scores
        chosen = np.take_along_axis(scores, np.maximum(candidates, 0), axis=1)
        return np.where(candidates < 0, np.float32(-np.inf), chosen)

"""What large models say of person and candidate. Models are handed in; this room knows them by their promises alone.

Letters: B requests, C candidates, D numbers of a vector.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import rankdata

from zhiyin.core.errors import ModelError
from zhiyin.data.contracts import Requests, Scorer, VectorModel
from zhiyin.features.feature import Compute, Counters, Feature

DIMENSIONS = 8
"""First numbers of a vector that become columns."""


def model_feature(name: str, what: str, model: Any) -> Feature:
    """``NAME.score``, ``.rank``, ``.similarity``, ``.person_vector`` or ``.item_vector`` of one model."""
    kinds: dict[str, Callable[[Any], Compute]] = {
        "score": score, "rank": rank, "similarity": similarity, "person_vector": person_vector,
        "item_vector": item_vector,
    }  # fmt: skip
    if what not in kinds:
        raise ModelError(f"feature {name}.{what!s} does not exist; a model gives: {', '.join(kinds)}")
    if what not in ("score", "rank") and not isinstance(model, VectorModel):
        raise ModelError(f"feature {name}.{what} needs vectors, {name} has none; use {name}.score or {name}.rank")
    kind = kinds[what]
    return Feature(f"{name}.{what}", ("history", name), (kind.__doc__ or "").strip(), kind(model))


def score(model: Scorer) -> Compute:
    """The model's score of the candidate, in spreads from the mean of the request's candidates."""

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        return standardised(np.where(candidates < 0, np.nan, model.score(requests, candidates)))  # (B, C)

    return compute


def standardised(scores: np.ndarray) -> np.ndarray:
    """Each row at mean 0 and spread 1, 0 where all are alike; NaN stays.

    How large a model's scores are changes each time it is trained: a ranker could not read them a month later.
    """
    there = ~np.isnan(scores)
    n = np.maximum(there.sum(axis=1, keepdims=True), 1)
    scores = scores.astype(np.float64)
    apart = scores - np.where(there, scores, 0).sum(axis=1, keepdims=True) / n
    spread = np.sqrt((np.where(there, apart, 0) ** 2).sum(axis=1, keepdims=True) / n)
    return np.asarray(apart / np.where(spread > 1e-6 * np.abs(scores - apart), spread, np.inf))


def rank(model: Scorer) -> Compute:
    """log2 of the candidate's place by the model's score among the candidates of the request; 0 is the first."""

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        if not candidates.size:
            return np.zeros(candidates.shape)
        return np.asarray(np.log2(rankdata(-model.score(requests, candidates), axis=1)))

    return compute


def similarity(model: VectorModel) -> Compute:
    """Cosine of the person's and the candidate's vector."""

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        persons, items = _unit(model.user_vectors(requests)), _unit(model.item_vectors)
        return np.asarray(np.einsum("bd,bcd->bc", persons, _rows(items, candidates)))

    return compute


def person_vector(model: VectorModel) -> Compute:
    """The first numbers of the person's vector."""

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        first = model.user_vectors(requests)[:, None, :DIMENSIONS]
        return np.broadcast_to(first, (*candidates.shape, first.shape[2]))  # (B, C, D)

    return compute


def item_vector(model: VectorModel) -> Compute:
    """The first numbers of the candidate's vector."""

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        return _rows(model.item_vectors[:, :DIMENSIONS], candidates)  # (B, C, D)

    return compute


def _unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def _rows(vectors: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """The candidates' vectors (B, C, D), NaN for rows that the model does not have."""
    inside = (candidates >= 0) & (candidates < len(vectors))
    chosen = vectors[np.where(inside, candidates, 0)]
    return np.where(inside[..., None], chosen, np.float32(np.nan))

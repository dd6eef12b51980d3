"""What large models say of person and candidate. Models are handed in; this room knows them by their promises alone.

Letters: B requests, C candidates, D numbers of a vector.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from zhiyin.core.errors import ModelError
from zhiyin.core.lengths import at_length_one
from zhiyin.core.once import once
from zhiyin.data.contracts import Requests, VectorModel
from zhiyin.features.feature import Among, Compute, Counters, Feature

DIMENSIONS = 8
"""First numbers of a vector that become columns."""
SIMILARITY_BYTES = 1 << 20
"""Of candidates' vectors that are multiplied at once: they stay in the cache."""


class Asked:
    """A model that several features of a table read: it is asked once for the same requests, not by each of them."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self._scored: tuple[Requests, np.ndarray, np.ndarray] | None = None
        self._met: tuple[Requests, np.ndarray] | None = None

    def scores(self, requests: Requests, candidates: np.ndarray) -> np.ndarray:
        """(B, C), as the model has them."""
        last = self._scored
        if last is None or last[0] is not requests or last[1] is not candidates:
            last = self._scored = requests, candidates, self.model.score(requests, candidates)
        return last[2]

    def compute(self, requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        """The scores (B, C), NaN for "no item"."""
        return np.where(candidates < 0, np.nan, self.scores(requests, candidates))

    @cached_property
    def directions(self) -> np.ndarray:
        """The items' vectors (N, D) at length 1."""
        return at_length_one(self.model.item_vectors)

    @cached_property
    def firsts(self) -> np.ndarray:
        """The first numbers of the items' vectors, side by side in memory."""
        return np.ascontiguousarray(self.model.item_vectors[:, :DIMENSIONS])

    def persons(self, requests: Requests) -> np.ndarray:
        """Their vectors (B, D)."""
        last = self._met
        if last is None or last[0] is not requests:
            last = self._met = requests, once(self.model.user_vectors, requests)
        return last[1]


def model_feature(name: str, what: str, asked: Asked) -> Feature:
    """``NAME.score``, ``.rank``, ``.similarity``, ``.person_vector`` or ``.item_vector`` of one model."""
    kinds: dict[str, Callable[[Asked], Compute]] = {
        "score": score, "rank": rank, "similarity": similarity, "person_vector": person_vector,
        "item_vector": item_vector,
    }  # fmt: skip
    if what not in kinds:
        raise ModelError(f"feature {name}.{what!s} does not exist; a model gives: {', '.join(kinds)}")
    if what not in ("score", "rank") and not isinstance(asked.model, VectorModel):
        raise ModelError(f"feature {name}.{what} needs vectors, {name} has none; use {name}.score or {name}.rank")
    kind = kinds[what]
    meaning = (kind.__doc__ or "").strip()
    return Feature(f"{name}.{what}", ("history", name), meaning, kind(asked), AMONG.get(what))


def score(asked: Asked) -> Compute:
    """The model's score of the candidate, in spreads from the mean of the request's candidates."""
    return asked.compute


def rank(asked: Asked) -> Compute:
    """log2 of the candidate's place by the model's score among the candidates of the request; 0 is the first."""
    return asked.compute


def standardised(scores: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Each row at mean 0 and spread 1 over its ``counted``, 0 where all are alike; NaN stays.

    How large a model's scores are changes each time it is trained: a ranker could not read them a month later.
    """
    there = counted & ~np.isnan(scores)
    n = np.maximum(there.sum(axis=1, keepdims=True), 1)
    scores = scores.astype(np.float64)
    apart = scores - np.where(there, scores, 0).sum(axis=1, keepdims=True) / n
    spread = np.sqrt((np.where(there, apart, 0) ** 2).sum(axis=1, keepdims=True) / n)
    return np.asarray(apart / np.where(spread > 1e-6 * np.abs(scores - apart), spread, np.inf))


def placed(scores: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """log2 of each score's place among the ``counted`` of its row, the middle place among equals; the highest has 0."""
    n = scores.shape[1]
    order = np.argsort(-scores, axis=1, kind="stable")  # NaN last
    ordered, here = (np.take_along_axis(part, order, axis=1) for part in (scores, counted))
    upto = np.cumsum(here, axis=1)
    differs = ordered[:, 1:] != ordered[:, :-1]
    edge = np.ones((len(scores), min(n, 1)), bool)
    first = np.maximum.accumulate(np.where(np.hstack([edge, differs]), np.arange(n), 0), axis=1)
    last = np.minimum.accumulate(np.where(np.hstack([differs, edge]), np.arange(n), n)[:, ::-1], axis=1)[:, ::-1]
    above = np.take_along_axis(upto - here, first, axis=1)
    alike = np.take_along_axis(upto, last, axis=1) - above - here  # beside the candidate itself
    places = np.empty(scores.shape)
    np.put_along_axis(places, order, 1 + above + alike / 2, axis=1)
    return np.asarray(np.log2(places))


AMONG: Mapping[str, Among] = {"score": standardised, "rank": placed}
"""What a score becomes beside those of the other candidates."""


def similarity(asked: Asked) -> Compute:
    """Cosine of the person's and the candidate's vector."""

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        persons, items = at_length_one(asked.persons(requests)), asked.directions
        found = np.zeros(candidates.shape, np.result_type(persons, items))
        step = max(1, SIMILARITY_BYTES // (items.itemsize * max(1, candidates.shape[1] * items.shape[1])))
        for start in range(0, len(requests), step):
            part = slice(start, start + step)
            np.einsum("bd,bcd->bc", persons[part], _rows(items, candidates[part]), out=found[part])
        return found

    return compute


def person_vector(asked: Asked) -> Compute:
    """The first numbers of the person's vector."""

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        first = asked.persons(requests)[:, None, :DIMENSIONS]
        return np.broadcast_to(first, (*candidates.shape, first.shape[2]))  # (B, C, D)

    return compute


def item_vector(asked: Asked) -> Compute:
    """The first numbers of the candidate's vector."""

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        return _rows(asked.firsts, candidates)  # (B, C, D)

    return compute


def _rows(vectors: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """The candidates' vectors (B, C, D), NaN for rows that the model does not have."""
    inside = (candidates >= 0) & (candidates < len(vectors))
    chosen = np.take(vectors, np.where(inside, candidates, 0), axis=0)
    chosen[~inside] = np.nan
    return chosen

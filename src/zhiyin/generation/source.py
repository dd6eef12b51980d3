"""The generator as a source of candidates: what it would make for a person, and the items that come nearest.

Letters: B requests, S draws of a person, N items, D numbers of an embedded item, k candidates.
An item's score is the logarithm of a kernel density of a person's draws at that item, its width the usual distance
between neighbours of the catalogue. Everybody is given the same luck (noise and tosses), so that what differs between
two people is what they did, and the same history gives the same candidates.
"""

from typing import Any

import numpy as np

from zhiyin.core.errors import ModelError
from zhiyin.core.once import once
from zhiyin.core.randomness import generator as random_stream
from zhiyin.data.contracts import Candidates, Catalogue, Requests
from zhiyin.retrieval import best_rows

DRAWS = 16
"""Specifications that are drawn for each person."""
BUDGET = 64 << 20
"""Bytes of distances held at once."""


class Generated:
    """A `CandidateSource` and `Scorer` from a generator and the model whose vectors it was trained with."""

    name = "generated"
    reads_history = True
    version = 0

    def __init__(self, generator: Any, condition: Any, draws: int = DRAWS) -> None:
        """``generator``: a trained one that faces the catalogue of ``condition``, a `VectorModel`.

        Raises `ModelError` where the two have different items: rows of one would be other items of the other.
        """
        if generator.catalogue.ids.digest != condition.catalogue.ids.digest:
            raise ModelError(
                f"{generator.name} has {len(generator.catalogue):,} items, the model of its vectors "
                f"{len(condition.catalogue):,} others; face the same catalogue: generator.facing(model.catalogue)"
            )
        self.generator, self.condition, self.draws = generator, condition, draws
        self.weighting = condition.weighting
        self.width = generator.neighbours.usual(0.5)

    @property
    def catalogue(self) -> Catalogue:
        found: Catalogue = self.condition.catalogue
        return found

    def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray:
        """float32 (B, N), or (B, C) for ``candidates`` int32 (B, C); -1 among them gives -inf."""
        parts = [self._scores(part) for part in self._blocks(requests)]
        scores = np.concatenate([np.zeros((0, len(self.catalogue)), np.float32), *parts])
        if candidates is None:
            return scores
        chosen = np.take_along_axis(scores, np.maximum(candidates, 0), axis=1)
        return np.where(candidates < 0, np.float32(-np.inf), chosen)

    def candidates(self, requests: Requests, k: int, allowed: np.ndarray | None = None) -> Candidates:
        """The ``k`` items nearest to what would be made, none of ``requests.exclude``; ``allowed`` is bool (N,)."""
        rows, scores = [np.zeros((0, k), np.int32)], [np.zeros((0, k), np.float32)]
        for part in self._blocks(requests):
            best = best_rows(self._scores(part), k, exclude=part.exclude, allowed=allowed)
            rows.append(best[0])
            scores.append(best[1])
        found = np.concatenate(rows)
        return Candidates(found, np.concatenate(scores), (found >= 0).astype(np.uint32), (self.name,))

    def _blocks(self, requests: Requests) -> list[Requests]:
        step = max(1, BUDGET // (4 * self.draws * max(1, len(self.catalogue))))
        starts = range(0, len(requests), step)
        return [requests] if len(starts) == 1 else [requests.take(slice(start, start + step)) for start in starts]

    def _scores(self, requests: Requests) -> np.ndarray:
        """float32 (B, N)"""
        vectors = once(self.condition.user_vectors, requests)  # (B, D)
        hard = self.generator.alike(vectors, self.draws, random_stream(self.generator.config.seed, "source"))
        points = self.generator.encoding.embed(hard)  # (B·S, D)
        far = self.generator.neighbours.squares_to(points)  # (B·S, N)
        far *= -0.5 / self.width**2
        near = far.reshape(len(requests), self.draws, -1)  # (B, S, N)
        top = near.max(axis=1)  # (B, N)
        near -= top[:, None]
        np.exp(near, out=near)
        return np.asarray(top + np.log(near.mean(axis=1)), np.float32)

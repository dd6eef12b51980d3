"""Getting to know a new person by a few questions: which items to show, so that the answers tell most.

Letters: B people who are asked, A answers so far, P people of the population, G groups of them, N items, D numbers of a
person's vector. The population falls into groups of like taste; an answer is *like*, *dislike* or *not known*, and
p(answer | item, group) is counted in the group. What an item's answer is expected to tell of the group is

    I(item) = H(Σ_g p(g | answers) p(· | item, g)) - Σ_g p(g | answers) H(p(· | item, g)),

0 for an item that everybody likes or nobody knows. Reference: Golbandi et al. 2011, doi 10.1145/1935826.1935910, who
grow a tree of questions; a posterior over groups needs no tree and takes any answers.
"""

from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD

from zhiyin.core.errors import ModelError
from zhiyin.data.contracts import Histories, Requests, VectorModel

LIKE, UNKNOWN, DISLIKE = 1, 0, -1
"""Answers."""
ANSWERS = np.array([LIKE, UNKNOWN, DISLIKE])
SMOOTHING = 2.0
"""People of the whole population's opinion that are added to each group."""
WIDTH = 32
"""D, where the model has no vectors of people."""
BLOCK = 64
"""People whose (G, N) numbers are worked out at once."""


class Onboarding:
    """Questions for somebody new, and what the answers say."""

    def __init__(self, shares: np.ndarray, chances: np.ndarray) -> None:
        """``shares`` (G,): of the population in each group; ``chances`` (G, N, 3): of each answer of `ANSWERS`."""
        self.shares = shares.astype(np.float64)
        self.chances = chances.astype(np.float32)
        self.logs = np.log(self.chances)
        self.doubts = -(self.chances * self.logs).sum(axis=2)  # (G, N) entropy within each group

    @classmethod
    def of(cls, model: Any, population: Histories, groups: int = 1500, seed: int = 0) -> Self:
        """From a trained ``model`` (whose vectors of people say who is alike, where it has any) and what people of its
        catalogue did: a positive weight is a like, a negative one a dislike.

        Many small ``groups`` tell people apart better than a few large ones, at 24 bytes for each group and item.
        Raises `ModelError` where the model is not trained or fewer than two people like something.
        """
        if not getattr(model, "is_trained", False):
            raise ModelError(f"questions need a trained model, found {model!r}; call fit(dataset) first")
        n_items = len(model.catalogue)
        active = np.unique(population.owners[population.weights > 0])
        if len(active) < 2:
            raise ModelError(
                f"questions are learned from people who like something, found {len(active)}; give the histories of the "
                "training part", found=str(len(active)),
            )  # fmt: skip
        population = population.take(active)
        matrix = population.matrix(n_items, weighted=True)  # (P, N)
        vectors = _vectors(model, population, seed)
        found = KMeans(min(groups, len(active)), n_init=1, random_state=seed).fit_predict(vectors)
        sizes = np.bincount(found)  # (G,)
        members = np.eye(len(sizes), dtype=np.float32)[found].T  # (G, P)
        likes, dislikes = (np.asarray(members @ (matrix * sign > 0).astype(np.float32)) for sign in (1, -1))  # (G, N)
        counted = np.stack([likes, sizes[:, None] - likes - dislikes, dislikes], axis=2)  # (G, N, 3)
        everybody = (counted.sum(axis=0) + 1 / 3) / (len(active) + 1)  # (N, 3)
        chances = (counted + SMOOTHING * everybody) / (sizes[:, None, None] + SMOOTHING)
        return cls(sizes / sizes.sum(), chances)

    def posterior(self, items: np.ndarray, answers: np.ndarray) -> np.ndarray:
        """How likely each group is after ``answers`` (B, A) about ``items`` int (B, A), float64 (B, G); -1 among the
        items is no question. Raises `ModelError` for an answer that is none of `ANSWERS`."""
        if strange := set(np.unique(answers)) - set(ANSWERS.tolist()):
            raise ModelError(
                f"an answer is {sorted(strange)[0]}; it may be 1 (like), 0 (not known), -1 (dislike)",
                found=sorted(strange)[0], allowed="1, 0, -1",
            )  # fmt: skip
        which = 1 - np.asarray(answers, np.int64)  # places in ANSWERS
        told = self.logs[:, np.maximum(items, 0), which] * (items >= 0)  # (G, B, A)
        logs = np.log(self.shares) + told.sum(axis=2, dtype=np.float64).T  # (B, G)
        found = np.exp(logs - logs.max(axis=1, keepdims=True))
        return np.asarray(found / found.sum(axis=1, keepdims=True))

    def information(self, items: np.ndarray, answers: np.ndarray) -> np.ndarray:
        """What each item's answer is expected to tell, nats, float32 (B, N); 0 for those that were asked about."""
        belief = self.posterior(items, answers).astype(np.float32)  # (B, G)
        n_groups, n_items, _ = self.chances.shape
        found = np.empty((len(belief), n_items), np.float32)
        for start in range(0, len(belief), BLOCK):
            part = belief[start : start + BLOCK]
            mixed = (part @ self.chances.reshape(n_groups, -1)).reshape(len(part), n_items, 3)
            found[start : start + BLOCK] = -(mixed * np.log(mixed)).sum(axis=2) - part @ self.doubts
        owners, places = np.nonzero(items >= 0)
        found[owners, items[owners, places]] = 0
        return np.maximum(found, 0)

    def ask(self, items: np.ndarray, answers: np.ndarray, n: int = 1, allowed: np.ndarray | None = None) -> np.ndarray:
        """The ``n`` items to show next, the one that tells most first, int64 (B, n); none that was asked about.

        ``items``, ``answers`` (B, A), A may be 0. ``allowed``: bool (N,), items that may be shown.
        """
        told = self.information(items, answers)
        owners, places = np.nonzero(items >= 0)
        told[owners, items[owners, places]] = -1
        if allowed is not None:
            told[:, ~allowed] = -1
        return np.argsort(-told, axis=1, kind="stable")[:, :n]

    def likely(self, items: np.ndarray, answers: np.ndarray) -> np.ndarray:
        """The chance that the person likes each item, by the groups alone, float32 (B, N)."""
        return np.asarray(self.posterior(items, answers).astype(np.float32) @ self.chances[:, :, 0])


def histories_of(items: np.ndarray, answers: np.ndarray) -> Histories:
    """What was answered as histories, which any model can be asked about: likes weigh 1, dislikes -1."""
    told = (answers != UNKNOWN) & (items >= 0)  # (B, A)
    plain = Histories.of(row[there].tolist() for row, there in zip(items, told, strict=True))
    return replace(plain, weights=answers[told].astype(np.float32))


def _vectors(model: Any, population: Histories, seed: int) -> np.ndarray:
    """Of each person, float32 (P, D): the model's, else what most of the differences between people come to."""
    if isinstance(model, VectorModel):
        return np.asarray(model.user_vectors(Requests.of(population)))
    matrix = population.matrix(len(model.catalogue))
    width = min(WIDTH, *(size - 1 for size in matrix.shape))
    return np.asarray(TruncatedSVD(max(1, width), random_state=seed).fit_transform(matrix), np.float32)

"""ItemKNN: what people took together, whatever the order.

Letters: B requests, U people, N items, K neighbours. With X (U, N) the likes, each column weighted as the setting says,

    s_ij = x_i · x_j / (‖x_i‖ ‖x_j‖ + shrink),   score = Σ_e weight(e) · decay^age(e) · s_{e,·}

over the K nearest of each item. Reference: Deshpande and Karypis 2004, doi 10.1145/963770.963776; BM25 as in Robertson
and Zaragoza 2009 with items as documents. We let old events fade, and let a disliked item count against its neighbours.
"""

from typing import Literal, Self

import numpy as np
from pydantic import Field
from scipy import sparse

from zhiyin.core.progress import Progress
from zhiyin.data.contracts import Cases
from zhiyin.data.dataset import Dataset
from zhiyin.models.model import ModelConfig
from zhiyin.models.neighbours.similarity import NeighbourModel, nearest
from zhiyin.models.profiles import popularity

BLOCK = 512
"""Items whose similarities to all others are held at once."""
BM25_SATURATION, BM25_LENGTH = 1.2, 0.75
"""The usual constants: people with long histories say less about each of their items."""


class ItemKNNConfig(ModelConfig):
    """Settings of ItemKNN."""

    similarity: Literal["cosine", "tfidf", "bm25"] = "cosine"
    """How a person's likes are weighted: all alike, or less for people who like much (tfidf, bm25)."""
    neighbours: int = Field(default=200, gt=0)
    """K: nearest items kept for each item."""
    shrink: float = Field(default=20.0, ge=0)
    """Added to the denominator: similarities that few people speak for shrink."""
    decay: float = Field(default=0.7, gt=0, le=1)
    """What an event is worth when one more came after it; 1 forgets nothing."""


class ItemKNN(NeighbourModel[ItemKNNConfig]):
    """ItemKNN: people who took this also took that."""

    name = "ItemKNN"
    Config = ItemKNNConfig

    def fit(self, dataset: Dataset, *, validation: Cases | None = None, progress: Progress | None = None) -> Self:
        """Learn similarities from the likes; dislikes are read when scoring."""
        self.learned_from(dataset)
        likes = dataset.histories.matrix(dataset.n_items)
        weighted = likes if self.config.similarity == "cosine" else by_person(likes, self.config.similarity)
        self.neighbours = similarities(weighted, self.config.neighbours, self.config.shrink)
        self.shares = popularity(dataset.histories, dataset.n_items)
        return self


def by_person(likes: sparse.csr_matrix, similarity: str) -> sparse.csr_matrix:
    """Likes (U, N) weighted by how telling each person is: a person is a word, an item a document of people."""
    lengths = np.diff(likes.indptr).astype(np.float64)  # likes of each person
    rarity = np.log((1 + likes.shape[1]) / (1 + lengths)) + 1
    weighted = sparse.csr_matrix(likes, copy=True)
    weighted.data = np.repeat(rarity, np.diff(likes.indptr)).astype(np.float32)
    if similarity == "bm25":
        people = np.asarray(likes.sum(axis=0)).ravel()  # length of each document
        norm = 1 - BM25_LENGTH + BM25_LENGTH * people / max(1.0, people.mean())
        weighted.data *= ((BM25_SATURATION + 1) / (1 + BM25_SATURATION * norm))[likes.indices].astype(np.float32)
    return weighted


def similarities(weighted: sparse.csr_matrix, k: int, shrink: float) -> sparse.csr_matrix:
    """s of the equation above, the ``k`` nearest of each item, float32 (N, N), from weighted likes (U, N)."""
    people_of = weighted.T.tocsr()  # (N, U)
    norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=0), dtype=np.float64).ravel())
    rows = []
    for start in range(0, people_of.shape[0], BLOCK):
        block = (people_of[start : start + BLOCK] @ weighted).tocoo()  # (BLOCK, N)
        row, column = block.row + start, block.col
        other = row != column
        values = block.data[other] / (norms[row[other]] * norms[column[other]] + shrink)
        kept = (values.astype(np.float32), (block.row[other], column[other]))
        rows.append(nearest(sparse.csr_matrix(kept, shape=block.shape), k))
    return sparse.csr_matrix(sparse.vstack(rows, format="csr"))

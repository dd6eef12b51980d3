"""The nearest neighbours of each row, kept sparse: what ItemKNN and SequenceKNN answer from.

Letters: N items, K neighbours kept.
"""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from scipy import sparse

from zhiyin.data.contracts import Requests
from zhiyin.models.model import Model, ModelConfig
from zhiyin.models.profiles import profiles, with_prior

C = TypeVar("C", bound=ModelConfig)


class NeighbourModel(Model[C]):
    """Scores are a history's profile times a sparse matrix of similarities between items."""

    lowers_disliked = True
    neighbours: sparse.csr_matrix
    """Similarity of each item (row) to the items that it speaks for (columns), float32 (N, N)."""
    shares: np.ndarray
    """Popularity, float32 (N,): orders the answer to an empty history."""

    @property
    def decay(self) -> float:
        """What an event is worth when one more came after it."""
        return float(getattr(self.config, "decay", 1.0))

    def score_all(self, requests: Requests) -> np.ndarray:
        profile = profiles(requests.histories, len(self.catalogue), self.decay)  # (B, N)
        return with_prior((profile @ self.neighbours).toarray(), requests.histories, self.shares)

    def arrays(self) -> Mapping[str, np.ndarray]:
        return {**stored("neighbours", self.neighbours), "shares": self.shares}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.neighbours = taken_back("neighbours", arrays, len(self.catalogue))
        self.shares = arrays["shares"]


def nearest(similarities: sparse.csr_matrix, k: int) -> sparse.csr_matrix:
    """The ``k`` highest of each row, the lower column among equals; columns ascending."""
    lengths = np.diff(similarities.indptr)
    if lengths.max(initial=0) <= k:
        return similarities
    owners = np.repeat(np.arange(len(lengths)), lengths)
    order = np.lexsort((similarities.indices, -similarities.data, owners))
    place = np.arange(len(order)) - similarities.indptr[owners]  # within the row, best first
    kept = np.sort(order[place < k])
    offsets = np.concatenate([[0], np.cumsum(np.minimum(lengths, k))])
    return sparse.csr_matrix((similarities.data[kept], similarities.indices[kept], offsets), shape=similarities.shape)


def stored(name: str, matrix: sparse.csr_matrix) -> dict[str, np.ndarray]:
    """A sparse matrix as plain arrays."""
    return {
        f"{name}.values": matrix.data, f"{name}.columns": matrix.indices.astype(np.int32),
        f"{name}.offsets": matrix.indptr.astype(np.int64),
    }  # fmt: skip


def taken_back(name: str, arrays: Mapping[str, np.ndarray], n_columns: int) -> sparse.csr_matrix:
    """The inverse of `stored`."""
    parts = (arrays[f"{name}.values"], arrays[f"{name}.columns"], arrays[f"{name}.offsets"])
    return sparse.csr_matrix(parts, shape=(len(parts[2]) - 1, n_columns))

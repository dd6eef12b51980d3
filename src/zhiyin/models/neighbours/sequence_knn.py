"""SequenceKNN: what came soon after what; seconds on one core, and hard to beat where order matters.

Letters: N items, E events. Over all people, for every pair of events with i before j at a distance of Δ ≤ window,

    c_ij = Σ 1/Δ  +  reverse · (the same the other way round),   s_ij = c_ij / (√(n_i n_j) + shrink),
    score = Σ_e weight(e) · decay^age(e) · s_{e,·},   n_i the number of events of item i.

The weights by distance are those of session-based nearest neighbours (Ludewig and Jannach 2018, arXiv 1803.09587);
the small reverse part, the shrinking and the fading history are ours.
"""

from typing import Self

import numpy as np
from pydantic import Field
from scipy import sparse

from zhiyin.core.progress import Progress
from zhiyin.data.contracts import Cases, Histories
from zhiyin.data.dataset import Dataset
from zhiyin.models.model import ModelConfig
from zhiyin.models.neighbours.similarity import NeighbourModel, nearest
from zhiyin.models.profiles import liked, popularity


class SequenceKNNConfig(ModelConfig):
    """Settings of SequenceKNN."""

    window: int = Field(default=10, gt=0)
    """Events that far apart still count as a pair."""
    reverse: float = Field(default=0.25, ge=0, le=1)
    """What a pair is worth the other way round; 1 reads no direction."""
    shrink: float = Field(default=10.0, ge=0)
    """Added to the denominator: similarities that few people speak for shrink."""
    decay: float = Field(default=0.7, gt=0, le=1)
    """What an event is worth when one more came after it."""
    neighbours: int = Field(default=2000, gt=0)
    """Nearest items kept for each item."""


class SequenceKNN(NeighbourModel[SequenceKNNConfig]):
    """SequenceKNN: people who took this soon took that."""

    name = "SequenceKNN"
    Config = SequenceKNNConfig
    reads_order = True

    def fit(self, dataset: Dataset, *, validation: Cases | None = None, progress: Progress | None = None) -> Self:
        """Count pairs of liked events; dislikes are read when scoring."""
        self.learned_from(dataset)
        settings, likes = self.config, liked(dataset.histories)
        together = followers(likes, dataset.n_items, settings.window)  # c without its reverse part
        together = (together + settings.reverse * together.T).tocoo()
        n_events = np.bincount(likes.items, minlength=dataset.n_items).astype(np.float64)
        norm = np.sqrt(n_events[together.row] * n_events[together.col]) + settings.shrink
        values = ((together.data / norm).astype(np.float32), (together.row, together.col))
        self.neighbours = nearest(sparse.csr_matrix(values, shape=together.shape), settings.neighbours)
        self.shares = popularity(dataset.histories, dataset.n_items)
        return self


def followers(histories: Histories, n_items: int, window: int) -> sparse.csr_matrix:
    """Σ 1/Δ over pairs (i before j at distance Δ ≤ window), float64 (N, N)."""
    shape, owners, items = (n_items, n_items), histories.owners, histories.items
    total = sparse.csr_matrix(shape)
    for distance in range(1, min(window, int(histories.lengths.max(initial=0))) + 1):
        same = owners[:-distance] == owners[distance:]
        first, then = items[:-distance][same], items[distance:][same]
        total = total + sparse.csr_matrix((np.full(len(first), 1 / distance), (first, then)), shape=shape)
    return total

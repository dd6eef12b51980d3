"""SASRec: how it learns. What it computes is in network.py.

Letters: B people of a batch, T events read of all of them, R of these that are asked for something, E targets, D vector
width, N items. The loss is cross-entropy over the whole catalogue: exact, with neither sampled negatives nor padding
before the item table. What each event is to predict is in lessons.py.
"""

from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from zhiyin.core.progress import Progress
from zhiyin.data.contracts import Cases
from zhiyin.data.dataset import Dataset
from zhiyin.models.transformer.lessons import Lessons
from zhiyin.models.transformer.network import NextItemNetwork, SASRecConfig, SASRecModel
from zhiyin.training import Learner, Optimisers, Shuffled, learn, reproducible
from zhiyin.training.losses import softmax_likelihood


class NextItemLearner(Learner[Lessons]):
    """One update from one batch of sequences and what they are to predict."""

    dp_safe = True

    def __init__(self, network: NextItemNetwork, config: SASRecConfig) -> None:
        self.network: NextItemNetwork = network
        self.config = config

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        settings = self.config
        return {
            "main": torch.optim.AdamW(
                self.network.parameters(), lr=settings.learning_rate, betas=(0.9, 0.98),
                weight_decay=settings.weight_decay, fused=True,
            )
        }  # fmt: skip

    def step(self, batch: Lessons, optimisers: Optimisers) -> Tensor:
        offsets, rows = torch.from_numpy(batch.read.offsets), torch.from_numpy(batch.read.rows.astype(np.int64))
        vectors = self.network(offsets, rows)  # (T, D)
        people = torch.from_numpy(batch.targets.owners)
        asked, owners, n_targets = torch.unique_consecutive(
            offsets[people] + torch.from_numpy(batch.places.rows), return_inverse=True, return_counts=True
        )  # (R,), (E,), (R,)
        items = torch.from_numpy(batch.targets.rows.astype(np.int64))
        shares = (1 / n_targets.to(vectors.dtype))[owners] if len(items) > len(asked) else None
        total, losses = softmax_likelihood(
            vectors[asked], self.network.item_table[:-1], None, owners, items, weights=shares
        )
        optimisers.descend(total / len(asked), len(asked))
        person = torch.bucketize(asked, offsets[1:], right=True)  # (R,)
        sums = losses.new_zeros(len(batch)).index_add_(0, person, losses)
        return sums / torch.bincount(person, minlength=len(batch))  # (B,) the mean over each person's questions


class SASRec(SASRecModel):
    __doc__ = SASRecModel.__doc__

    def fit(
        self, dataset: Dataset, *, validation: Cases | None = None, progress: Progress | None = None,
        checkpoints: Path | str | None = None,
    ) -> Self:  # fmt: skip
        """Learn from everybody's sequence. ``checkpoints``: a folder from which a killed fit goes on."""
        self.learned_from(dataset)
        settings = self.config
        lessons = Lessons.of(dataset.histories, dataset.n_items, settings.max_history, settings.ahead)
        loader = Shuffled(lessons, settings.batch, settings.seed, lengths=lessons.read.lengths)
        with reproducible(settings.seed):
            self.network = NextItemNetwork(dataset.n_items, settings)
            learn(
                self, NextItemLearner(self.network, settings), loader,
                validation=validation, progress=progress, checkpoints=checkpoints,
            )  # fmt: skip
        return self

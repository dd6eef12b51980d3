"""SASRec: how it learns. What it computes is in network.py.

Letters: B people of a batch, T targets of all of them, D vector width, N items.
Every event is a target, predicted from those before it, by cross-entropy over the whole catalogue: exact, with neither
sampled negatives nor padding before the item table.
"""

from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from zhiyin.core.progress import Progress
from zhiyin.data.contracts import Cases, Ragged
from zhiyin.data.dataset import Dataset
from zhiyin.models.transformer.network import NextItemNetwork, SASRecConfig, SASRecModel, sequences_of
from zhiyin.training import Learner, Optimisers, Shuffled, learn, reproducible
from zhiyin.training.losses import softmax_likelihood


class NextItemLearner(Learner[Ragged]):
    """One update from one batch of sequences (start row first, newest ``max_history`` + 1 rows)."""

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

    def step(self, batch: Ragged, optimisers: Optimisers) -> Tensor:
        rows = torch.from_numpy(batch.rows.astype(np.int64))
        is_first, is_last = torch.zeros(len(rows), dtype=torch.bool), torch.zeros(len(rows), dtype=torch.bool)
        is_first[batch.offsets[:-1]], is_last[batch.offsets[1:] - 1] = True, True
        offsets = torch.from_numpy(batch.offsets - np.arange(len(batch.offsets)))
        vectors = self.network(offsets, rows[~is_last])  # (T, D)
        total, losses = softmax_likelihood(
            vectors, self.network.item_table[:-1], None, torch.arange(len(vectors)), rows[~is_first]
        )
        optimisers.descend(total / len(vectors))  # the mean over targets
        lengths = offsets.diff()
        sums = losses.new_zeros(len(lengths)).index_add_(0, torch.repeat_interleave(lengths), losses)
        return sums / lengths  # (B,) the mean over each person's targets


class SASRec(SASRecModel):
    __doc__ = SASRecModel.__doc__

    def fit(
        self, dataset: Dataset, *, validation: Cases | None = None, progress: Progress | None = None,
        checkpoints: Path | str | None = None,
    ) -> Self:  # fmt: skip
        """Learn from everybody's sequence. ``checkpoints``: a folder from which a killed fit goes on."""
        self.learned_from(dataset)
        sequences = sequences_of(dataset.histories, dataset.n_items, self.config.max_history + 1)
        sequences = sequences.take(np.flatnonzero(sequences.lengths > 1))
        loader = Shuffled(sequences, self.config.batch, self.config.seed, lengths=sequences.lengths)
        with reproducible(self.config.seed):
            self.network = NextItemNetwork(dataset.n_items, self.config)
            learn(
                self, NextItemLearner(self.network, self.config), loader,
                validation=validation, progress=progress, checkpoints=checkpoints,
            )  # fmt: skip
        return self

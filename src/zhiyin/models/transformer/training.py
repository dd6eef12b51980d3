"""Next-item Transformers: how they learn. What they compute is in network.py.

Letters: B people of a batch, T events read of all of them, R of these that are asked for something, E targets, K
negatives, D vector width, N items. Cross-entropy over the whole catalogue is exact, with no padding before the item
table; the other losses look at drawn items, and only rows of items that stand in the batch are taken from the table.
What each event is to predict is in lessons.py. Unlike eSASRec we take out draws that hit the target itself.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from zhiyin.core.progress import Progress
from zhiyin.data.contracts import Cases
from zhiyin.data.dataset import Dataset
from zhiyin.models.transformer.lessons import Lessons
from zhiyin.models.transformer.network import ESASRecModel, GSASRecModel, NextItemNetwork, SASRecModel
from zhiyin.models.transformer.settings import SASRecConfig
from zhiyin.training import Learner, Optimisers, Shuffled, learn, reproducible
from zhiyin.training.fitting import longer
from zhiyin.training.losses import (
    Proposal,
    bpr,
    calibrated,
    gbce,
    sampled_logits,
    sampled_softmax,
    softmax_likelihood,
)


class NextItemLearner(Learner[Lessons]):
    """One update from one batch of sequences and what they are to predict."""

    dp_safe = True

    def __init__(self, network: NextItemNetwork, config: SASRecConfig, counts: np.ndarray | None = None) -> None:
        """``counts`` (N,): how often each item is a target, for negatives drawn by it."""
        self.network: NextItemNetwork = network
        self.config = config
        among = None if network.content is None else (~network.content.silent[:-1]).nonzero()[:, 0]  # (n,)
        n_items = network.n_items if among is None else len(among)
        self.proposal = Proposal(network.n_items, counts if config.proposal == "frequency" else None, among)
        beta = calibrated(config.calibration, config.negatives, n_items)
        losses: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
            "sampled_softmax": sampled_softmax, "gbce": partial(gbce, beta=beta), "bce": gbce, "bpr": bpr,
        }  # fmt: skip
        self.sampled_loss = losses.get(config.loss)
        self.rest = min(1.0, config.negatives / max(1, n_items - 1)) if config.loss == "soft_softmax" else 1.0

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        settings = self.config
        return {
            "main": torch.optim.AdamW(
                self.network.parameters(), lr=settings.learning_rate, betas=(0.9, 0.98),
                weight_decay=settings.weight_decay, fused=True,
            )
        }  # fmt: skip

    def step(self, batch: Lessons, optimisers: Optimisers) -> Tensor:
        offsets, people = torch.as_tensor(batch.read.offsets), torch.as_tensor(batch.targets.owners)
        asked, owners, n_targets = torch.unique_consecutive(
            offsets[people] + torch.as_tensor(batch.places.rows), return_inverse=True, return_counts=True
        )  # (R,), (E,), (R,)
        items = torch.as_tensor(batch.targets.rows.astype(np.int64))
        shares = 1 / n_targets.to(self.network.item_table.dtype)[owners]  # (E,)
        total, losses = self.losses(batch.read.tensors(), asked, owners, items, shares)
        optimisers.descend(total / len(asked), len(asked))
        person = torch.bucketize(asked, offsets[1:], right=True)  # (R,)
        sums = losses.new_zeros(len(batch)).index_add_(0, person, losses)
        return sums / torch.bincount(person, minlength=len(batch))  # (B,) the mean over each person's questions

    def losses(
        self, read: tuple[Tensor, ...], asked: Tensor, owners: Tensor, items: Tensor, shares: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The sum over questions of their loss (differentiable), and each question's loss (R,), detached.

        Question r is about the events read up to ``asked[r]``; target e, item ``items[e]``, is one of its answers and
        counts ``shares[e]`` in its loss.
        """
        if self.sampled_loss is not None:
            each = shares * self.sampled_loss(*self._sampled(read, asked[owners], items))  # (E,)
            return each.sum(), each.new_zeros(len(asked)).index_add_(0, owners, each.detach())
        head, (inputs, outputs) = self.network.head, self.network.tables(self.config.content_dropout)
        vectors = head.people(self.network(*read, table=inputs)[asked])  # (R, D)
        table, bias = head.items(outputs), self.network.item_bias(learning=True)  # (N, D), (N,)
        weights = shares if len(items) > len(asked) else None
        return softmax_likelihood(vectors, table, bias, owners, items, weights, rest=self.rest)

    def _sampled(self, read: tuple[Tensor, ...], asked: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        """The logit of each target, (E,), and those of its negatives, (E, K)."""
        (offsets, rows, *rest), network, settings = read, self.network, self.config
        shape = (settings.negatives,) if settings.shared else (len(items), settings.negatives)
        drawn = self.proposal.draw(*shape)  # (K,) or (E, K)
        read_by, scored_by = (
            partial(of, nameless=settings.content_dropout) for of in (network.read_by, network.scored_by)
        )
        if network.output_table is None:
            inputs, (rows, taken, others) = looked_up(read_by, rows, items, drawn)
            outputs = inputs
        else:
            inputs, (rows,) = looked_up(read_by, rows)
            outputs, (taken, others) = looked_up(scored_by, items, drawn)
        people = network.head.people(network(offsets, rows, *rest, table=inputs)[asked])  # (E, D)
        outputs = network.head.items(outputs)
        positive, negative = sampled_logits(
            people, functional.embedding(taken, outputs), functional.embedding(others, outputs), drawn == items[:, None]
        )
        if settings.corrected:
            negative = negative - self.proposal.log_expected(drawn, settings.negatives)
        return positive, negative


def looked_up(vectors: Callable[[Tensor], Tensor], *rows: Tensor) -> tuple[Tensor, list[Tensor]]:
    """The ``vectors`` of all these rows, each once, (M, D), and where each row stands among them: a large table is read
    and given its gradient in one go."""
    there, places = torch.unique(torch.cat([part.reshape(-1) for part in rows]), return_inverse=True)
    parts = places.split([part.numel() for part in rows])
    return vectors(there), [one.view(part.shape) for one, part in zip(parts, rows, strict=True)]


class SASRec(SASRecModel):
    __doc__ = SASRecModel.__doc__

    def fit(
        self, dataset: Dataset, *, validation: Cases | None = None, progress: Progress | None = None,
        checkpoints: Path | str | None = None, start: Self | None = None,
    ) -> Self:  # fmt: skip
        """Learn from everybody's sequence. ``checkpoints``: a folder from which a killed fit goes on.

        ``start``: an earlier version to go on from; items that it does not know are new.
        """
        self.learned_from(dataset)
        settings = self.config
        lessons = Lessons.of(dataset.histories, dataset.n_items, settings.max_history, settings.ahead)
        liked = dataset.histories.keep(dataset.histories.weights > 0)
        loader = Shuffled(lessons, settings.batch, settings.seed, lengths=lessons.read.lengths)
        counts = np.bincount(lessons.targets.rows, minlength=dataset.n_items)
        with reproducible(settings.seed):
            self.network = self.new_network()
            self.knows(dataset, start)
            learn(
                self, NextItemLearner(self.network, settings, counts), loader,
                validation=validation, progress=progress, checkpoints=checkpoints, start=start,
                remark=longer(liked.lengths, settings.max_history),
            )  # fmt: skip
        return self


class GSASRec(GSASRecModel, SASRec):
    __doc__ = GSASRecModel.__doc__


class ESASRec(ESASRecModel, SASRec):
    __doc__ = ESASRecModel.__doc__

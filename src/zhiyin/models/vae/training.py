"""Mult-VAE: how it learns. What it computes is in network.py.

Letters: B people of a batch, E events, N items, D latent width, K width of an item's vector.
The loss of a person is -Σ_i x_i log softmax(logits)_i + β·½Σ(σ² + μ² - 1 - log σ²): the target x is the bag without
dropout, the sum runs over its items and is not divided by their number. β rises over a share of all updates, not over
a fixed number: the paper's 200,000 would never end on a small log.
"""

from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from zhiyin.core.progress import Progress
from zhiyin.data.contracts import Cases
from zhiyin.data.dataset import Dataset
from zhiyin.models.bags import BagModel
from zhiyin.models.profiles import signs
from zhiyin.models.vae.cosine import VAECosineModel
from zhiyin.models.vae.network import MultVAEConfig, MultVAEModel, MultVAENetwork
from zhiyin.training import Bags, Learner, Optimisers, Shuffled, learn, reproducible
from zhiyin.training.losses import softmax_likelihood
from zhiyin.training.schedules import rise


class VAELearner(Learner[Bags]):
    """One update of Mult-VAE from one batch of bags."""

    dp_safe = True

    def __init__(self, vae: MultVAENetwork, config: MultVAEConfig) -> None:
        self.network: nn.Module = vae
        self.vae = vae
        self.config = config

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        settings = self.config
        return {
            "main": torch.optim.AdamW(
                self.vae.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
            )
        }

    def step(self, batch: Bags, optimisers: Optimisers) -> Tensor:
        bags = tensors(batch)
        mean, log_variance = self.encoded(bags)  # (B, D) each
        latent = drawn(mean, log_variance)
        outputs = self.vae.outputs(self.config.content_dropout)
        fit, losses = likelihood(self.vae.unfold(latent), outputs, bags)
        divergence = 0.5 * (log_variance.exp() + mean * mean - 1 - log_variance).sum(dim=1)  # (B,)
        weight = self.config.kl_weight * rise(optimisers.share_done, self.config.annealing)
        optimisers.descend(fit + weight * divergence.mean(), len(batch))
        return losses + weight * divergence.detach()

    def encoded(self, bags: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and log variance (B, D), a share of events and of ids hidden."""
        return self.vae.encode(*bags, dropout=self.config.dropout, nameless=self.config.content_dropout)


def tensors(batch: Bags) -> tuple[Tensor, Tensor, Tensor]:
    """Offsets, items and values of a batch, sharing its memory."""
    return torch.as_tensor(batch.offsets), torch.as_tensor(batch.items), torch.as_tensor(batch.values)


def drawn(mean: Tensor, log_variance: Tensor) -> Tensor:
    """A latent vector of each person, (B, D), through which gradients flow to both."""
    return mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)


def likelihood(
    people: Tensor, outputs: tuple[Tensor, Tensor], bags: tuple[Tensor, Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """Mean over people (B, K) of -Σ log softmax over their liked items, and each one's, (B,), detached."""
    offsets, items, values = bags
    liked, shares = values > 0, people.new_full((len(people),), 1 / len(people))
    owners = torch.repeat_interleave(offsets.diff())
    if not liked.all():  # to pick out all of them is as much work as the bag itself
        owners, items = owners[liked], items[liked]
    return softmax_likelihood(people, *outputs, owners, items, row_weights=shares)


class FitsBags(BagModel[Any]):
    """How every model of bags is trained: a learner of its own, and everybody who likes something."""

    def learner(self) -> Learner[Any]:
        """What learns this model's network."""
        raise NotImplementedError

    def loader(self, people: Shuffled[Bags]) -> Any:
        """The batches of an epoch: each person once."""
        return people

    def fit(
        self, dataset: Dataset, *, validation: Cases | None = None, progress: Progress | None = None,
        checkpoints: Path | str | None = None, start: Self | None = None,
    ) -> Self:  # fmt: skip
        """Learn from everybody's bag of items. ``checkpoints``: a folder from which a killed fit goes on.

        ``start``: an earlier version to go on from; items that it does not know are new.
        """
        self.learned_from(dataset)
        matrix = signs(dataset.histories, dataset.n_items)  # (people, N)
        likes_something = np.asarray(matrix.max(axis=1).todense()).ravel() > 0
        bags = Bags.of(matrix[likes_something])
        with reproducible(self.config.seed):
            self.network = self.new_network()
            self.knows(dataset, start)
            learn(
                self, self.learner(), self.loader(Shuffled(bags, self.config.batch, self.config.seed)),
                validation=validation, progress=progress, checkpoints=checkpoints, start=start,
            )  # fmt: skip
        return self


class MultVAE(MultVAEModel, FitsBags):
    __doc__ = MultVAEModel.__doc__

    def learner(self) -> VAELearner:
        return VAELearner(self.network, self.config)


class VAECosine(VAECosineModel, MultVAE):
    __doc__ = VAECosineModel.__doc__

    def fit(
        self, dataset: Dataset, *, validation: Cases | None = None, progress: Progress | None = None,
        checkpoints: Path | str | None = None, start: Self | None = None,
    ) -> Self:  # fmt: skip
        """Learn as `MultVAE` does; the epoch is chosen by what the cosine recommends."""
        self._items = None
        super().fit(dataset, validation=validation, progress=progress, checkpoints=checkpoints, start=start)
        self.settle()
        return self

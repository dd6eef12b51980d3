"""Mult-VAE: how it learns. What it computes is in network.py.

Letters: B people of a batch, E events, N items, D latent width.
The loss of a person is -Σ_i x_i log softmax(logits)_i + β·½Σ(σ² + μ² - 1 - log σ²): the target x is the bag without
dropout, the sum runs over its items and is not divided by their number. β rises over a share of all updates, not over
a fixed number: the paper's 200,000 would never end on a small log.
"""

from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from zhiyin.core.progress import Progress
from zhiyin.data.contracts import Cases
from zhiyin.data.dataset import Dataset
from zhiyin.models.vae.cosine import VAECosineModel
from zhiyin.models.vae.network import MultVAEConfig, MultVAEModel, VAENetwork, signs
from zhiyin.training import Bags, Learner, Optimisers, Shuffled, learn, reproducible
from zhiyin.training.losses import softmax_likelihood
from zhiyin.training.schedules import rise


class VAELearner(Learner[Bags]):
    """One update of Mult-VAE from one batch of bags."""

    dp_safe = True

    def __init__(self, vae: VAENetwork, config: MultVAEConfig) -> None:
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
        offsets, items, values = tensors(batch)
        mean, log_variance = self.vae.encode(offsets, items, values)  # (B, D) each
        latent = drawn(mean, log_variance)
        liked, shares = values > 0, mean.new_full((len(batch),), 1 / len(batch))
        likelihood, losses = softmax_likelihood(
            self.vae.unfold(latent), self.vae.item_out, self.vae.bias_out,
            torch.repeat_interleave(offsets.diff())[liked], items[liked], row_weights=shares,
        )  # fmt: skip
        divergence = 0.5 * (log_variance.exp() + mean * mean - 1 - log_variance).sum(dim=1)  # (B,)
        weight = self.config.kl_weight * rise(optimisers.share_done, self.config.annealing)
        optimisers.descend(likelihood + weight * divergence.mean(), len(batch))
        return losses + weight * divergence.detach()


def tensors(batch: Bags) -> tuple[Tensor, Tensor, Tensor]:
    """Offsets, items and values of a batch, sharing its memory."""
    return torch.from_numpy(batch.offsets), torch.from_numpy(batch.items), torch.from_numpy(batch.values)


def drawn(mean: Tensor, log_variance: Tensor) -> Tensor:
    """A latent vector of each person, (B, D), through which gradients flow to both."""
    return mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)


class MultVAE(MultVAEModel):
    __doc__ = MultVAEModel.__doc__

    def learner(self) -> VAELearner:
        """What learns this model's network."""
        return VAELearner(self.network, self.config)

    def fit(
        self, dataset: Dataset, *, validation: Cases | None = None, progress: Progress | None = None,
        checkpoints: Path | str | None = None,
    ) -> Self:  # fmt: skip
        """Learn from everybody's bag of items. ``checkpoints``: a folder from which a killed fit goes on."""
        self.learned_from(dataset)
        matrix = signs(dataset.histories, dataset.n_items)  # (people, N)
        likes_something = np.asarray(matrix.max(axis=1).todense()).ravel() > 0
        bags = Bags.of(matrix[likes_something])
        with reproducible(self.config.seed):
            self.network = self.new_network()
            learn(
                self, self.learner(), Shuffled(bags, self.config.batch, self.config.seed),
                validation=validation, progress=progress, checkpoints=checkpoints,
            )  # fmt: skip
        return self


class VAECosine(VAECosineModel, MultVAE):
    __doc__ = VAECosineModel.__doc__

    def fit(
        self, dataset: Dataset, *, validation: Cases | None = None, progress: Progress | None = None,
        checkpoints: Path | str | None = None,
    ) -> Self:  # fmt: skip
        """Learn as `MultVAE` does; the epoch is chosen by what the cosine recommends."""
        self._items = None
        super().fit(dataset, validation=validation, progress=progress, checkpoints=checkpoints)
        self.settle()
        return self

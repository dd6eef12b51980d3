"""Adversarial VAE: how it learns. What it computes is in network.py.

Three steps of each batch (Makhzani et al. 2015, section 2): the autoencoder rebuilds the bags; the critic learns to
tell the encoder's latent vectors from draws of N(0, I); the encoder learns to fool it. A latent space can collapse
without any loss showing it, so the facts of the training say how many of its numbers still tell people apart.
Letters: B people of a batch, U people, D latent width.
"""

from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from zhiyin.core.progress import Progress
from zhiyin.data.contracts import Cases
from zhiyin.data.dataset import Dataset
from zhiyin.models.gan.network import AdversarialVAEConfig, AdversarialVAEModel, Critic
from zhiyin.models.vae.network import MultVAENetwork
from zhiyin.models.vae.training import MultVAE, VAELearner, drawn, tensors
from zhiyin.training import Bags, Optimisers

ACTIVE = 0.01
"""Variance of a latent mean over people from which on it tells them apart (Burda et al. 2016, arXiv 1509.00519)."""


class AdversarialLearner(VAELearner):
    """One update of the autoencoder, one of the critic, one of the encoder against it, from one batch of bags."""

    config: AdversarialVAEConfig

    def __init__(self, vae: MultVAENetwork, config: AdversarialVAEConfig) -> None:
        super().__init__(vae, config)
        with torch.random.fork_rng(devices=[]):  # the autoencoder's luck is the same with and without a critic
            self.critic = Critic(config.latent, config.critic)
        self.network = nn.ModuleDict({"vae": vae, "critic": self.critic})

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        rate, decay = self.config.learning_rate, self.config.weight_decay
        encoder, _ = self.vae.halves()
        against = {
            "critic": torch.optim.AdamW(self.critic.parameters(), rate * self.config.critic_rate, fused=True),
            "fool": torch.optim.AdamW(encoder, rate, weight_decay=decay, fused=True),
        }
        return {**super().optimisers(), **against}

    def step(self, batch: Bags, optimisers: Optimisers) -> Tensor:
        losses = super().step(batch, optimisers)
        if self.config.adversarial:
            latent = drawn(*self.encoded(tensors(batch)))  # (B, D)
            optimisers.descend(self.telling(torch.randn_like(latent), latent.detach()), len(batch), "critic")
            optimisers.descend(self.config.adversarial * self.fooling(latent), len(batch), "fool")
        return losses

    def telling(self, normal: Tensor, encoded: Tensor) -> Tensor:
        """The critic's loss: cross-entropy of normal draws (B, D) against encoded vectors (B, D)."""
        right = functional.softplus(-self.critic(normal)) + functional.softplus(self.critic(encoded))
        return 0.5 * right.mean()

    def fooling(self, encoded: Tensor) -> Tensor:
        """The encoder's loss, -log D: it still has a slope where the critic is sure of itself."""
        return functional.softplus(-self.critic(encoded)).mean()


class AdversarialVAE(AdversarialVAEModel, MultVAE):
    __doc__ = AdversarialVAEModel.__doc__

    def learner(self) -> AdversarialLearner:
        return AdversarialLearner(self.network, self.config)

    def fit(
        self, dataset: Dataset, *, validation: Cases | None = None, progress: Progress | None = None,
        checkpoints: Path | str | None = None, start: Self | None = None,
    ) -> Self:  # fmt: skip
        """Learn as `MultVAE` does; ``facts["active"]``: latent numbers that tell people apart, of ``latent``."""
        super().fit(dataset, validation=validation, progress=progress, checkpoints=checkpoints, start=start)
        means = self.latent(dataset.histories)  # (U, D)
        self.facts["active"] = int((means.var(axis=0) > ACTIVE).sum())
        return self

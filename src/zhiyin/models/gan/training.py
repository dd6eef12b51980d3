"""Adversarial VAE: how it learns. What it computes is in network.py.

Three steps of each batch (Makhzani et al. 2015, section 2): the autoencoder rebuilds the bags; the critic learns to
tell the encoder's latent vectors from draws of N(0, I); the encoder learns to fool it. What came of the latent space is
tested afterwards (cloud.py). Letters: B people of a batch, D latent width.
"""

from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from zhiyin.core.progress import Progress
from zhiyin.data.contracts import Cases
from zhiyin.data.dataset import Dataset
from zhiyin.models.gan.adversary import fooling, steepness, telling
from zhiyin.models.gan.cloud import cloud_of
from zhiyin.models.gan.network import AdversarialVAEConfig, AdversarialVAEModel, Critic
from zhiyin.models.vae.network import MultVAENetwork
from zhiyin.models.vae.training import MultVAE, VAELearner, drawn, tensors
from zhiyin.training import Bags, Optimisers, reproducible


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
            normal = torch.randn_like(latent)
            loss = telling(self.critic(normal), self.critic(latent.detach()))
            if self.config.penalty:
                loss = loss + self.config.penalty * steepness(self.critic, normal)
            optimisers.descend(loss, len(batch), "critic")
            optimisers.descend(self.config.adversarial * fooling(self.critic(latent)).mean(), len(batch), "fool")
        return losses


class AdversarialVAE(AdversarialVAEModel, MultVAE):
    __doc__ = AdversarialVAEModel.__doc__

    def learner(self) -> AdversarialLearner:
        return AdversarialLearner(self.network, self.config)

    def fit(
        self, dataset: Dataset, *, validation: Cases | None = None, progress: Progress | None = None,
        checkpoints: Path | str | None = None, start: Self | None = None,
    ) -> Self:  # fmt: skip
        """Learn as `MultVAE` does; ``facts["cloud"]`` says how people lie in the latent space."""
        super().fit(dataset, validation=validation, progress=progress, checkpoints=checkpoints, start=start)
        with torch.no_grad(), reproducible(self.config.seed):
            parts = [self.network.encode(*bags) for bags in self._bags(dataset.histories)]
            means, drawn_ = (torch.cat(found).numpy() for found in ([m for m, _ in parts], [drawn(*p) for p in parts]))
        self.facts.update(cloud_of(means, drawn_, self.config.seed))
        return self

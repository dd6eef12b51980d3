"""Conditional VAE: how it learns. What it computes is in network.py, what it learns from in generation/learning.py.

An encoder reads an item with its conditions into a Gaussian, the generator makes it again from a draw: the evidence
bound, -log p(item | z, person, asked) + β KL(q(z | item, person, asked) ‖ N(0, 1)).
Letters: B items of a batch, W width of an item, P of a person, V values that can be asked for, Z latent numbers.
Unlike TVAE (Xu et al. 2019, arXiv 1907.00503), sets of words are made beside one-of-many columns.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from zhiyin.generation.blocks import Category, Labels
from zhiyin.generation.encoding import Encoding
from zhiyin.generation.generator import Generator
from zhiyin.generation.learning import Batch, Learned
from zhiyin.generation.vae.network import ConditionalVAEConfig, ConditionalVAEModel
from zhiyin.training import Learner, Optimisers

SPREAD = 0.1
"""Standard deviation of a number around its place within a mode."""


class VAELearner(Learner[Batch]):
    """One step on the evidence bound."""

    def __init__(self, generator: Generator, config: ConditionalVAEConfig, person: int) -> None:
        encoding = generator.encoding
        width = encoding.width + person + len(encoding.askable)
        self.generator, self.config = generator, config
        self.encoder = nn.Sequential(
            nn.Linear(width, config.hidden), nn.ReLU(), nn.Linear(config.hidden, config.hidden), nn.ReLU(),
            nn.Linear(config.hidden, 2 * config.noise),
        )  # fmt: skip
        self.network = nn.ModuleDict({"generator": generator, "encoder": self.encoder})

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"main": torch.optim.Adam(self.network.parameters(), lr=self.config.learning_rate, fused=True)}

    def step(self, batch: Batch, optimisers: Optimisers) -> Tensor:
        mean, log_variance = self.encoder(torch.cat([batch.real, batch.person, batch.asked], dim=1)).chunk(2, dim=1)
        log_variance = log_variance.clamp(-10, 10)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)  # (B, Z)
        logits = self.generator(z, batch.person, batch.asked)  # (B, W)
        divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1)  # (B,)
        losses: Tensor = unlikelihood(self.generator.encoding, logits, batch.real) + self.config.divergence * divergence
        optimisers.descend(losses.mean())
        return losses.detach()


def unlikelihood(encoding: Encoding, logits: Tensor, real: Tensor) -> Tensor:
    """-log p(item | logits), (B,): a coin a word, one of many, and a Gaussian around a number's place in its mode."""
    losses: Tensor = logits.new_zeros(len(logits))
    for block, where in zip(encoding.blocks, encoding.slices, strict=True):
        part, truth = logits[:, where], real[:, where]
        if isinstance(block, Labels):
            losses = losses + functional.binary_cross_entropy_with_logits(part, truth, reduction="none").sum(dim=1)
        elif isinstance(block, Category):
            losses = losses - (truth * torch.log_softmax(part, dim=1)).sum(dim=1)
        else:
            losses = losses - (truth[:, 1:] * torch.log_softmax(part[:, 1:], dim=1)).sum(dim=1)
            losses = losses + 0.5 * ((torch.tanh(part[:, 0]) - truth[:, 0]) / SPREAD) ** 2
    return losses


class ConditionalVAE(Learned, ConditionalVAEModel):
    __doc__ = ConditionalVAEModel.__doc__

    def learner(self, width: int) -> VAELearner:
        return VAELearner(self.generator, self.config, width)

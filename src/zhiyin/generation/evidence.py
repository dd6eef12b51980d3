"""The evidence bound of an item: an encoder reads it into a Gaussian, the generator makes it again from a draw.

-log p(item | z, person, asked) + β KL(q(z | item, person, asked) ‖ N(0, 1)): all that the VAE learns from, and what
keeps the GAN's generator at the catalogue. Letters: B items of a batch, W width of an item, P of a person, V values
that can be asked for, Z latent numbers.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from zhiyin.generation.blocks import Category, Labels
from zhiyin.generation.encoding import Encoding
from zhiyin.generation.generator import Generator
from zhiyin.generation.learning import Batch

SPREAD = 0.1
"""Standard deviation of a number around its place within a mode."""


class Encoder(nn.Module):
    """Mean and logarithm of the variance of z, from an item with its conditions."""

    def __init__(self, generator: Generator, hidden: int, person: int) -> None:
        super().__init__()
        encoding = generator.encoding
        self.layers = nn.Sequential(
            nn.Linear(encoding.width + person + len(encoding.askable), hidden), nn.ReLU(),
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 2 * generator.noise),
        )  # fmt: skip

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """(B, Z) each"""
        mean, log_variance = self.layers(torch.cat([batch.real, batch.person, batch.asked], dim=1)).chunk(2, dim=1)
        return mean, log_variance.clamp(-10, 10)


def evidence(generator: Generator, encoder: Encoder, batch: Batch, divergence: float = 1.0) -> Tensor:
    """Minus the bound of each item, (B,); ``divergence`` is β."""
    mean, log_variance = encoder(batch)
    z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)  # (B, Z)
    far: Tensor = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1)  # (B,)
    losses: Tensor = unlikelihood(generator.encoding, generator(z, batch.person, batch.asked), batch.real)
    return losses + divergence * far


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

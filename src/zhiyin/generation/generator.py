"""The network that makes items, whoever trained it: noise, a person and what was asked for go in, an item comes out.

Letters: B items, Z numbers of noise, P of the person (after projection), V values that can be asked for, W width of
an item. Reference: Xu et al. 2019 (CTGAN), arXiv 1907.00503. We condition on a person as well, and make sets of words
(each word a relaxed coin) beside one-of-many columns.
"""

import numpy as np
import torch
from torch import Tensor, nn

from zhiyin.generation.blocks import Category, Labels
from zhiyin.generation.encoding import Encoding

TEMPERATURE = 0.2
"""Of the relaxed draws: near 0 they are hard and give no gradient."""
FITTED = 20_000
"""Pairs that the projection is fitted on, at most."""
RIDGE = 0.01
"""Share of a vector's mean variance that is added against noise."""


class Generator(nn.Module):
    """Two layers that each add their output to their input's side, then one head for all columns."""

    def __init__(self, encoding: Encoding, noise: int, hidden: int, person: int) -> None:
        super().__init__()
        self.encoding = encoding
        self.noise = noise
        width = noise + person + len(encoding.askable)
        self.layers = nn.ModuleList()
        for _ in range(2):
            self.layers.append(nn.Sequential(nn.Linear(width, hidden), nn.BatchNorm1d(hidden), nn.ReLU()))
            width += hidden
        self.head = nn.Linear(width, encoding.width)

    def forward(self, noise: Tensor, person: Tensor, asked: Tensor) -> Tensor:
        """Logits (B, W) from ``noise`` (B, Z), ``person`` (B, P) and ``asked`` (B, V)."""
        x = torch.cat([noise, person, asked], dim=1)
        for layer in self.layers:
            x = torch.cat([layer(x), x], dim=1)
        logits: Tensor = self.head(x)
        return logits

    @torch.no_grad()
    def start_at(self, real: np.ndarray) -> None:
        """Begin with values as frequent as in ``real`` (n, W), so that only what belongs together is left to learn."""
        share = torch.from_numpy(real.mean(axis=0)).clamp(1e-4, 1 - 1e-4)  # (W,)
        for block, where in zip(self.encoding.blocks, self.encoding.slices, strict=True):
            coins = isinstance(block, Labels)
            self.head.bias[where] = torch.logit(share[where]) if coins else torch.log(share[where])
            if not isinstance(block, Labels | Category):
                self.head.bias[where.start] = 0.0

    def soften(self, logits: Tensor, luck: Tensor | None = None) -> Tensor:
        """A draw (B, W): one of many by Gumbel-softmax, words by coins, tanh within a mode.

        Hard on the way forward, relaxed on the way back: else a critic sees who made it by the softness.
        ``luck``: uniform numbers (B, W) that decide; fresh ones where not given.
        """
        luck = (torch.rand_like(logits) if luck is None else luck).clamp(1e-6, 1 - 1e-6)
        parts = []
        for block, where in zip(self.encoding.blocks, self.encoding.slices, strict=True):
            part, u = logits[:, where], luck[:, where]
            if isinstance(block, Labels):
                coins = torch.sigmoid((part + torch.logit(u)) / TEMPERATURE)
                parts.append((coins > 0.5).float() + coins - coins.detach())
            elif isinstance(block, Category):
                parts.append(_one_of(part, u))
            else:
                parts += [torch.tanh(part[:, :1]), _one_of(part[:, 1:], u[:, 1:])]
        return torch.cat(parts, dim=1)


def _one_of(logits: Tensor, luck: Tensor) -> Tensor:
    """One-hot of the largest logit plus Gumbel noise, with the gradient of its softmax."""
    soft = torch.softmax((logits - torch.log(-torch.log(luck))) / TEMPERATURE, dim=1)
    hard = torch.zeros_like(soft).scatter_(1, soft.argmax(dim=1, keepdim=True), 1.0)
    return hard + soft - soft.detach()


class Projection:
    """A person's vector as the few numbers that say most of what the person takes.

    Reduced-rank regression (Izenman 1975) of the items taken on the vectors: principal components of the vectors would
    keep what differs most between people, whether or not it shows in what they take.
    """

    def __init__(self, mean: np.ndarray, directions: np.ndarray) -> None:
        self.mean = mean
        self.directions = directions
        """float32 (D, P); each component has spread 1 over the people it was learned from."""

    @classmethod
    def of(cls, vectors: np.ndarray, taken: np.ndarray, width: int) -> "Projection":
        """From ``vectors`` (n, D) and the soft forms ``taken`` (n, W): at most ``width`` directions."""
        mean = vectors.mean(axis=0)
        step = max(1, len(vectors) // FITTED)
        v = (vectors[::step] - mean).astype(np.float64)
        x = (taken[::step] - taken[::step].mean(axis=0)).astype(np.float64)
        covariance = v.T @ v / len(v)  # (D, D)
        ridge = RIDGE * np.trace(covariance) / len(covariance) + 1e-12
        slopes = np.linalg.solve(covariance + ridge * np.eye(len(covariance)), v.T @ x / len(v))  # (D, W)
        strength, loadings = np.linalg.eigh(slopes.T @ covariance @ slopes)
        kept = np.argsort(-strength, kind="stable")[: min(width, len(covariance))]
        kept = kept[strength[kept] > 1e-9 * max(float(strength.max()), 1e-12)][:width]
        directions = slopes @ loadings[:, kept if len(kept) else [-1]]  # (D, P)
        spreads = np.sqrt(np.einsum("dp,de,ep->p", directions, covariance, directions))
        return cls(mean.astype(np.float32), (directions / np.maximum(spreads, 1e-9)).astype(np.float32))

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """float32 (B, D) → (B, P)"""
        return np.asarray((vectors - self.mean) @ self.directions, np.float32)


@torch.no_grad()
def soft_draws(generator: Generator, person: np.ndarray, asked: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One draw for each person (B, P) and wish (B, V), float32 (B, W); all randomness comes from ``rng``."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**62)))
        noise = torch.randn(len(person), generator.noise)  # (B, Z)
        logits = generator(noise, torch.from_numpy(person), torch.from_numpy(asked))
        return np.asarray(generator.soften(logits).numpy())


@torch.no_grad()
def alike_draws(generator: Generator, person: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """``n`` draws for each person (B, P), the same noise and tosses for everybody, float32 (B·n, W)."""
    noise = torch.from_numpy(rng.standard_normal((n, generator.noise), np.float32))
    luck = torch.from_numpy(rng.random((n, generator.encoding.width), np.float32))
    many = torch.from_numpy(person).repeat_interleave(n, dim=0)  # (B·n, P)
    asked = torch.zeros(len(many), len(generator.encoding.askable))
    logits = generator(noise.repeat(len(person), 1), many, asked)
    return np.asarray(generator.soften(logits, luck.repeat(len(person), 1)).numpy())

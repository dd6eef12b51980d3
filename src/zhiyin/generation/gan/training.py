"""Conditional GAN: how it learns. What it computes is in network.py.

A critic scores packs of items with their conditions; the generator learns to be scored like the catalogue.
Letters: B items of a batch, W width of an item, P of a person, V values that can be asked for.
Wasserstein loss with gradient penalty (Gulrajani et al. 2017, arXiv 1704.00028), packs (Lin et al. 2018, arXiv
1712.04086), and training by sampling: half of a batch are pairs of a person and an item they took as they come, half
are drawn by a value (∝ log of its count), which the generator is then asked for; so that rare values are learned.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from zhiyin.core.errors import ModelError
from zhiyin.core.languages import Sentence
from zhiyin.core.progress import Progress, Silent
from zhiyin.core.randomness import generator as random_stream
from zhiyin.data.contracts import Catalogue
from zhiyin.generation.blocks import Labels
from zhiyin.generation.encoding import Encoding
from zhiyin.generation.gan.network import (
    ConditionalGANConfig,
    ConditionalGANModel,
    Generator,
    Projection,
    soft_draws,
)
from zhiyin.training import Learner, Optimisers, reproducible, train

UPDATES = 100
"""Of an epoch."""
AVERAGING = 0.99
"""Of the weights that are kept, after each update: adversaries circle each other, their mean stands nearer to the goal
(Yazıcı et al. 2019, arXiv 1806.04498)."""
CHECKED = 2000
"""Items that are made after each epoch to see how much they resemble the catalogue."""
COLLAPSED = 0.1
"""Of the catalogue's own variance: a generator that varies less makes (nearly) one item."""


@dataclass(frozen=True, eq=False)
class Batch:
    real: Tensor
    """(B, W)"""
    person: Tensor
    """(B, P)"""
    asked: Tensor
    """(B, V)"""


CONSTANT = Sentence("constant: it makes one and the same item; train it longer, or with another seed",
                    "恒定：只会生成同一种物品；请延长训练，或换一个种子")  # fmt: skip
COLLAPSE = Sentence(
    "collapsed: its items vary {share} as much as the catalogue's; raise pack, or lower learning_rate",
    "坍缩：生成物品的变化只有目录的 {share}；请调高 pack，或调低 learning_rate",
)


class Pairs:
    """People and items they took, drawn at random; the loader of the training."""

    def __init__(self, encoding: Encoding, soft: np.ndarray, person: np.ndarray, items: np.ndarray,
                 config: ConditionalGANConfig) -> None:  # fmt: skip
        self.soft, self.person, self.items = soft, person, items
        self.size = max(2, config.batch // config.pack) * config.pack
        self.seed = config.seed
        self.n_asked = len(encoding.askable_at)
        having = sparse.csr_matrix(soft[:, encoding.askable_at] > 0.5)[items].tocsc()  # pairs by value
        self.starts, self.having = having.indptr, having.indices
        weights = np.log1p(np.diff(having.indptr))
        self.chances = weights / weights.sum() if weights.sum() > 0 else None

    def __len__(self) -> int:
        return UPDATES

    def epoch(self, number: int, skip: int = 0) -> Iterator[Batch]:
        rng = random_stream(self.seed, "pairs", number)
        for update in range(UPDATES):
            batch = self.draw(self.size, rng)
            if update >= skip:
                yield batch

    def draw(self, n: int, rng: np.random.Generator) -> Batch:
        pairs = rng.integers(0, len(self.items), n)
        asked = np.zeros((n, self.n_asked), np.float32)
        if self.chances is not None:
            half = n // 2
            values = rng.choice(self.n_asked, half, p=self.chances)
            first, last = self.starts[values], self.starts[values + 1]
            pairs[:half] = self.having[first + (rng.random(half) * (last - first)).astype(np.int64)]
            asked[np.arange(half), values] = 1
        order = rng.permutation(n)  # packs mix both halves
        pairs, asked = pairs[order], asked[order]
        return Batch(
            torch.from_numpy(self.soft[self.items[pairs]]),
            torch.from_numpy(self.person[pairs]),
            torch.from_numpy(asked),
        )


class Critic(nn.Module):
    """Scores a pack of items with their conditions. No batch normalisation: the penalty is on single packs."""

    def __init__(self, width: int, config: ConditionalGANConfig) -> None:
        super().__init__()
        self.pack = config.pack
        self.layers = nn.Sequential(
            nn.Linear(width * config.pack, config.hidden), nn.LeakyReLU(0.2), nn.Dropout(0.5),
            nn.Linear(config.hidden, config.hidden), nn.LeakyReLU(0.2), nn.Dropout(0.5),
            nn.Linear(config.hidden, 1),
        )  # fmt: skip

    def forward(self, rows: Tensor) -> Tensor:
        """(B, W + P + V) → (B / pack,)"""
        scores: Tensor = self.layers(rows.view(len(rows) // self.pack, -1)).squeeze(1)
        return scores


class GANLearner(Learner[Batch]):
    """One update of the critic, one of the generator; ``average`` follows the generator slowly and is what is kept."""

    def __init__(self, average: Generator, config: ConditionalGANConfig, person: int) -> None:
        encoding = average.encoding
        self.average, self.generator = average.requires_grad_(False), copy.deepcopy(average)
        self.generator.requires_grad_(True)
        self.critic = Critic(encoding.width + person + len(encoding.askable), config)
        self.network = nn.ModuleDict({"generator": self.generator, "critic": self.critic, "average": average})
        self.config = config

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {
            name: torch.optim.Adam(network.parameters(), lr=self.config.learning_rate, betas=(0.5, 0.9), fused=True)
            for name, network in (("generator", self.generator), ("critic", self.critic))
        }

    def step(self, batch: Batch, optimisers: Optimisers) -> Tensor:
        conditions = torch.cat([batch.person, batch.asked], dim=1)  # (B, P + V)
        real = torch.cat([batch.real, conditions], dim=1)
        logits = self.generator(torch.randn(len(real), self.config.noise), batch.person, batch.asked)  # (B, W)
        made = torch.cat([self.generator.soften(logits), conditions], dim=1)
        distance = self.critic(real).mean() - self.critic(made.detach()).mean()
        optimisers.descend(self._penalty(real, made.detach()) - distance, "critic")
        optimisers.descend(self._asked_loss(logits, batch.asked) - self.critic(made).mean(), "generator")
        self._follow()
        losses: Tensor = distance.detach().expand(len(real))
        return losses

    @torch.no_grad()
    def _follow(self) -> None:
        for mine, its in zip(self.average.state_dict().values(), self.generator.state_dict().values(), strict=True):
            if mine.is_floating_point():
                mine.lerp_(its, 1 - AVERAGING)

    def _penalty(self, real: Tensor, made: Tensor) -> Tensor:
        """penalty · E (‖∇ critic‖ - 1)² between real and made packs; one mixing weight and one norm a pack."""
        weight = torch.rand(len(real) // self.config.pack, 1).repeat_interleave(self.config.pack, dim=0)
        between = (weight * real + (1 - weight) * made).requires_grad_()
        (slope,) = torch.autograd.grad(self.critic(between).sum(), between, create_graph=True)
        norms = slope.view(len(slope) // self.config.pack, -1).norm(dim=1)
        penalty: Tensor = self.config.penalty * ((norms - 1) ** 2).mean()
        return penalty

    def _asked_loss(self, logits: Tensor, asked: Tensor) -> Tensor:
        """Cross-entropy of the value that was asked for, the mean over the batch."""
        loss: Tensor = logits.new_zeros(())
        start = 0
        for block, where in zip(self.generator.encoding.blocks, self.generator.encoding.slices, strict=True):
            n = len(block.askable)
            wish, part = asked[:, start : start + n], logits[:, where]
            start += n
            if n:
                chance = functional.logsigmoid(part) if isinstance(block, Labels) else torch.log_softmax(part, dim=1)
                loss = loss - (wish * chance[:, :n]).sum() / len(asked)
        return loss


class ConditionalGAN(ConditionalGANModel):
    __doc__ = ConditionalGANModel.__doc__

    def fit(
        self, catalogue: Catalogue, conditions: np.ndarray, items: np.ndarray | None = None, *,
        progress: Progress | None = None,
    ) -> Self:  # fmt: skip
        """Learn from pairs: ``conditions`` (n, D), vectors of people, and the row ``items`` (n,) that each took.

        Without ``items`` the conditions are one vector for each item of the catalogue, (N, D). Raises `ModelError`
        for a catalogue without usable columns, and where the training gave no finite number.
        """
        encoding = Encoding.of(catalogue, self.config.columns, self.config.seed)
        conditions, items = _checked(self.name, catalogue, conditions, items)
        with reproducible(self.config.seed):
            self.take_over(catalogue, encoding, _projection(conditions, self.config.person))
            soft = encoding.soften(encoding.read(self.catalogue), random_stream(self.config.seed, "modes"))
            pairs = Pairs(encoding, soft, self.projection(conditions), items, self.config)
            learner = GANLearner(self.generator, self.config, self.projection.directions.shape[1])
            check = Resemblance(self.generator, pairs, progress or Silent())
            training = train(
                learner, pairs, epochs=self.config.epochs, patience=self.config.epochs, validate=check,
                progress=progress, label=self.name,
            )  # fmt: skip
        if not training.curve:
            raise ModelError(f"{self.name} {training.verdict.en}")
        self.facts = {
            "items": len(catalogue), "pairs": len(items), "set_aside": dict(encoding.set_aside), **training.facts(),
            "variance": check.variance(),
        }  # fmt: skip
        verdict = _verdict(training.verdict, self.facts["variance"])
        self.facts |= {"verdict": verdict.en, "verdict_zh": verdict.zh}
        return self


class Resemblance:
    """How much made items resemble real ones: 1 - ‖E[xxᵀ] made - E[xxᵀ] real‖ / ‖E[xxᵀ] real‖ over soft forms.

    The losses of a GAN do not say how good it is; this does, shares of single values and of pairs of values alike.
    """

    def __init__(self, generator: Generator, pairs: Pairs, progress: Progress) -> None:
        self.generator, self.progress = generator, progress
        rng = random_stream(pairs.seed, "checked")
        chosen = rng.integers(0, len(pairs.items), CHECKED)
        self.person, self.asked = pairs.person[chosen], np.zeros((CHECKED, pairs.n_asked), np.float32)
        self.real = pairs.soft[pairs.items[chosen]]
        self.seed, self.epoch = pairs.seed, 0

    def __call__(self) -> float:
        self.epoch += 1
        made = self.made()
        if self.epoch > 2 and (share := _variance(made) / max(_variance(self.real), 1e-12)) < COLLAPSED:
            self.progress.say(f"epoch {self.epoch}: the generator makes nearly one item (variance {share:.1%})")
        wanted = _moments(self.real)
        return 1 - float(np.linalg.norm(_moments(made) - wanted) / np.linalg.norm(wanted))

    def variance(self) -> float:
        """Variance of made items as a share of the catalogue's."""
        return _variance(self.made()) / max(_variance(self.real), 1e-12)

    def made(self) -> np.ndarray:
        return soft_draws(self.generator, self.person, self.asked, random_stream(self.seed, "check"))


def _moments(x: np.ndarray) -> np.ndarray:
    return np.asarray(x.T @ x / len(x))


def _variance(x: np.ndarray) -> float:
    return float(x.var(axis=0).sum())


def _verdict(verdict: Sentence, variance: float) -> Sentence:
    if variance == 0:
        return CONSTANT
    return COLLAPSE.filled(share=f"{variance:.1%}") if variance < COLLAPSED else verdict


def _projection(conditions: np.ndarray, width: int) -> Projection:
    """Mean, and the directions of the largest spread, scaled to spread 1."""
    mean = conditions.mean(axis=0)
    sample = conditions[:: max(1, len(conditions) // 20_000)] - mean
    _, spreads, directions = np.linalg.svd(sample, full_matrices=False)
    spreads = spreads / np.sqrt(len(sample))
    kept = min(width, max(1, int((spreads > 1e-6 * max(float(spreads.max(initial=0)), 1e-12)).sum())))
    scaled = directions[:kept].T / np.maximum(spreads[:kept], 1e-12)
    return Projection(mean.astype(np.float32), scaled.astype(np.float32))


def _checked(
    name: str, catalogue: Catalogue, conditions: np.ndarray, items: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    items = np.arange(len(catalogue)) if items is None else np.asarray(items, np.int64)
    conditions = np.asarray(conditions, np.float32)
    if conditions.ndim != 2 or len(conditions) != len(items) or not len(items):
        raise ModelError(
            f"{name}: vectors have shape {conditions.shape} for {len(items)} items; give one (D,) for each"
        )
    if not np.isfinite(conditions).all():
        raise ModelError(
            f"{name}: {int((~np.isfinite(conditions)).any(axis=1).sum())} vectors are not finite; leave them out"
        )
    if items.min() < 0 or items.max() >= len(catalogue):
        raise ModelError(f"{name}: item row {items.max()} is not in the catalogue of {len(catalogue)} items")
    return conditions, items

"""What is the same for every generator that learns: pairs of a person and an item they took, checks while training.

Training by sampling (Xu et al. 2019, arXiv 1907.00503): half of a batch are pairs as they come, half are drawn by a
value (∝ log of its count), which the generator is then asked for; so that rare values are learned.
Letters: n pairs, B items of a batch, W width of an item, P of a person, V values that can be asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from torch.nn import functional

from zhiyin.core.errors import ModelError
from zhiyin.core.progress import Progress
from zhiyin.core.randomness import generator as random_stream
from zhiyin.data.contracts import Catalogue
from zhiyin.generation.blocks import Labels
from zhiyin.generation.conditional import ConditionalModel
from zhiyin.generation.encoding import Encoding
from zhiyin.generation.generator import Generator, Projection, soft_draws
from zhiyin.training import Learner, one_thread, reproducible, train
from zhiyin.training.learner import DivergedError

UPDATES = 100
"""Of an epoch."""
CHECKED = 2000
"""Items that are made after each epoch to see how much they resemble the catalogue."""
COLLAPSED = 0.1
"""Of the catalogue's own variance: a generator that varies less makes (nearly) one item."""
IN_A_ROW = 2
"""Epochs in trouble that end a training."""


@dataclass(frozen=True, eq=False)
class Batch:
    real: Tensor
    """(B, W)"""
    person: Tensor
    """(B, P)"""
    asked: Tensor
    """(B, V)"""


class Pairs:
    """People and items they took, drawn at random; the loader of the training."""

    def __init__(
        self, encoding: Encoding, soft: np.ndarray, person: np.ndarray, items: np.ndarray, size: int, seed: int
    ) -> None:  # fmt: skip
        self.soft, self.person, self.items, self.size, self.seed = soft, person, items, size, seed
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


class Learned(ConditionalModel):
    """Adds `fit` to a generator; a kind of generator gives its learner."""

    @property
    def batch(self) -> int:
        """Items of one update."""
        return int(self.config.batch)

    def learner(self, width: int) -> Learner[Batch]:
        """What trains ``self.generator``; ``width``: numbers of a projected person."""
        raise NotImplementedError

    @one_thread()
    def fit(
        self, catalogue: Catalogue, conditions: np.ndarray, items: np.ndarray | None = None, *,
        progress: Progress | None = None,
    ) -> Self:  # fmt: skip
        """Learn from pairs: ``conditions`` (n, D), vectors of people, and the row ``items`` (n,) that each took.

        Without ``items`` the conditions are one vector for each item of the catalogue, (N, D). Raises `ModelError`
        for a catalogue without usable columns, where the training gave no finite number, and for a generator that
        makes nothing but one item.
        """
        encoding = Encoding.of(catalogue, self.config.columns, self.config.seed)
        conditions, items = _checked(self.name, catalogue, conditions, items)
        soft = encoding.soften(encoding.read(catalogue), random_stream(self.config.seed, "modes"))
        projection = Projection.of(conditions, soft[items], self.config.person)
        with reproducible(self.config.seed):
            self.make(encoding, projection)
            self.face(catalogue)
            pairs = Pairs(encoding, soft, projection(conditions), items, self.batch, self.config.seed)
            self.generator.start_at(soft[items])
            check = Resemblance(self.generator, pairs)
            training = train(
                self.learner(projection.directions.shape[1]), pairs, epochs=self.config.epochs,
                patience=self.config.epochs, validate=check, progress=progress, label=self.name,
            )  # fmt: skip
        if not training.curve:
            raise ModelError(f"{self.name} {training.verdict.en}")
        if trouble := check.trouble():
            raise ModelError(f"{self.name} learned nothing usable: {trouble}; lower learning_rate, or train longer")
        self.facts = {
            "items": len(catalogue), "pairs": len(items), "set_aside": dict(encoding.set_aside), **training.facts(),
            "variance": check.variance(),
        }  # fmt: skip
        return self


class Resemblance:
    """How much made items resemble real ones: 1 - ‖E[xxᵀ] made - E[xxᵀ] real‖ / ‖E[xxᵀ] real‖ over soft forms.

    The losses of a GAN do not say how good it is; this does, shares of single values and of pairs of values alike.
    Raises `DivergedError` where the generator was in trouble `IN_A_ROW` times: constant, collapsed, or far off.
    """

    def __init__(self, generator: Generator, pairs: Pairs) -> None:
        self.generator, self.seed = generator, pairs.seed
        rng = random_stream(pairs.seed, "checked")
        chosen = rng.integers(0, len(pairs.items), CHECKED)
        self.person, self.asked = pairs.person[chosen], np.zeros((CHECKED, pairs.n_asked), np.float32)
        self.real = pairs.soft[pairs.items[chosen]]
        self.in_trouble = 0

    def __call__(self) -> float:
        value, trouble = self.value(), self.trouble()
        self.in_trouble = self.in_trouble + 1 if trouble else 0
        if self.in_trouble >= IN_A_ROW:
            raise DivergedError(trouble)
        return value

    def value(self) -> float:
        """At most 1; below 0 what is made is farther from the catalogue than nothing would be."""
        wanted = _moments(self.real)
        return 1 - float(np.linalg.norm(_moments(self.made()) - wanted) / np.linalg.norm(wanted))

    def variance(self) -> float:
        """Variance of made items as a share of the catalogue's."""
        return _variance(self.made()) / max(_variance(self.real), 1e-12)

    def trouble(self) -> str:
        """What is wrong with the generator as it is; empty where nothing is, and where all real items are alike."""
        share, value = self.variance(), self.value()
        if not _variance(self.real) or (share >= COLLAPSED and value >= 0):
            return ""
        if share == 0:
            return "it is constant, it makes one and the same item"
        if share < 0.5:
            return f"it collapsed, its items vary {share:.1%} as much as the catalogue's"
        return "what it makes is farther from the catalogue than nothing would be"

    def made(self) -> np.ndarray:
        return soft_draws(self.generator, self.person, self.asked, random_stream(self.seed, "check"))


def asked_loss(encoding: Encoding, logits: Tensor, asked: Tensor) -> Tensor:
    """Cross-entropy of the value that was asked for, the mean over the batch."""
    loss: Tensor = logits.new_zeros(())
    start = 0
    for block, where in zip(encoding.blocks, encoding.slices, strict=True):
        n = len(block.askable)
        wish, part = asked[:, start : start + n], logits[:, where]
        start += n
        if n:
            chance = functional.logsigmoid(part) if isinstance(block, Labels) else torch.log_softmax(part, dim=1)
            loss = loss - (wish * chance[:, :n]).sum() / len(asked)
    return loss


def _moments(x: np.ndarray) -> np.ndarray:
    return np.asarray(x.T @ x / len(x))


def _variance(x: np.ndarray) -> float:
    return float(x.var(axis=0).sum())


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

"""Conditional GAN of item specifications: what it computes. How it learns is in training.py.

Noise, a person's vector and what was asked for go in; an item in its soft form comes out.
Letters: B items, Z numbers of noise, P of the person (after projection), V values that can be asked for, W width of
an item. Reference: Xu et al. 2019 (CTGAN), arXiv 1907.00503. We condition on a person as well, and make sets of words
(each word a relaxed coin) beside one-of-many columns.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from zhiyin.core.errors import ModelError
from zhiyin.core.settings import Config
from zhiyin.data.contracts import Catalogue
from zhiyin.data.tables import catalogue_frame, catalogue_of
from zhiyin.generation.blocks import Category, Labels
from zhiyin.generation.encoding import Encoding, Hard, take
from zhiyin.generation.neighbours import Neighbours
from zhiyin.generation.specification import Specification
from zhiyin.registry import Artefact, Manifest, write

TEMPERATURE = 0.2
"""Of the relaxed draws: near 0 they are hard and give no gradient."""
TRIES = 5
"""Rounds of drawing until enough specifications say something and keep what was asked."""


class ConditionalGANConfig(Config):
    """Settings of the conditional GAN."""

    noise: int = Field(default=128, gt=0)
    """Random numbers that an item is made from."""
    hidden: int = Field(default=256, gt=0)
    """Width of the layers of both networks."""
    person: int = Field(default=16, gt=0)
    """Numbers that a person's vector is projected to (its principal components)."""
    pack: int = Field(default=5, gt=0)
    """Items that the critic sees together, so that it notices a generator that always makes the same."""
    batch: int = Field(default=250, gt=0)
    """Items of one update; rounded down to whole packs."""
    epochs: int = Field(default=8, gt=0)
    """Rounds of 100 updates; the one that resembles the catalogue most is kept."""
    learning_rate: float = Field(default=5e-4, gt=0)
    """Of Adam, for both networks."""
    penalty: float = Field(default=10.0, ge=0)
    """Weight of the gradient penalty."""
    columns: tuple[str, ...] | None = None
    """Catalogue columns to make; without, all that say something."""
    seed: int = Field(default=0, ge=0)
    """Same seed, same catalogue and vectors: same generator."""


class Generator(nn.Module):
    """Two layers that each add their output to their input's side, then one head for all columns."""

    def __init__(self, encoding: Encoding, config: ConditionalGANConfig, person: int) -> None:
        super().__init__()
        self.encoding = encoding
        self.noise = config.noise
        width = config.noise + person + len(encoding.askable)
        self.layers = nn.ModuleList()
        for _ in range(2):
            self.layers.append(nn.Sequential(nn.Linear(width, config.hidden), nn.BatchNorm1d(config.hidden), nn.ReLU()))
            width += config.hidden
        self.head = nn.Linear(width, encoding.width)

    def forward(self, noise: Tensor, person: Tensor, asked: Tensor) -> Tensor:
        """Logits (B, W) from ``noise`` (B, Z), ``person`` (B, P) and ``asked`` (B, V)."""
        x = torch.cat([noise, person, asked], dim=1)
        for layer in self.layers:
            x = torch.cat([layer(x), x], dim=1)
        logits: Tensor = self.head(x)
        return logits

    def soften(self, logits: Tensor) -> Tensor:
        """A relaxed draw (B, W): Gumbel-softmax for one of many, relaxed coins for words, tanh within a mode."""
        parts = []
        for block, where in zip(self.encoding.blocks, self.encoding.slices, strict=True):
            part = logits[:, where]
            if isinstance(block, Labels):
                uniform = torch.rand_like(part).clamp(1e-6, 1 - 1e-6)
                coins = torch.sigmoid((part + torch.logit(uniform)) / TEMPERATURE)
                # tossed on the way forward, relaxed on the way back: else the critic sees who made it by the softness
                parts.append((coins > 0.5).float() + coins - coins.detach())
            elif isinstance(block, Category):
                parts.append(functional.gumbel_softmax(part, TEMPERATURE, hard=True))
            else:
                parts += [torch.tanh(part[:, :1]), functional.gumbel_softmax(part[:, 1:], TEMPERATURE, hard=True)]
        return torch.cat(parts, dim=1)


class Projection:
    """A person's vector, standardised, to its principal components; missing or constant numbers say nothing."""

    def __init__(self, mean: np.ndarray, directions: np.ndarray) -> None:
        self.mean = mean
        self.directions = directions
        """float32 (D, P); each component has spread 1 over the people it was learned from."""

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """float32 (B, D) → (B, P)"""
        return np.asarray((vectors - self.mean) @ self.directions, np.float32)


class ConditionalGANModel:
    """Conditional GAN: makes items that a person would like, from the columns of the catalogue."""

    name = "ConditionalGAN"
    Config = ConditionalGANConfig
    config: ConditionalGANConfig
    catalogue: Catalogue
    encoding: Encoding
    projection: Projection
    generator: Generator
    neighbours: Neighbours
    facts: dict[str, Any]
    """Of the training: items, pairs, verdict, curve, columns set aside."""

    def __init__(self, config: ConditionalGANConfig | None = None, **settings: Any) -> None:
        if config is not None and settings:
            raise ModelError(f"{self.name}: give config= or single settings, not both")
        self.config = config or self.Config.read(settings, self.name)
        self.facts = {}

    def specifications(
        self, condition: np.ndarray, n: int = 10, rng: np.random.Generator | None = None, *,
        asked: Mapping[str, str] | None = None, n_neighbours: int = 5,
    ) -> list[Specification]:  # fmt: skip
        """``n`` made-up items for a person (``condition`` (D,)) or a segment ((B, D), each person in turn).

        ``asked``: values wanted by column, ``{"category": "jug"}``; kept where the generator can.
        """
        rng = rng or np.random.default_rng(self.config.seed)
        hard = self._drawn(condition, n, rng, asked)
        rows, distances = self.neighbours.nearest(self.encoding.embed(hard), n_neighbours)
        novelty = self.neighbours.novelty(distances[:, 0])
        ids = self.catalogue.ids.take(rows.ravel())
        return [
            Specification(
                self.encoding.attributes(hard, i),
                list(zip(ids[i * rows.shape[1] : (i + 1) * rows.shape[1]], distances[i].tolist(), strict=True)),
                float(novelty[i]),
            )
            for i in range(len(rows))
        ]

    def sample(
        self, condition: np.ndarray, n: int, rng: np.random.Generator, asked: Mapping[str, str] | None = None
    ) -> Hard:
        """``n`` draws in hard form as they come, not sorted out."""
        self._need_training()
        vectors = np.atleast_2d(np.asarray(condition, np.float32))
        if vectors.shape[1] != len(self.projection.mean) or not np.isfinite(vectors).all() or not len(vectors):
            raise ModelError(
                f"{self.name} reads vectors of {len(self.projection.mean)} finite numbers, found shape "
                f"{np.shape(condition)}; give the vectors of the model that it was trained with"
            )
        person = self.projection(vectors[np.arange(n) % len(vectors)])
        wanted = np.tile(self._wanted(asked or {}), (n, 1))
        return self.encoding.harden(soft_draws(self.generator, person, wanted, rng))

    def save(self, folder: Path | str) -> None:
        """Write to a folder of its own: safetensors, Parquet, JSON."""
        self._need_training()
        facts = {**self.facts, "encoding": self.encoding.to_dict()}
        settings = self.config.model_dump(mode="json", exclude_defaults=True)
        manifest = Manifest(kind="generator", name=self.name, settings=settings, facts=facts)
        arrays = {f"generator.{name}": weight.numpy() for name, weight in self.generator.state_dict().items()}
        arrays |= {"projection.mean": self.projection.mean, "projection.directions": self.projection.directions}
        write(folder, Artefact(manifest, arrays, {"items": catalogue_frame(self.catalogue)}, {"card.md": self.card()}))

    @classmethod
    def restored(cls, artefact: Artefact) -> Self:
        """A trained generator from what `save` wrote; used by `zhiyin.load`."""
        model = cls(**artefact.manifest.settings)
        model.facts = dict(artefact.manifest.facts)
        encoding = Encoding.restored(model.facts.pop("encoding"))
        arrays = artefact.arrays
        projection = Projection(arrays["projection.mean"], arrays["projection.directions"])
        model.take_over(catalogue_of(artefact.tables["items"]), encoding, projection)
        weights = {
            name.removeprefix("generator."): torch.from_numpy(array.copy())
            for name, array in arrays.items()
            if name.startswith("generator.")
        }
        model.generator.load_state_dict(weights)
        return model

    def take_over(self, catalogue: Catalogue, encoding: Encoding, projection: Projection) -> None:
        """Everything but the weights."""
        used = {block.name: catalogue.columns[block.name] for block in encoding.blocks}
        self.catalogue = Catalogue(catalogue.ids, used)
        self.encoding, self.projection = encoding, projection
        self.neighbours = Neighbours(encoding.embed(encoding.read(self.catalogue)))
        self.generator = Generator(encoding, self.config, projection.directions.shape[1]).eval()

    def card(self) -> str:
        """The card, Markdown."""
        lines = [f"# {self.name}", "", (type(self).__doc__ or "").strip(), "", "## Columns", ""]
        lines += [f"- {block.name}: {block.kind}, {block.width} numbers" for block in self.encoding.blocks]
        lines += [f"- {name}: set aside, {why}" for name, why in self.encoding.set_aside.items()]
        lines += ["", "## Training", "", *[f"- {key}: {value}" for key, value in self.facts.items()]]
        return "\n".join(lines) + "\n"

    def _drawn(self, condition: np.ndarray, n: int, rng: np.random.Generator, asked: Mapping[str, str] | None) -> Hard:
        """``n`` draws, those first that say more than a number and keep what was asked; no two alike where possible."""
        rounds: list[Hard] = []
        good = np.zeros(0, bool)
        for _ in range(TRIES):
            rounds.append(self.sample(condition, max(n, 16), rng, asked))
            pool = [np.concatenate(parts) for parts in zip(*rounds, strict=True)]
            good = self._says_something(pool, asked or {})
            if good.sum() >= n:
                break
        return take(pool, np.argsort(~good, kind="stable")[:n])

    def _says_something(self, hard: Hard, asked: Mapping[str, str]) -> np.ndarray:
        """bool (n,): has a value of every asked kind, is not empty, and is the first of its like."""
        n = len(hard[0])
        good, saying = np.ones(n, bool), np.zeros(n, bool)
        for block, part in zip(self.encoding.blocks, hard, strict=True):
            if block.askable:
                saying |= part.any(axis=1) if part.ndim == 2 else part < len(block.askable)
            if block.name in asked:
                value = block.askable.index(asked[block.name])
                good &= part[:, value] if part.ndim == 2 else part == value
        first = np.zeros(n, bool)
        first[np.unique(self.encoding.embed(hard), axis=0, return_index=True)[1]] = True
        return good & first & (saying if self.encoding.askable else True)

    def _wanted(self, asked: Mapping[str, str]) -> np.ndarray:
        """float32 (V,): 1 for each value that is asked for."""
        wanted = np.zeros(len(self.encoding.askable), np.float32)
        for column, value in asked.items():
            if (column, value) not in self.encoding.askable:
                known = [v for name, v in self.encoding.askable if name == column]
                allowed = ", ".join(known[:20]) or ", ".join(dict.fromkeys(name for name, _ in self.encoding.askable))
                raise ModelError(f"{self.name} cannot be asked for {column} {value!r}; it knows: {allowed}")
            wanted[self.encoding.askable.index((column, value))] = 1
        return wanted

    def _need_training(self) -> None:
        if "generator" not in self.__dict__:
            raise ModelError(f"{self.name} is not trained; call fit(catalogue, vectors) first, or zhiyin.load(folder)")


@torch.no_grad()
def soft_draws(generator: Generator, person: np.ndarray, asked: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One draw for each person (B, P) and wish (B, V), float32 (B, W); all randomness comes from ``rng``."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**62)))
        noise = torch.randn(len(person), generator.noise)  # (B, Z)
        logits = generator(noise, torch.from_numpy(person), torch.from_numpy(asked))
        return np.asarray(generator.soften(logits).numpy())

"""What every conditional generator of items is: specifications, draws, a catalogue to compare with, saving, loading.

How one learns stands in its folder (``gan/``, ``vae/``). Letters: B people, D numbers of a person's vector, n items,
N items of the catalogue, V values that can be asked for.
"""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from pydantic import Field

from zhiyin.core.errors import ModelError
from zhiyin.core.settings import Config
from zhiyin.data.contracts import Catalogue
from zhiyin.data.tables import catalogue_frame, catalogue_of
from zhiyin.generation.encoding import Encoding, Hard, take
from zhiyin.generation.generator import Generator, Projection, alike_draws, soft_draws
from zhiyin.generation.neighbours import Neighbours
from zhiyin.generation.ranges import ranges_of
from zhiyin.generation.specification import Specification, sentence
from zhiyin.registry import Artefact, Manifest, write

TRIES = 5
"""Rounds of drawing until enough specifications say something and keep what was asked."""
LEAST_DRAWS = 256
"""Of a round: ranges of numbers come from draws that are alike."""


class ConditionalConfig(Config):
    """Settings that every generator has."""

    noise: int = Field(default=32, gt=0)
    """Random numbers that an item is made from."""
    hidden: int = Field(default=128, gt=0)
    """Width of the layers."""
    person: int = Field(default=16, gt=0)
    """Numbers that a person's vector is projected to: those that say most of what people take."""
    batch: int = Field(default=250, gt=0)
    """Items of one update."""
    epochs: int = Field(default=8, gt=0)
    """Rounds of 100 updates; the one that resembles the catalogue most is kept."""
    learning_rate: float = Field(default=3e-3, gt=0)
    """Of Adam."""
    columns: tuple[str, ...] | None = None
    """Catalogue columns to make; without, all that say something."""
    seed: int = Field(default=0, ge=0)
    """Same seed, same catalogue and vectors: same generator."""


class ConditionalModel:
    """A generator of items that a person would like, from the columns of a catalogue."""

    name: ClassVar[str]
    Config: ClassVar[type[ConditionalConfig]]
    config: Any
    catalogue: Catalogue
    encoding: Encoding
    projection: Projection
    generator: Generator
    neighbours: Neighbours
    facts: dict[str, Any]
    """Of the training: items, pairs, verdict, curve, columns set aside."""

    def __init__(self, config: ConditionalConfig | None = None, **settings: Any) -> None:
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
        pool = self._pool(condition, n, rng, asked)
        good = self.says_something(pool, asked) & _first_of_its_like(self.encoding.embed(pool))
        return self.described(take(pool, np.argsort(~good, kind="stable")[:n]), pool, n_neighbours)

    def described(self, hard: Hard, pool: Hard, n_neighbours: int = 5) -> list[Specification]:
        """Items ``hard`` in words, each with its nearest of the catalogue; ``pool``: draws that give the ranges."""
        rows, distances = self.neighbours.nearest(self.encoding.embed(hard), n_neighbours)
        novelty = self.neighbours.novelty(distances[:, 0])
        ids = self.catalogue.ids.take(rows.ravel())
        width, texts = rows.shape[1], self.encoding.texts
        found = []
        for i, ranges in enumerate(ranges_of(self.encoding, hard, pool)):
            attributes = self.encoding.attributes(hard, i)
            near = list(zip(ids[i * width : (i + 1) * width], distances[i].tolist(), strict=True))
            text = sentence(attributes, ranges, texts)
            found.append(Specification(attributes, near, float(novelty[i]), ranges, text))
        return found

    def sample(
        self, condition: np.ndarray, n: int, rng: np.random.Generator, asked: Mapping[str, str] | None = None
    ) -> Hard:
        """``n`` draws in hard form as they come, not sorted out."""
        vectors = self._vectors(condition)
        person = self.projection(vectors[np.arange(n) % len(vectors)])
        wanted = np.tile(self._wanted(asked or {}), (n, 1))
        return self.encoding.harden(soft_draws(self.generator, person, wanted, rng))

    def alike(self, condition: np.ndarray, n: int, rng: np.random.Generator) -> Hard:
        """``n`` draws for each person of ``condition`` (B, D), the same luck for everybody: B·n items, hard."""
        return self.encoding.harden(alike_draws(self.generator, self.projection(self._vectors(condition)), n, rng))

    def facing(self, catalogue: Catalogue) -> Self:
        """The same generator, its items compared with those of ``catalogue``, which has the columns it makes."""
        self._need_training()
        other = copy.copy(self)
        other.face(catalogue)
        return other

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
        model.make(encoding, Projection(arrays["projection.mean"], arrays["projection.directions"]))
        model.face(catalogue_of(artefact.tables["items"]))
        weights = {
            name.removeprefix("generator."): torch.from_numpy(array.copy())
            for name, array in arrays.items()
            if name.startswith("generator.")
        }
        model.generator.load_state_dict(weights)
        return model

    def make(self, encoding: Encoding, projection: Projection) -> None:
        """Everything but the weights and the catalogue."""
        self.encoding, self.projection = encoding, projection
        width = projection.directions.shape[1]
        self.generator = Generator(encoding, self.config.noise, self.config.hidden, width).eval()

    def face(self, catalogue: Catalogue) -> None:
        """Compare with these items from now on."""
        if missing := [block.name for block in self.encoding.blocks if block.name not in catalogue.columns]:
            raise ModelError(
                f"{self.name} makes {', '.join(missing)}, which the catalogue does not have; it has: "
                f"{', '.join(catalogue.columns) or 'only ids'}"
            )
        self.catalogue = Catalogue(
            catalogue.ids, {block.name: catalogue.columns[block.name] for block in self.encoding.blocks}
        )
        self.neighbours = Neighbours(self.encoding.embed(self.encoding.read(self.catalogue)))

    def card(self) -> str:
        """The card, Markdown."""
        lines = [f"# {self.name}", "", (type(self).__doc__ or "").strip(), "", "## Columns", ""]
        lines += [f"- {block.name}: {block.kind}, {block.width} numbers" for block in self.encoding.blocks]
        lines += [f"- {name}: set aside, {why}" for name, why in self.encoding.set_aside.items()]
        lines += ["", "## Training", "", *[f"- {key}: {value}" for key, value in self.facts.items()]]
        return "\n".join(lines) + "\n"

    def _vectors(self, condition: np.ndarray) -> np.ndarray:
        """float32 (B, D), what the generator can read."""
        self._need_training()
        vectors = np.atleast_2d(np.asarray(condition, np.float32))
        if vectors.shape[1] != len(self.projection.mean) or not np.isfinite(vectors).all() or not len(vectors):
            raise ModelError(
                f"{self.name} reads vectors of {len(self.projection.mean)} finite numbers, found shape "
                f"{np.shape(condition)}; give the vectors of the model that it was trained with"
            )
        return vectors

    def _pool(self, condition: np.ndarray, n: int, rng: np.random.Generator, asked: Mapping[str, str] | None) -> Hard:
        """Draws until ``n`` of them say something and keep what was asked, `TRIES` times at most."""
        rounds: list[Hard] = []
        good = 0
        while good < n and len(rounds) < TRIES:
            rounds.append(self.sample(condition, max(n, LEAST_DRAWS), rng, asked))
            good += int(self.says_something(rounds[-1], asked).sum())
        return [np.concatenate(parts) for parts in zip(*rounds, strict=True)]

    def says_something(self, hard: Hard, asked: Mapping[str, str] | None = None) -> np.ndarray:
        """bool (n,): has a value of every asked kind, and says more than a number where the columns have more."""
        asked = asked or {}
        good = self._n_said(hard) > 0 if self.encoding.askable else np.ones(len(hard[0]), bool)
        for block, part in zip(self.encoding.blocks, hard, strict=True):
            if block.name in asked:
                value = block.askable.index(asked[block.name])
                good &= part[:, value] if part.ndim == 2 else part == value
        return good

    def says_enough(self, hard: Hard) -> np.ndarray:
        """bool (n,): has as many values and words as half of the catalogue's items have at least."""
        real = self.encoding.read(self.catalogue)
        return np.asarray(self._n_said(hard) >= max(1.0, float(np.median(self._n_said(real)))))

    def _n_said(self, hard: Hard) -> np.ndarray:
        """Values and words of each item, int64 (n,)."""
        said = np.zeros(len(hard[0]), np.int64)
        for block, part in zip(self.encoding.blocks, hard, strict=True):
            if block.askable:
                said += part.sum(axis=1) if part.ndim == 2 else part < len(block.askable)
        return said

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


def _first_of_its_like(rows: np.ndarray) -> np.ndarray:
    """bool (n,): no row before it is equal."""
    seen: dict[bytes, int] = {}
    return np.array([seen.setdefault(row.tobytes(), at) == at for at, row in enumerate(rows)], bool)

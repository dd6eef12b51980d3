"""``assembly.json``: what answers: sources, features, ranker and rules, each with version and digest, as one object.

Letters: B requests, C candidates.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, ValidationError

from zhiyin.answering.candidates import features_for, proposed
from zhiyin.answering.pool import Pool
from zhiyin.answering.rules import Rules
from zhiyin.core.errors import ModelError
from zhiyin.core.files import disk_errors, whole_file
from zhiyin.core.languages import Language
from zhiyin.core.once import once_each
from zhiyin.core.settings import Config
from zhiyin.data.contracts import FILL, Candidates, Catalogue, Requests
from zhiyin.data.weighting import Weighting
from zhiyin.features import Counters, Definition, Feature, named_features
from zhiyin.generation import Generated
from zhiyin.registry import Versions
from zhiyin.registry.artefact import read_manifest

FILE = "assembly.json"
ALONE = 100
"""Candidates of a model that answers by itself."""


class Part(Config):
    """One trained thing by NAME."""

    name: str
    version: int
    digest: str


class Source(Part):
    """A model or a generator that proposes."""

    candidates: int
    condition: str | None = None
    """NAME of the model whose vectors of people the generator was trained with."""


class Plan(Config):
    """The content of ``assembly.json``."""

    sources: tuple[Source, ...]
    further: tuple[Part, ...] = ()
    """Models that give features and propose nothing."""
    silent: dict[str, dict[Language, str]] = Field(default_factory=dict)
    """Sources of the recipe that can propose nothing, by NAME, and why, in every language."""
    features: tuple[str, ...] = ()
    defined: dict[str, Definition] = Field(default_factory=dict)
    """Features that the recipe defines."""
    ranker: Part | None = None
    exclude: tuple[str, ...] | Literal["all"] = "all"
    """Kinds of event after which an item is not shown again."""
    rules: Rules = Rules()
    k: int = 10
    """Length of a slate."""
    weights: Weighting = Weighting()
    """What kind and value of an event of the log weigh."""
    fixes: tuple[str, ...] = ()
    """How the log is cleaned."""
    version: int = 0
    """Counts how often what answers changed."""

    @classmethod
    def read_from(cls, folder: Path) -> "Plan | None":
        """The plan of this workspace; None before one. Raises `ModelError` where the file is damaged."""
        path = folder / FILE
        if not path.is_file():
            return None
        try:
            return cls.model_validate_json(path.read_text("utf-8"))
        except (ValidationError, UnicodeDecodeError):
            raise ModelError(f"{path} is damaged; run again: zhiyin run -w {folder}") from None

    def write_to(self, folder: Path) -> None:
        """Write it as the next version, unless the file says so already."""
        try:
            before = Plan.read_from(folder)
        except ModelError:
            before = None  # damaged: this is what mends it
        if before is not None and before == self.model_copy(update={"version": before.version}):
            return
        version = 1 if before is None else before.version + 1
        path = folder / FILE
        text = self.model_copy(update={"version": version}).model_dump_json(indent=1)
        with whole_file(path) as part, disk_errors(path):
            part.write_text(text + "\n", "utf-8")


@dataclass(frozen=True, eq=False)
class Assembly:
    """Sources propose, the ranker orders; without a ranker the order of the sources stands."""

    sources: Mapping[str, tuple[Any, int]]
    """NAME to a model and how many candidates it proposes."""
    features: list[Feature] = field(default_factory=list)
    ranker: Any | None = None
    exclude: tuple[str, ...] | Literal["all"] = "all"
    rules: Rules = field(default_factory=Rules)
    name: str = "assembly"
    version: int = 0

    @classmethod
    def load(cls, folder: Path) -> "Assembly | None":
        """What the last whole run of this workspace put together; None before one."""
        plan = Plan.read_from(folder)
        return None if plan is None else cls.of(plan, folder)

    @classmethod
    def of(cls, plan: Plan, folder: Path) -> "Assembly":
        """The parts of a plan, loaded. Raises `ModelError` where one is not what the assembly was made with."""
        makers = [part for part in plan.sources if part.condition]
        models = {part.name: _loaded(folder, part) for part in (*plan.sources, *plan.further) if part not in makers}
        proposing = dict(models)
        for part in makers:
            model = models[str(part.condition)]
            proposing[part.name] = Generated(_loaded(folder, part).facing(model.catalogue), model)
        sources = {part.name: (proposing[part.name], part.candidates) for part in plan.sources}
        ranker = None if plan.ranker is None else _loaded(folder, plan.ranker)
        catalogue = next(iter(models.values())).catalogue
        features = named_features(plan.features, catalogue, models, definitions=plan.defined) if ranker else []
        return cls(sources, features, ranker, plan.exclude, plan.rules, version=plan.version)

    @classmethod
    def alone(cls, name: str, model: Any, **further: Any) -> Self:
        """One model by itself; ``further``: ``exclude``, ``rules``."""
        return cls({name: (model, ALONE)}, name=name, version=model.version, **further)

    @property
    def catalogue(self) -> Catalogue:
        found: Catalogue = next(iter(self.sources.values()))[0].catalogue
        return found

    def ranked(
        self, requests: Requests, k: int, counters: Counters | None, allowed: np.ndarray | None = None
    ) -> Candidates:
        """All candidates, best first (at least ``k`` if there are); probabilities where there is a ranker."""
        return self.pool(requests, k, counters, allowed).left

    @once_each()
    def pool(
        self, requests: Requests, k: int, counters: Counters | None, allowed: np.ndarray | None = None
    ) -> Pool:  # fmt: skip
        """The same with what the rules drop, which the others are compared with; ``allowed``, bool (N,): what they
        let through."""
        sources = {name: (model, max(n, k)) for name, (model, n) in self.sources.items()}
        if self.ranker is None and len(sources) == 1:  # a model's own scores compare with nothing
            pool = Pool.free(proposed(sources, requests, allowed))
        else:
            pool = Pool.of(sources, requests, k, allowed)
        if not pool.found.rows.shape[1]:
            return pool
        return pool.ordered(self.scores(requests, pool.found, counters, pool.counted))

    def scores(
        self, requests: Requests, found: Candidates, counters: Counters | None, counted: np.ndarray | None = None
    ) -> np.ndarray:
        """float32 (B, C) for the candidates ``found``, -inf for no item: the ranker's probability; without a ranker the
        sources' own scores, or their mean, each scaled by its spread among the ``counted`` candidates, bool (B, C)."""
        rows, there = found.rows, found.rows != FILL
        if self.ranker is not None:
            assert counters is not None  # noqa: S101  a ranker's columns count events of a log
            values = features_for(requests, found, self.features, counters, counted).values  # (B, C, F)
            scores = self.ranker.probability(values)
        else:
            each = [model.score(requests, np.maximum(rows, 0)) for model, _ in self.sources.values()]
            among = there if counted is None else there & counted
            scores = each[0] if len(each) == 1 else np.mean([_scaled(one, among) for one in each], axis=0)
        return np.where(there, scores, -np.inf).astype(np.float32)


def _scaled(scores: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Each request's scores with mean 0 and spread 1 among the items that are ``there``."""
    with np.errstate(invalid="ignore"):
        n = np.maximum(there.sum(axis=1, keepdims=True), 1)
        centred = scores - np.where(there, scores, 0).sum(axis=1, keepdims=True) / n
        spread = np.sqrt(np.where(there, centred**2, 0).sum(axis=1, keepdims=True) / n)
    return np.asarray(centred / np.maximum(spread, 1e-9))


def _loaded(folder: Path, part: Part) -> Any:
    versions = Versions(folder / "models")
    place = versions.path(part.name, part.version)
    if read_manifest(place).digest != part.digest:
        raise ModelError(
            f"{place} is not what the assembly was made with (its digest differs); run again: zhiyin run -w {folder}"
        )
    return versions.load(part.name, part.version)

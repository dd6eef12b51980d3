"""Features that a recipe defines, ``[features.NAME]``: a counter with a window, or a formula of other features.

Letters: B requests, C candidates, P parts of a formula.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

import numpy as np
from pydantic import Field, model_validator

from zhiyin.core.errors import ModelError, SettingsError
from zhiyin.core.settings import Config
from zhiyin.data.contracts import Catalogue, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.features import kinds, popularity
from zhiyin.features.definitions import FURTHER, default_names, feature_named, is_ours
from zhiyin.features.families import Known
from zhiyin.features.feature import Among, Compute, Counters, Feature
from zhiyin.features.large import Asked
from zhiyin.features.offered import further_names
from zhiyin.features.plugins import plugins, where_from

FORMS = ("count", "conversion", "ratio", "difference", "product")


class Definition(Config):
    """``[features.NAME]``: exactly one of ``count``, ``conversion``, ``ratio``, ``difference`` and ``product``."""

    count: str | None = None
    """log(1 + events of the item of this kind), ``"any"``: of positive weight."""
    conversion: tuple[str, str] | None = None
    """Two kinds, for example ``["view", "purchase"]``: log of events of the second over those of the first."""
    ratio: tuple[str, str] | None = None
    """Two features: the first over the second, ``smoothing`` added to both."""
    difference: tuple[str, str] | None = None
    """Two features: the first minus the second."""
    product: tuple[str, ...] | None = Field(default=None, min_length=2)
    """Two features or more, multiplied: their cross."""
    days: float | None = Field(default=None, le=36_500)
    """Length of the window of ``count`` and ``conversion`` before the moment; everything until then where not given."""
    smoothing: float | None = Field(default=None, ge=0)
    """Of ``ratio`` (0 where not given) and of ``conversion`` (20)."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        given = [form for form in FORMS if getattr(self, form) is not None]
        if len(given) != 1:
            raise ValueError(f"{' and '.join(given) or 'nothing'} is given; give one of {', '.join(FORMS)}")
        if self.days is not None and self.days <= 0:
            raise ValueError(
                f"days = {self.days:g} looks at the future: a window lies before the moment; give days above 0"
            )
        if self.days is not None and given[0] not in ("count", "conversion"):
            raise ValueError(f"days says nothing about a {given[0]}; give them to the features that it is made of")
        if self.smoothing is not None and given[0] not in ("ratio", "conversion"):
            raise ValueError(f"smoothing says nothing about a {given[0]}; leave it out")
        return self

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the features that it is made of."""
        return self.ratio or self.difference or self.product or ()

    def said(self) -> str:
        """What it is, in words."""
        lately = f" in the last {self.days:g} days" if self.days else ""
        if self.count is not None:
            return f"log(1 + events {'' if self.count == 'any' else self.count + ' '}of the item{lately})"
        if self.conversion is not None:
            return f"log of events {self.conversion[1]} over events {self.conversion[0]} of the item{lately}"
        sign = " over " if self.ratio else " minus " if self.difference else " times "
        return sign.join(self.parts)


def check_definitions(definitions: Mapping[str, Definition]) -> None:
    """Raises `SettingsError` for one that has a name of ours or of a plug-in, and for a cycle, naming its way."""
    ours = next((name for name in plugins() if is_ours(name)), None)
    if ours is not None:
        raise ModelError(f"feature {ours!r} is defined twice, by {where_from(ours)} and Zhiyin; take the package out",
                         found=ours)  # fmt: skip
    for name in definitions:
        if is_ours(name) or name in plugins():
            whose = "a plug-in" if name in plugins() else "Zhiyin"
            raise SettingsError(
                f"[features.{name}] defines a feature that {whose} has already, so it would be defined twice; "
                "give it another name", found=name,
            )  # fmt: skip
    done: set[str] = set()
    for name in definitions:
        _no_cycle(name, definitions, (), done)


def named_features(
    names: Iterable[str], catalogue: Catalogue, models: Mapping[str, Any] | None = None, log: Dataset | None = None,
    definitions: Mapping[str, Definition] | None = None,
) -> list[Feature]:  # fmt: skip
    """The features of these names, those of plug-ins and of the recipe's ``definitions`` too; ``log``: whose columns
    and kinds they may name.

    Raises `SettingsError` for a name that does not exist, with the nearest, for one that stands twice, for one defined
    twice, and for a cycle."""
    definitions = definitions or {}
    check_definitions(definitions)
    known = Known(catalogue, {name: Asked(model) for name, model in (models or {}).items()}, log)
    made: dict[str, Feature] = {}
    for name in names:
        if name in made:
            raise SettingsError(f"feature {name!r} is named twice; name it once", found=name)
        made[name] = _made(name, definitions, known)
    return list(made.values())


def _made(name: str, definitions: Mapping[str, Definition], known: Known) -> Feature:
    definition = definitions.get(name)
    if definition is None:
        found = feature_named(name, known)
        if found is None:
            known_names = [*_names(known), *definitions]
            raise SettingsError.unknown(f"there is no feature {name!r}", name, known_names, "the features here are")
        return found
    for kind in (definition.count, *(definition.conversion or ())):
        if kind not in (None, "any") and known.log is not None and kind not in known.log.kinds:
            raise SettingsError.unknown(
                f"[features.{name}] names the kind {kind!r}, which the log does not have", str(kind), known.log.kinds,
                "the kinds are",
            )  # fmt: skip
    if definition.count is not None:
        compute = (
            popularity.popularity(definition.days) if definition.count == "any"
            else kinds.count(definition.count, definition.days)
        )  # fmt: skip
        return Feature(name, ("counters",), definition.said(), compute)
    if definition.conversion is not None:
        smoothing = kinds.SMOOTHING if definition.smoothing is None else definition.smoothing
        compute = kinds.conversion(*definition.conversion, definition.days, smoothing)
        return Feature(name, ("counters",), definition.said(), compute)
    parts = [_made(part, definitions, known) for part in definition.parts]
    inputs = tuple(dict.fromkeys(what for part in parts for what in part.inputs))
    return Feature(name, inputs, definition.said(), _together(parts), _formula(definition, parts))


def _names(known: Known) -> list[str]:
    models = {name: asked.model for name, asked in known.models.items()}
    names = default_names(known.catalogue, models)
    return names + (further_names(known.log, models) if known.log is not None else list(FURTHER))


def _together(parts: list[Feature]) -> Compute:
    """The numbers of the parts side by side, (B, C, P); a part of several numbers is none."""

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        numbers = [part.compute(requests, candidates, counters) for part in parts]
        for part, found in zip(parts, numbers, strict=True):
            if found.ndim != 2:
                raise SettingsError(
                    f"feature {part.name!r} is {found.shape[2]} columns; a formula reads features of one",
                    found=part.name,
                )
        return np.stack(numbers, axis=2)

    return compute


def _formula(definition: Definition, parts: list[Feature]) -> Among:
    combine: Callable[[np.ndarray], np.ndarray] = _difference if definition.difference else _product
    if definition.ratio:
        smoothing = definition.smoothing or 0.0

        def combine(columns: np.ndarray) -> np.ndarray:
            above, below = columns[..., 0] + smoothing, columns[..., 1] + smoothing
            return np.where(below != 0, above / np.where(below != 0, below, 1), np.nan)

    def among(numbers: np.ndarray, counted: np.ndarray) -> np.ndarray:
        columns = [
            part.among(numbers[..., p], counted) if part.among else numbers[..., p] for p, part in enumerate(parts)
        ]
        return combine(np.stack(columns, axis=2))

    return among


def _difference(columns: np.ndarray) -> np.ndarray:
    return np.asarray(columns[..., 0] - columns[..., 1])


def _product(columns: np.ndarray) -> np.ndarray:
    return np.asarray(columns.prod(axis=2))


def _no_cycle(name: str, definitions: Mapping[str, Definition], way: tuple[str, ...], done: set[str]) -> None:
    if name in way:
        round_ = " → ".join((*way[way.index(name) :], name))
        raise SettingsError(f"[features.{name}] is made of itself: {round_}; take one of them out", found=name)
    if name in done or name not in definitions:
        return
    for part in definitions[name].parts:
        _no_cycle(part, definitions, (*way, name), done)
    done.add(name)

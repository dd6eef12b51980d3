"""The recipe, ``zhiyin.toml``: everything a run does, written by a person, checked before anything is done."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from zhiyin import models
from zhiyin.answering import Rules
from zhiyin.core.errors import SettingsError, did_you_mean
from zhiyin.core.plugins import registered
from zhiyin.core.settings import Config
from zhiyin.data.weighting import Weighting
from zhiyin.features import Definition, check_definitions
from zhiyin.training.engine import Engine

GENERATOR = "generator"
"""The name under which the generator proposes, and stands in the registry."""
RankerName = Literal["BoostedTrees", "DCNv2", "DecisionTree", "DeepFM", "LambdaMART", "Logistic", "NeuralNetwork"]

MOST_CANDIDATES = 100_000
"""Of one source."""
NAME = re.compile(r"(?=.{1,60}$)\w[\w.-]*(?: [\w.-]+)*")
"""Of a model: letters of any script."""


class DataRecipe(Config):
    """``[data]``"""

    sources: tuple[str, ...] = ()
    """Files or folders that `ingest` reads when none is named; paths are relative to the workspace."""
    items: str | None = None
    """Table of the items."""
    users: str | None = None
    """Table of the people."""
    edges: str | None = None
    """Table of social ties: user, friend."""
    map: dict[str, str] = Field(default_factory=dict)
    """Our column names to yours, where the guess is wrong: ``map = {user = "CustomerID", item = "StockCode"}``."""
    fixes: tuple[str, ...] = ()
    """Cleaning that is done, by name or preset; none is done that is not named."""
    weights: Weighting = Field(default_factory=Weighting)
    """What kind and value of an event weigh."""


class SplitRecipe(Config):
    """``[split]``"""

    by: Literal["time", "last", "people", "given", "random"] | None = None
    """How the test part is cut; without it by time where there is time, else as given, else the last event."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Further settings of that rule: days, share, seed …"""

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, given: Any) -> Any:
        """``days = 30`` stands beside ``by``; the rule itself refuses what it does not know."""
        if not isinstance(given, Mapping) or "settings" in given:
            return given
        return {"by": given.get("by"), "settings": {name: value for name, value in given.items() if name != "by"}}


class ModelRecipe(Config):
    """``[models.NAME]``"""

    model: str
    """Name of the model: MultVAE, EASE … or a plug-in's."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """The model's own settings, written beside ``model``."""

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or "settings" in given:
            return given
        misspelt = [] if "model" in given else [name for name in given if did_you_mean(name, ("model",))]
        if misspelt:
            raise ValueError(f"'model' is misspelt, it stands there as {misspelt[0]!r}")
        own = {"model": given["model"]} if "model" in given else {}
        return {**own, "settings": {name: value for name, value in given.items() if name != "model"}}

    @field_validator("model")
    @classmethod
    def _known(cls, name: str) -> str:
        known = models.names()
        if name not in known:
            raise ValueError(SettingsError.unknown(f"there is no model {name!r}", name, known).message)
        return name


class ContentRecipe(Config):
    """``[content.NAME]``: a block of vectors of the items, made of columns of their table."""

    encoder: str
    """Name of the encoder, a plug-in's too."""
    columns: tuple[str, ...] = Field(min_length=1)
    """What is encoded. The texts of several columns are joined; an image or a sound stands in one, as a file's path."""
    folder: Path | None = None
    """Where relative paths of files begin; the workspace where not given."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """The encoder's own settings: ``settings = {width = 64}``."""

    @field_validator("encoder")
    @classmethod
    def _known(cls, name: str) -> str:
        known = registered("zhiyin.encoders")
        if name not in known:
            raise ValueError(SettingsError.unknown(f"there is no encoder {name!r}", name, sorted(known)).message)
        return name


class FeaturesRecipe(Config):
    """``[features]``"""

    names: tuple[str, ...] | None = None
    """Columns that the rankers read; the usual ones that the catalogue and the models can give where not named."""
    further: tuple[str, ...] = ()
    """Columns beside them, such as ``at_hour`` or ``count.view.7d``; ``["all"]``: every one that the log can give."""
    defined: dict[str, Definition] = Field(default_factory=dict)
    """Columns of your own beside them, each a section ``[features.NAME]``."""
    folds: int = Field(default=1, gt=0, le=12)
    """Past moments whose outcomes give rows: the validation part, then windows before it, each with models trained on
    what was before it alone."""
    days: float | None = Field(default=None, gt=0, le=36_500)
    """Length of such a window; as long as the validation part where not given."""

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, given: Any) -> Any:
        """A section ``[features.NAME]`` stands beside the settings."""
        if not isinstance(given, Mapping) or "defined" in given:
            return given
        own = {
            name: value for name, value in given.items() if name not in cls.model_fields and isinstance(value, Mapping)
        }
        return {**{name: value for name, value in given.items() if name not in own}, "defined": own}

    @field_validator("defined", mode="before")
    @classmethod
    def _each(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        return {
            name: one if isinstance(one, Definition) else Definition.read(one, f"[features.{name}]")
            for name, one in given.items()
        }

    @field_validator("names")
    @classmethod
    def _once(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if names is None else tuple(dict.fromkeys(names))


class RankerRecipe(Config):
    """``[ranker]``"""

    model: RankerName | None = "Logistic"
    """The ranker that answers."""
    beside: tuple[RankerName, ...] = ("BoostedTrees",)
    """Trained and compared on the same rows."""
    negatives: float = Field(default=1.0, gt=0, le=1)
    """Share of the candidates not taken that is learned from; the probabilities are put right again."""
    people: int = Field(default=20_000, gt=0)
    """At most so many people give rows (drawn by the seed)."""


class GenerationRecipe(Config):
    """``[generation]``"""

    model: Literal["ConditionalGAN", "ConditionalVAE"] | None = "ConditionalGAN"
    """The generator of item specifications."""
    condition: str | None = None
    """NAME of the model whose vector of a person is the condition; the first that has vectors where not named."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """The generator's own settings: ``settings = {epochs = 20}``."""


class AnswerRecipe(Config):
    """``[answer]``"""

    k: int = Field(default=10, gt=0)
    """Length of a slate."""
    exclude: tuple[str, ...] | Literal["all"] = "all"
    """Kinds of event after which an item is not shown to the same person again; "all": any."""
    rules: Rules = Field(default_factory=Rules)
    """House rules: stock, what is never shown, how much of one kind."""
    examples: int = Field(default=5, ge=0)
    """People whose slate and reasons a run shows."""


NAMED: dict[str, type[Config]] = {"content": ContentRecipe, "models": ModelRecipe}
"""Sections ``[SECTION.NAME]``."""


class Recipe(Config):
    """A whole recipe. A key that does not exist is refused, with the nearest that does."""

    seed: int = Field(default=0, ge=0)
    """Same recipe, data and seed: same answers."""
    data: DataRecipe = Field(default_factory=DataRecipe)
    split: SplitRecipe = Field(default_factory=SplitRecipe)
    content: dict[str, ContentRecipe] = Field(default_factory=dict)
    """NAME to a block of content vectors."""
    models: dict[str, ModelRecipe] = Field(default_factory=dict)
    sources: dict[str, Annotated[int, Field(gt=0, le=MOST_CANDIDATES)]] = Field(default_factory=dict)
    """NAME of a model, or ``generator``, to how many candidates it proposes; all models 100 each where empty."""
    features: FeaturesRecipe = Field(default_factory=FeaturesRecipe)
    ranker: RankerRecipe = Field(default_factory=RankerRecipe)
    generation: GenerationRecipe = Field(default_factory=GenerationRecipe)
    answer: AnswerRecipe = Field(default_factory=AnswerRecipe)
    machine: Engine = Field(default_factory=Engine)
    """Where and how networks learn; it changes no model's settings. ``tensorboard`` is relative to the workspace."""

    @classmethod
    def from_toml(cls, text: str, where: str = "recipe") -> Self:
        """A recipe from TOML; ``where`` names it in errors. Raises `SettingsError`."""
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"{where} is no TOML: {error}; correct this line and run again") from None
        for name, section in raw.items():
            if name in cls.model_fields and name not in ("seed", *NAMED):
                _section(cls, name, section, where)
        for part, kind in NAMED.items():
            for name, section in _table(raw.get(part, {}), f"{where} [{part}]").items():
                _check_name(part, name, where)
                kind.read(_table(section, f"{where} [{part}.{name}]"), f"{where} [{part}.{name}]")
        recipe = cls.read(raw, where)
        recipe._check_names(where)
        check_definitions(recipe.features.defined)
        return recipe

    @classmethod
    def load(cls, path: Path) -> Self:
        """The recipe of this file."""
        try:
            return cls.from_toml(path.read_text("utf-8"), str(path))
        except FileNotFoundError:
            raise SettingsError(
                f"{path.parent} is no workspace (it has no {path.name}); make one: zhiyin init -w {path.parent}",
                do=f"zhiyin init -w {path.parent}",
            ) from None
        except UnicodeDecodeError:
            raise SettingsError(f"{path} is not UTF-8; save it as UTF-8") from None

    @property
    def proposing(self) -> dict[str, int]:
        """How many candidates each source proposes."""
        return self.sources or dict.fromkeys(self.models, 100)

    def settings_of(self, name: str) -> Any:
        """The settings of ``[models.NAME]`` as its model's own class; the recipe's seed where it has none."""
        model = self.models[name]
        config = models.estimator(model.model).Config
        seed = {"seed": self.seed} if "seed" in config.model_fields else {}
        return config.read({**seed, **model.settings}, f"[models.{name}]")

    def check_models(self) -> None:
        """All settings of all models, before anything is trained. Raises `SettingsError` with the place."""
        for name in self.models:
            self.settings_of(name)

    def _check_names(self, where: str) -> None:
        if GENERATOR in self.sources and self.generation.model is None:
            raise SettingsError(
                f"{where} [sources] names the generator, and [generation] has none; give [generation] a model, or take "
                "it out of [sources]", found=GENERATOR,
            )  # fmt: skip
        if set(self.sources) == {GENERATOR}:
            raise SettingsError(f"{where} [sources] names the generator alone; name a model that proposes beside it")
        for place, names in (
            ("[sources]", [name for name in self.sources if name != GENERATOR]),
            ("[generation] condition", [self.generation.condition]),
        ):
            for name in names:
                if name is not None and name not in self.models:
                    raise SettingsError.unknown(
                        f"{where} {place} names {name!r}, which [models] does not have", name, self.models,
                        "its models are",
                    )  # fmt: skip


def _check_name(part: str, name: str, where: str) -> None:
    """A NAME is a folder's name, and stands beside names of ours in every table."""
    taken = name in ("popularity", "random", GENERATOR) or name.startswith(
        ("popularity of ", "all six steps", "ranker-", "content-")
    )
    if taken or not NAME.fullmatch(name):
        why = "is a name of ours" if taken else "cannot name a folder"
        raise SettingsError(
            f"{where} [{part}.{name!r}]: this name {why}; give one of letters, digits, -, _ and single spaces, at most "
            f"60, for example [{part}.{'ease' if part == 'models' else 'words'}]",
            found=name, allowed="letters, digits, - and _",
        )  # fmt: skip


def _section(cls: type[Recipe], name: str, section: Any, where: str) -> None:
    """A section read by itself first, so that an error names its place."""
    kind = cls.model_fields[name].annotation
    if isinstance(kind, type) and issubclass(kind, Config):
        kind.read(_table(section, f"{where} [{name}]"), f"{where} [{name}]")


def _table(section: Any, where: str) -> Mapping[str, Any]:
    if isinstance(section, Mapping):
        return section
    raise SettingsError(f"{where} is {section!r}; it must be a section with settings", found=repr(section))

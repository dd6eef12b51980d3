"""Where settings are looked for: ``search.toml`` beside the recipe, one section for each NAME of ``[models]``.

[vae]
latent = [64, 128, 200]                               # one of these
learning_rate = {low = 5e-4, high = 1e-2, log = true}  # anything between
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from zhiyin.core.errors import SettingsError
from zhiyin.core.settings import Config
from zhiyin.models.model import ModelConfig

FILE = "search.toml"


class Range(Config):
    """Numbers between two ends, both allowed."""

    low: float
    """The least."""
    high: float
    """The most."""
    log: bool = False
    """Whether factors are tried instead of differences: for rates and penalties."""

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError("low must be below high, and above 0 where log is true")
        return self


class Choice(Config):
    """One of several values."""

    values: tuple[Any, ...] = Field(min_length=2)
    """What is tried."""


Space = dict[str, Range | Choice]
"""From setting to where it is looked for."""

RATE, DROPOUT = Range(low=5e-4, high=1e-2, log=True), Range(low=0.1, high=0.7)
VAE: Space = {
    "learning_rate": RATE, "dropout": DROPOUT, "batch": Choice(values=(64, 128, 256, 512)),
    "hidden": Choice(values=(200, 400, 600)), "latent": Choice(values=(32, 64, 128, 200)),
}  # fmt: skip
TRANSFORMER: Space = {
    "learning_rate": RATE, "dropout": DROPOUT, "batch": Choice(values=(16, 32, 64, 128)),
    "width": Choice(values=(32, 64, 128)), "blocks": Choice(values=(1, 2)),
    "max_history": Choice(values=(20, 50, 100, 200)),
}  # fmt: skip
USUAL: dict[str, Space] = {
    "EASE": {"regularisation": Range(low=1, high=5000, log=True)},
    "ItemKNN": {"neighbours": Range(low=20, high=1000, log=True), "shrink": Range(low=1, high=1000, log=True)},
    "ALS": {"factors": Choice(values=(32, 64, 128)), "regularisation": Range(low=1e-3, high=1, log=True)},
    "MultVAE": {**VAE, "kl_weight": Range(low=0.02, high=1, log=True)}, "VAECosine": VAE, "RecVAE": VAE,
    "AdversarialVAE": {**VAE, "adversarial": Range(low=0.01, high=1, log=True)},
    "SASRec": TRANSFORMER, "GSASRec": TRANSFORMER, "ESASRec": TRANSFORMER,
}  # fmt: skip
"""Where is looked, by model, when `search.toml` does not say."""


def space_of(folder: Path, name: str, model: str, config: type[ModelConfig]) -> tuple[Space, bool]:
    """The space of ``[models.NAME]``, and whether `search.toml` gave it. Raises `SettingsError` for a setting that the
    model does not have, or where neither the file nor we say where to look."""
    path = folder / FILE
    section = _sections(path).get(name) if path.is_file() else None
    said = {key: _read(value, f"{path} [{name}] {key}") for key, value in (section or {}).items()}
    space = said or USUAL.get(model)
    if not space:
        raise SettingsError(
            f"nothing says which settings of {name} ({model}) to try; write {path} with a section [{name}], for "
            f"example seed = [0, 1, 2]; its settings are: {', '.join(config.model_fields)}", found=name,
        )  # fmt: skip
    for setting in space:
        if setting not in config.model_fields:
            raise SettingsError.unknown(
                f"{path} [{name}] names {setting!r}, which {model} does not have", setting, config.model_fields,
                "its settings are",
            )  # fmt: skip
    return space, section is not None


def including(where: Range | Choice, value: Any) -> Range | Choice:
    """The same, wide enough for the value that a setting has now: it is tried first."""
    if isinstance(where, Choice):
        return where if value in where.values else Choice(values=(value, *where.values))
    return where.model_copy(update={"low": min(where.low, float(value)), "high": max(where.high, float(value))})


def _sections(path: Path) -> dict[str, Any]:
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is no TOML: {error}; correct this line and run again") from None
    for name, section in raw.items():
        if not isinstance(section, Mapping) or not section:
            raise SettingsError(f"{path} [{name}] is {section!r}; it must be a section with settings to try")
    return raw


def _read(value: Any, where: str) -> Range | Choice:
    if isinstance(value, list):
        return Choice.read({"values": value}, where)
    if isinstance(value, Mapping):
        return Range.read(value, where)
    raise SettingsError(
        f"{where} is {value!r}; write a list of values, or {{low = 0.1, high = 0.7}}", found=repr(value),
        allowed="a list, or low and high",
    )  # fmt: skip

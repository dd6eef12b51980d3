"""Settings: typed, frozen, documented under the field, and refusing typos with "did you mean"."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from zhiyin.core.errors import SettingsError, did_you_mean


class Config(BaseModel):
    """Base of all settings. Written once, as a subclass; the docstring under a field is its documentation."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, arbitrary_types_allowed=True, allow_inf_nan=False
    )

    def __init__(self, **settings: Any) -> None:
        """These settings, checked as in `read`."""
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise _explained(type(self), error, type(self).__name__) from None

    # pydantic's mark that its own constructor is meant: a section inside a section is then checked without ours, and
    # the one error names the whole path
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @classmethod
    def read(cls, settings: Mapping[str, Any], where: str = "") -> Self:
        """These settings, checked. ``where`` names their place in the error, for example ``[models.vae]``.

        Raises `SettingsError` with the first wrong setting, what was allowed, and the nearest right name.
        """
        try:
            return cls.model_validate(dict(settings))
        except ValidationError as error:
            raise _explained(cls, error, where or cls.__name__) from None


def _explained(cls: type[Config], error: ValidationError, where: str) -> SettingsError:
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        names = _fields_at(cls, first["loc"][:-1])
        guess = did_you_mean(str(first["loc"][-1]), names)
        allowed = ", ".join(sorted(names))
        return SettingsError(
            f"{where} has no setting {path!r}{guess or ';'} its settings are: {allowed}", found=path, allowed=allowed
        )
    found = "nothing" if first["type"] == "missing" else repr(first["input"])
    return SettingsError(
        f"{where} setting {path!r}: found {found}; {first['msg'].removeprefix('Value error, ')}; "
        "correct this setting and run again",
        found=found,
        allowed=first["msg"],
    )


def _fields_at(cls: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Names of the settings at a nested place."""
    for part in loc:
        field = cls.model_fields.get(str(part))
        if field is None or not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
            continue
        cls = field.annotation
    return list(cls.model_fields)

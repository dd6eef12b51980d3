"""Settings: typed, frozen, documented under the field, and refusing typos with "did you mean"."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from zhiyin.core.errors import SettingsError, did_you_mean

LONGEST_FOUND = 200
"""Characters of a wrong value that an error shows."""
KIND = re.compile(r"(tuple|literal|dict|list|constrained)\b.*[\[(].*|str|int|float|bool")
"""How pydantic names the kinds that a value may be."""
WORDS = {
    "dict_type": "a table, such as {name = value}", "model_type": "a table, such as {name = value}",
    "int": "a whole number", "float": "a number", "bool": "true or false", "string_type": "text in quotation marks",
}  # fmt: skip
"""What pydantic found wanting, by the beginning of its name for it, in a recipe's words."""


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
            raise explained(type(self), error.errors(), type(self).__name__) from None

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
            raise explained(cls, error.errors(), where or cls.__name__) from None


def explained(cls: type[Config], errors: Sequence[Any], where: str, then: str = "run again") -> SettingsError:
    """The first of pydantic's ``errors`` about settings of ``cls``, in a recipe's words; ``then``: what to do next."""
    first = errors[0]
    path = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        names = _fields_at(cls, first["loc"][:-1])
        guess = did_you_mean(str(first["loc"][-1]), names)
        allowed = ", ".join(sorted(names))
        return SettingsError(
            f"{where} has no setting {path!r}{guess or ';'} its settings are: {allowed}", found=path, allowed=allowed
        )
    return _wrong(errors, where, path, then)


def _wrong(errors: Sequence[Any], where: str, path: str, then: str) -> SettingsError:
    """The first value that cannot be."""
    first, guess = errors[0], ""
    found = "nothing" if first["type"] == "missing" else _shortened(repr(first["input"]))
    if first["type"] == "value_error":
        said = allowed = str(first["ctx"]["error"])
    elif first["type"] == "missing":
        said, allowed = "it is needed", ""
    else:
        place = _place(first["loc"])
        path = ".".join(str(part) for part in place)
        same = [other for other in errors if _place(other["loc"]) == place]  # one for each kind it may be
        allowed = " or ".join(dict.fromkeys(_must_be(one) for one in same))
        said, guess = f"it must be {allowed}", did_you_mean(first["input"], [w for one in same for w in _literals(one)])
    at, this = (f" setting {path!r}", "this setting") if path else ("", "it")
    return SettingsError(
        f"{where}{at}: found {found}; {said}{guess or ';'} correct {this} and {then}",
        found=found, allowed=allowed,
    )  # fmt: skip


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_FOUND else f"{text[:LONGEST_FOUND]}…"


def _place(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Where it stands, without the names that pydantic gives to the kinds that a value may be."""
    return tuple(part for part in loc if not (isinstance(part, str) and KIND.fullmatch(part)))


def _must_be(one: Any) -> str:
    """What was allowed, in a recipe's words."""
    kind, given, bounds = str(one["type"]), one["input"], one.get("ctx", {})
    of = "characters" if kind.startswith("string") else "values"
    if "max_length" in bounds:
        return f"of at most {bounds['max_length']:,} {of}"
    if kind == "string_too_short":
        return f"of at least {bounds['min_length']:,} {of}"
    if kind == "tuple_type":
        return f"a list, such as {json.dumps([given], ensure_ascii=False)}" if isinstance(given, str) else "a list"
    if kind == "too_short":
        return "a list with at least one value"
    for begins, words in WORDS.items():
        if kind.startswith(begins):
            return words
    return str(one["msg"]).removeprefix("Input should be ")


def _literals(one: Any) -> list[str]:
    return re.findall("'([^']*)'", one["ctx"]["expected"]) if one["type"] == "literal_error" else []


def _section(kind: Any) -> type[BaseModel] | None:
    """The section that a setting is, or that it is a list of."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return next((found for part in get_args(kind) if (found := _section(part))), None)


def _fields_at(cls: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Names of the settings at a nested place."""
    for part in loc:
        field = cls.model_fields.get(str(part))
        cls = cls if field is None else _section(field.annotation) or cls
    return list(cls.model_fields)

"""The languages that people are spoken to: English, or Chinese where asked for or where the system speaks it."""

import os
from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

from zhiyin.core.errors import SettingsError

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


class Sentence(NamedTuple):
    """One sentence beside its translation; ``{name}`` stands for a value."""

    en: str
    zh: str

    def both(self, **values: object) -> dict[Language, str]:
        """The sentence in every language, for JSON that is read in either."""
        return {language: self.said(language, **values) for language in LANGUAGES}

    def filled(self, **values: object) -> "Sentence":
        """Both sentences with their places filled in."""
        return Sentence(self.said("en", **values), self.said("zh", **values))

    def said(self, language: Language, **values: object) -> str:
        """The sentence with its places filled in; whole numbers get thousands separators, sentences their language."""
        shown = {name: _shown(value, language) for name, value in values.items()}
        return (self.zh if language == "zh" else self.en).format(**shown)


def _shown(value: object, language: Language) -> object:
    if isinstance(value, Sentence):
        return value.zh if language == "zh" else value.en
    return f"{value:,}" if type(value) is int else value


def language(asked: str | None = None, environment: Mapping[str, str] | None = None) -> Language:
    """The language asked for, else the system's (``LC_ALL``, ``LC_MESSAGES``, ``LANG``), else English.

    Raises `SettingsError` for a language that is asked for and that we do not speak.
    """
    if asked is not None:
        if asked not in LANGUAGES:
            allowed = ", ".join(LANGUAGES)
            raise SettingsError(
                f"language {asked!r} is not spoken here; choose one of: {allowed}", found=asked, allowed=allowed
            )
        return "zh" if asked == "zh" else "en"
    environment = os.environ if environment is None else environment
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            return "zh" if environment[name].startswith("zh") else "en"
    return "en"

"""Settings refuse typos and wrong types, and say what would be right."""

import re
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from zhiyin.core.errors import SettingsError, did_you_mean
from zhiyin.core.settings import Config


class Inner(Config):
    window_days: int = 7


class Outer(Config):
    k: int = Field(default=10, gt=0)
    """Length of a list."""
    inner: Inner = Inner()


def test_settings_are_read_frozen_and_documented():
    settings = Outer.read({"k": 5, "inner": {"window_days": 3}})
    assert (settings.k, settings.inner.window_days) == (5, 3)
    assert Outer.model_fields["k"].description == "Length of a list."
    with pytest.raises(ValueError, match="frozen"):
        settings.k = 6  # type: ignore[misc]


class Listed(Config):
    kinds: tuple[str, ...] | Literal["all"] = "all"
    hide: dict[str, Annotated[tuple[str | int, ...], Field(min_length=1)]] = Field(default_factory=dict)
    name: str


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kinds": "ALL"}, """'kinds': found 'ALL'; it must be a list, such as ["ALL"] or 'all'; did you mean 'all'"""),
        ({"kinds": 3}, "'kinds': found 3; it must be a list or 'all'; correct"),
        ({"kinds": ["a", 3]}, "'kinds.1': found 3; it must be text in quotation marks; correct"),
        ({"hide": {"类": "礼品卡"}}, """'hide.类': found '礼品卡'; it must be a list, such as ["礼品卡"]; correct"""),
        ({"hide": {"a": []}}, "'hide.a': found []; it must be a list with at least one value; correct"),
        ({"hide": {"a": [[1]]}}, "'hide.a.0': found [1]; it must be text in quotation marks or a whole number;"),
        ({"hide": 3}, "'hide': found 3; it must be a table, such as {name = value}; correct"),
        ({}, "'name': found nothing; it is needed; correct this setting and run again"),
    ],
)  # fmt: skip
def test_a_setting_of_the_wrong_kind_is_told_in_a_recipes_words(settings: dict[str, Any], said: str):
    with pytest.raises(SettingsError, match=re.escape(f"[answer] setting {said}")):
        Listed.read({"name": "x", **settings} if settings else {}, "[answer]")


def test_a_typo_is_named_with_the_nearest_setting():
    with pytest.raises(
        SettingsError, match=r"\[answer\] has no setting 'kk'; did you mean 'k'\? its settings are: inner, k"
    ):
        Outer.read({"kk": 5}, "[answer]")
    with pytest.raises(SettingsError, match=r"no setting 'inner.windowdays'; did you mean 'window_days'\?"):
        Outer.read({"inner": {"windowdays": 5}})


class Several(Config):
    inners: Annotated[list[Inner], Field(max_length=2)] = []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"inners": [{"windows_days": 1}]}, "no setting 'inners.0.windows_days'; did you mean 'window_days'"),
        ({"inners": [{}] * 3}, "'inners': found [{}, {}, {}]; it must be of at most 2 values; correct"),
        ({"inners": "x" * 500}, f"found {'x' * 199!r}"[:-1] + "…; it must be a valid list"),
    ],
)
def test_a_list_of_sections_is_told_as_a_section_is_and_what_is_long_is_cut(settings: dict[str, Any], said: str):
    with pytest.raises(SettingsError, match=re.escape(said)):
        Several.read(settings)


def test_a_wrong_value_says_found_and_allowed():
    with pytest.raises(SettingsError, match="setting 'k': found 'ten'; it must be a whole number; correct this"):
        Outer.read({"k": "ten"})
    with pytest.raises(SettingsError, match="setting 'k': found 0; .*greater than 0"):
        Outer.read({"k": 0})


def test_nothing_near_suggests_nothing():
    assert did_you_mean("zzz", ["EASE", "ALS"]) == ""
    assert did_you_mean("ease", ["EASE", "ALS"]) == "; did you mean 'EASE'?"

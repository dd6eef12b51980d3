"""Settings refuse typos and wrong types, and say what would be right."""

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


def test_a_typo_is_named_with_the_nearest_setting():
    with pytest.raises(
        SettingsError, match=r"\[answer\] has no setting 'kk'; did you mean 'k'\? its settings are: inner, k"
    ):
        Outer.read({"kk": 5}, "[answer]")
    with pytest.raises(SettingsError, match=r"no setting 'inner.windowdays'; did you mean 'window_days'\?"):
        Outer.read({"inner": {"windowdays": 5}})


def test_a_wrong_value_says_found_and_allowed():
    with pytest.raises(SettingsError, match="setting 'k': found 'ten'; .*integer"):
        Outer.read({"k": "ten"})
    with pytest.raises(SettingsError, match="setting 'k': found 0; .*greater than 0"):
        Outer.read({"k": 0})


def test_nothing_near_suggests_nothing():
    assert did_you_mean("zzz", ["EASE", "ALS"]) == ""
    assert did_you_mean("ease", ["EASE", "ALS"]) == "; did you mean 'EASE'?"

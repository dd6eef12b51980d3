"""Errors say what to do."""

from zhiyin.core.errors import SettingsError


def test_what_is_not_installed_comes_with_the_line_that_installs_it() -> None:
    error = SettingsError.not_installed("hearing", "sound", ", or hear nothing")
    assert (
        error.message == "hearing needs a package that is not installed: pip install 'zhiyin[sound]', or hear nothing"
    )
    assert error.do == "pip install 'zhiyin[sound]'"

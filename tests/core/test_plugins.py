"""Plug-ins are found by name, and a wrong name is answered with the choices."""

import pytest

from zhiyin.core.errors import ModelError
from zhiyin.core.plugins import find, registered


def test_registered_names_import_nothing():
    assert "EASE" in registered("zhiyin.models")
    assert registered("zhiyin.nothing") == {}


def test_an_unknown_name_gets_the_nearest_and_all_choices():
    with pytest.raises(
        ModelError, match=r"there is no model 'EASY'; did you mean 'EASE'\? the choices are: ALS, AdversarialVAE, "
    ):
        find("zhiyin.models", "EASY")

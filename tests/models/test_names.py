"""The lazy tables of names and the stubs that editors read say the same."""

import re
import tomllib
from pathlib import Path

import pytest

import zhiyin
import zhiyin.models
from zhiyin.core.errors import ModelError

SOURCE = Path(zhiyin.__file__).parent


def test_every_model_stands_in_the_stub_where_it_is():
    stub = (SOURCE / "models" / "__init__.pyi").read_text()
    stated = {name: f"{module}:{name}" for module, name in re.findall(r"from (\S+) import (\w+) as \2", stub)}
    assert stated == zhiyin.models.ESTIMATORS


def test_every_public_name_stands_in_the_stub():
    stub = (SOURCE / "__init__.pyi").read_text()
    stated = {*re.findall(r"import (\w+) as", stub), *re.findall(r"^(\w+): ", stub, re.M)}
    assert stated == {*dir(zhiyin), "__version__"}


def test_every_built_in_model_is_registered_and_named():
    project = tomllib.loads((SOURCE.parents[1] / "pyproject.toml").read_text())["project"]
    assert set(zhiyin.models.ESTIMATORS) == set(project["entry-points"]["zhiyin.models"])
    for name in zhiyin.models.ESTIMATORS:
        assert zhiyin.models.estimator(name).name == name
        assert getattr(zhiyin.models, name).__doc__
        assert name in zhiyin.models.names()


def test_an_unknown_model_is_refused_with_the_choices():
    with pytest.raises(ModelError, match="there is no model 'EASY'; did you mean 'EASE'"):
        zhiyin.models.estimator("EASY")
    with pytest.raises(AttributeError, match=r"zhiyin.models has no 'EASY'; did you mean 'EASE'\? it has ALS, "):
        _ = zhiyin.models.EASY

"""A card names the components of its paper, each with a test that is there."""

from pathlib import Path

import pytest

import zhiyin
from zhiyin.testing import worlds


@pytest.mark.parametrize(
    "name", [name for name in zhiyin.models.ESTIMATORS if zhiyin.models.estimator(name).components]
)
def test_every_component_names_a_test_that_is_there(name: str):
    there = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    for component, test in zhiyin.models.estimator(name).components.items():
        assert f"def {test}(" in there, f"{name}: {component}"


def test_the_card_says_them():
    card = zhiyin.models.ESASRec(epochs=1, width=8).fit(worlds.even(20, 12, 4)).card()
    assert "- gates: `test_a_closed_gate_lets_nothing_through`" in card
    assert "Components" not in zhiyin.models.Popular().fit(worlds.even(20, 12, 4)).card()

"""How many of an item are left today is a house rule, not something that people like."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from zhiyin.data.contracts import Catalogue
from zhiyin.pipeline.generate import Learnt
from zhiyin.pipeline.recipe import Recipe
from zhiyin.pipeline.tables import features_of
from zhiyin.testing import worlds

RECIPE = '[models.a]\nmodel = "Popular"\n[answer.rules]\nstock = "left"\n'


def test_the_column_that_the_rules_name_as_stock_is_no_column_of_rankers_or_generators() -> None:
    world = worlds.even(40, 20)
    columns = {"left": np.arange(20.0), "price": np.arange(20.0)}
    catalogue = Catalogue(world.catalogue.ids, columns)
    line: Any = SimpleNamespace(dataset=SimpleNamespace(catalogue=catalogue), recipe=Recipe.from_toml(RECIPE))
    names = [feature.name for feature in features_of(line, {})]
    assert "value.price" in names
    assert "value.left" not in names
    line.recipe = Recipe.from_toml(RECIPE + '[features]\nnames = ["value.left"]\n')
    assert [feature.name for feature in features_of(line, {})] == ["value.left"]  # who asks for it gets it
    train: Any = SimpleNamespace(
        catalogue=catalogue, hot_items=world.hot_items, histories=world.histories, n_items=world.n_items
    )
    vectors = np.zeros((len(world.users), 2), np.float32)
    assert list(Learnt(train, vectors, 0, "left").catalogue.columns) == ["price"]
    assert list(Learnt(train, vectors, 0).catalogue.columns) == ["left", "price"]

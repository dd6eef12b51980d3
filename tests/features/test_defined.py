"""Features that a recipe defines: what they give, and what is refused by name."""

import numpy as np
import pytest

from zhiyin.core.errors import ModelError, SettingsError
from zhiyin.data.contracts import Requests
from zhiyin.features import Definition, EventCounters, compute_table, named_features, plugins
from zhiyin.features.feature import Feature
from zhiyin.pipeline.recipe import Recipe
from zhiyin.testing import causes

DATASET = causes.everything()
RECIPE = """
[features]
further = ["at_hour"]

[features.views_week]
count = "view"
days = 7

[features.bought]
conversion = ["view", "purchase"]
days = 30

[features.warming]
ratio = ["views_week", "popularity_30d"]
smoothing = 1

[features.near_by_age]
product = ["distance", "person.age"]
"""


def columns(definitions: dict[str, Definition], names: list[str]) -> dict[str, np.ndarray]:
    now = int(DATASET.histories.times.max()) + 1
    requests = Requests.of(DATASET.histories, now=now, person=DATASET.people)
    rows = np.tile(np.arange(DATASET.n_items, dtype=np.int32), (len(DATASET), 1))
    features = named_features(names, DATASET.catalogue, log=DATASET, definitions=definitions)
    table = compute_table(features, requests, rows, EventCounters(DATASET))
    return {name: table.values[..., f] for f, name in enumerate(table.names)}


def test_counters_ratios_and_crosses_are_what_they_say() -> None:
    definitions = Recipe.from_toml(RECIPE).features.defined
    names = ["views_week", "bought", "warming", "near_by_age", "popularity_30d", "distance", "person.age"]
    found = columns(definitions, names)
    h = DATASET.histories
    week = (h.kinds == DATASET.kinds.index("view")) & (h.times >= h.times.max() + 1 - 7 * 86_400)
    np.testing.assert_allclose(found["views_week"][0], np.log1p(np.bincount(h.items[week], minlength=30)), rtol=1e-6)
    np.testing.assert_allclose(found["warming"], (found["views_week"] + 1) / (found["popularity_30d"] + 1), rtol=1e-6)
    np.testing.assert_allclose(found["near_by_age"], found["distance"] * found["person.age"], rtol=1e-6)
    month = h.times >= h.times.max() + 1 - 30 * 86_400
    bought, viewed = (
        np.bincount(h.items[month & (h.kinds == DATASET.kinds.index(kind))], minlength=30)
        for kind in ("purchase", "view")
    )
    expected = np.log((bought + 20 * bought.sum() / viewed.sum()) / (viewed + 20))
    np.testing.assert_allclose(found["bought"][0], expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("[features.popularity]\ncount = 'view'", r"\[features.popularity\] defines a feature that Zhiyin has already"),
        ("[features.next]\ncount = 'view'\ndays = -3", r"\[features.next\].*days = -3 looks at the future"),
        ("[features.a]\nratio = ['b', 'popularity']\n[features.b]\nproduct = ['a', 'trend']",
         r"\[features.a\] is made of itself: a → b → a"),
        ("[features.a]\ndifference = ['a', 'trend']", r"\[features.a\] is made of itself: a → a"),
        ("[features.a]\ncount = 'view'\nratio = ['trend', 'popularity']", "count and ratio is given; give one of"),
        ("[features.a]\ndays = 3", "nothing is given; give one of"),
        ("[features.a]\nproduct = ['trend']", "features.a"),
        ("[features.a]\nratio = ['trend', 'popularity']\ndays = 3", "days says nothing about a ratio"),
        ("[features.a]\ncounts = 'view'", "did you mean 'count'"),
        ("[features]\nfurthr = ['at_hour']", "did you mean 'further'"),
    ],
)  # fmt: skip
def test_what_a_recipe_may_not_define_is_refused_by_name(recipe: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Recipe.from_toml(recipe)


def test_names_that_do_not_exist_are_refused_by_name() -> None:
    ratio = {"a": Definition(ratio=("popularty", "trend"))}
    with pytest.raises(SettingsError, match="no feature 'popularty'; did you mean 'popularity'"):
        columns(ratio, ["a"])
    with pytest.raises(SettingsError, match="kind 'vew', which the log does not have; did you mean 'view'"):
        columns({"a": Definition(count="vew")}, ["a"])
    for name in ("count.vew", "group.cuntry", "at.devic", "cross.age.categry", "count.view.0d", "match.age"):
        with pytest.raises(SettingsError, match=f"there is no feature '{name}'"):
            columns({}, [name])
    with pytest.raises(SettingsError, match="'trend' is named twice"):
        columns({}, ["trend", "trend"])


class Point:
    """An entry point."""

    def __init__(self, name: str, value: object) -> None:
        self.name, self.value, self.given = name, f"package:{name}", value

    def load(self) -> object:
        return self.given


def test_features_of_other_packages_are_found_and_doubles_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Feature("mine", ("history",), "seven", lambda requests, rows, counters: np.full(rows.shape, 7.0))
    points = [Point("mine", mine)]
    monkeypatch.setattr(plugins, "entry_points", lambda group: points)
    plugins.plugins.cache_clear()
    try:
        assert (columns({}, ["mine"])["mine"] == 7).all()
        with pytest.raises(SettingsError, match=r"\[features.mine\] defines a feature that a plug-in has already"):
            Recipe.from_toml("[features.mine]\ncount = 'view'")
        points.append(Point("mine", mine))
        plugins.plugins.cache_clear()
        with pytest.raises(ModelError, match="feature 'mine' is defined twice, by package:mine and package:mine"):
            columns({}, ["mine"])
        points[:] = [Point("other", mine)]
        plugins.plugins.cache_clear()
        with pytest.raises(ModelError, match="plug-in feature 'other'"):
            columns({}, ["trend", "other"])
        points[:] = [Point("trend", Feature("trend", (), "", mine.compute))]
        plugins.plugins.cache_clear()
        with pytest.raises(ModelError, match="'trend' is defined twice, by package:trend and Zhiyin"):
            columns({}, ["trend"])
    finally:
        plugins.plugins.cache_clear()

"""Categories with vectors of their own: how columns are read, what the networks compute, what they learn."""

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch

import zhiyin
from zhiyin import ranking
from zhiyin.core.errors import ModelError
from zhiyin.pipeline.recipe import RankerName
from zhiyin.ranking import DCNv2, DeepFM, Logistic, Rows
from zhiyin.ranking.fields import Fields
from zhiyin.ranking.networks import CrossNetwork, pairs

NAMES = ("person", "item", "noise")
NAN = np.nan
Network = Callable[..., Any]
NETWORKS: list[Network] = [DCNv2, DeepFM]


def world(seed: int, n: int = 12_000) -> tuple[Rows, np.ndarray]:
    """People 10 to 29 like items of their own parity: neither column says anything alone, nor do sizes of codes."""
    rng = np.random.default_rng(seed)
    person, item = rng.integers(10, 30, n), rng.integers(0, 20, n)
    truth = np.where(person % 2 == item % 2, 0.7, 0.2)
    values = np.column_stack([person, item, rng.normal(size=n)]).astype(np.float32)
    return Rows(values, rng.random(n) < truth, np.arange(n), NAMES), truth


@pytest.fixture(scope="module")
def rows() -> Rows:
    return world(0)[0]


def small(network: Network, **settings: Any) -> Any:
    return network(categories=("person", "item"), width=4, hidden=(16,), epochs=8, **settings)


@pytest.fixture(scope="module", params=NETWORKS)
def trained(request: pytest.FixtureRequest, rows: Rows) -> Any:
    return small(request.param).fit_rows(rows)


def test_every_known_value_has_a_row_and_all_others_share_one() -> None:
    values = np.array([[7, 1.0, 3], [9, 2.0, 3], [7, NAN, NAN], [NAN, 4.0, 8]], np.float32)
    fields = Fields.of(values, ("a", "b", "c"), ("c", "a"), least_rows=1)
    numbers, table_rows = fields(np.array([[9, NAN, 8], [8, 2.0, NAN], [NAN, 1.0, 3]], np.float32))
    assert fields.others.tolist() == [0, 4]  # a: 7, 9, not known; c: 3, 8, not known
    assert table_rows.tolist() == [[2, 6], [0, 7], [3, 5]]
    assert fields.n_rows == 8
    assert numbers.shape == (3, fields.n_numbers) == (3, 2)  # b, and whether it is missing
    assert numbers[:, 1].tolist() == [1, 0, 0]
    seldom = Fields.of(values, ("a", "b", "c"), ("c", "a"), least_rows=2)
    assert seldom(values)[1].tolist() == [[1, 3], [0, 3], [1, 2], [0, 2]]  # only 7 and 3 are met twice


def test_shares_go_back_to_their_columns() -> None:
    values = np.array([[7, 1.0], [9, NAN], [7, 5.0]], np.float32)
    fields = Fields.of(values, ("a", "b"), ("a",), least_rows=1)
    found = fields.of_columns(np.array([[1.0, 0.5]]), np.array([[2.0]]))
    assert found.tolist() == [[2, 1.5]]


def test_pairs_are_the_products_of_all_pairs() -> None:
    vectors = torch.randn(5, 4, 3, dtype=torch.float64)
    slowly = sum((vectors[:, f] * vectors[:, g]).sum(1) for f, g in combinations(range(4), 2))
    torch.testing.assert_close(pairs(vectors), slowly)


def test_a_cross_layer_multiplies_as_the_paper_says() -> None:
    cross = CrossNetwork(3, 2)
    units = torch.randn(4, 3)
    x = units
    for layer in cross.layers:
        x = torch.stack([units[n] * (layer.weight @ x[n] + layer.bias) + x[n] for n in range(4)])
    torch.testing.assert_close(cross(units), x)


def test_what_two_categories_do_together_is_learned(trained: Any, rows: Rows) -> None:
    unseen, truth = world(9, 4000)
    assert np.abs(trained.probability(unseen.values) - truth).mean() < 0.08
    assert np.abs(Logistic().fit_rows(rows).probability(unseen.values) - truth).mean() > 0.2
    importance = trained.importance()
    assert min(importance["person"], importance["item"]) > 5 * importance["noise"]


def test_the_names_of_the_codes_change_nothing(rows: Rows) -> None:
    rows = rows.take(np.arange(2000))
    other = rows.values.copy()
    other[:, 0] = other[:, 0] * 1000 + 5  # the same people, in the same order
    for network in NETWORKS:
        plain, renamed = (
            small(network).fit(values, rows.labels, rows.groups, NAMES).probability(values[:50])
            for values in (rows.values, other)
        )
        np.testing.assert_array_equal(plain, renamed)


def test_someone_never_met_counts_as_the_mean_of_those_met(trained: Any) -> None:
    asked = np.array([[p, 4, 0] for p in (99, NAN, -1, *range(10, 30))], np.float32)
    never, missing, negative, *met = trained.raw(asked)
    assert never == missing == negative
    assert min(met) < never < max(met)
    person = trained.fields.others[0]
    width = trained.network.width
    torch.testing.assert_close(trained.network.table[person], trained.usual[:width])


def test_contributions_of_categories_add_up(trained: Any, rows: Rows) -> None:
    found, begin = trained.contributions(rows.values[:200])
    raw = trained.raw(rows.values[:200])
    np.testing.assert_allclose(found.sum(axis=1) + begin, raw, atol=0.02 * np.abs(raw - begin).max())
    assert np.abs(found[:, :2]).mean() > 3 * np.abs(found[:, 2]).mean()


def test_saved_and_loaded_with_its_vectors(trained: Any, rows: Rows, tmp_path: Path) -> None:
    trained.save(tmp_path / "network")
    loaded = zhiyin.load(tmp_path / "network")
    np.testing.assert_array_equal(loaded.probability(rows.values), trained.probability(rows.values))
    np.testing.assert_array_equal(loaded.contributions(rows.values[:5])[0], trained.contributions(rows.values[:5])[0])


def test_answering_loads_no_training_code(trained: Any, tmp_path: Path) -> None:
    trained.save(tmp_path / "network")
    code = (
        f"import sys, numpy, zhiyin; zhiyin.load({str(tmp_path / 'network')!r}).contributions(numpy.zeros((2, 3)));"
        "print([name for name in sys.modules if name.startswith(('zhiyin.training', 'zhiyin.models', 'sklearn'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_recipe_names_rankers_that_are_there_and_registered() -> None:
    registered = {entry.name: entry for entry in entry_points(group="zhiyin.rankers")}
    for name in get_args(RankerName):
        made = getattr(ranking, name)(seed=1)
        assert made.name == name
        assert registered[name].load() is type(made)


def test_cross_layers_may_stand_below_the_others(rows: Rows) -> None:
    unseen, truth = world(9, 4000)
    stacked = small(DCNv2, stacked=True).fit_rows(rows)
    assert np.abs(stacked.probability(unseen.values) - truth).mean() < 0.07


@pytest.mark.parametrize("network", NETWORKS)
def test_columns_that_say_nothing_and_wrong_names(network: Network, rows: Rows) -> None:
    n = len(rows)
    wide = np.column_stack([rows.values, np.full(n, NAN), np.full(n, 3), np.where(np.arange(n) % 2, np.inf, 1)])
    names = (*NAMES, "empty", "three", "infinite")
    ranker = network(categories=("person", "item", "empty"), width=4, hidden=(8,), epochs=1)
    ranker.fit(wide, rows.labels, rows.groups, names)
    assert set(ranker.set_aside) == {"empty", "three"}  # infinite: 1 or not known
    assert np.isfinite(ranker.probability(np.full((2, 6), np.inf))).all()
    with pytest.raises(ModelError, match="categories names 'persons', which is no column; the columns are: person, it"):
        network(categories=("persons",)).fit_rows(rows)
    with pytest.raises(ModelError, match="needs rows of both kinds"):
        network(categories=("person",)).fit(rows.values, np.ones(n), rows.groups, NAMES)
    with pytest.raises(ModelError, match="no column to learn from"):
        network(categories=("person",)).fit(np.full((n, 1), NAN), rows.labels, names=("person",))


@pytest.mark.parametrize("network", NETWORKS)
def test_categories_alone_and_one_row_that_is_left_over(network: Network) -> None:
    values = (np.arange(65) % 5)[:, None].astype(np.float32)  # 65 rows: batches of 32, 32 and 1
    found = network(categories=("c",), width=2, hidden=(4,)).fit(values, values[:, 0] > 2, names=("c",))
    assert np.isfinite(found.probability(values)).all()

"""Click and purchase on a world whose true chances are known: purchases are only seen after a click."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import zhiyin
from zhiyin.core.errors import ModelError
from zhiyin.ranking import ESMM, DeepFM, Rows
from zhiyin.ranking.networks import ESMMNetwork

NAMES = ("item", "price")
SETTINGS: dict[str, Any] = {"categories": ("item",), "hidden": (16,), "width": 4, "epochs": 10}


def world(seed: int, n: int = 20_000) -> tuple[Rows, np.ndarray, np.ndarray]:
    """Rows, and the true chances of a click, and of a purchase once clicked. Good items are clicked and bought; what is
    cheap is clicked, what is dear is bought once clicked: clicked rows are not like the others. An item is clicked ten
    times."""
    good = np.random.default_rng(0).normal(size=400)
    rng = np.random.default_rng(seed)
    item, price = rng.integers(0, 400, n), rng.normal(size=n)
    click = 1 / (1 + np.exp(2.0 - 1.5 * good[item] + 1.2 * price))
    then = 1 / (1 + np.exp(1.0 - 1.5 * good[item] - 1.2 * price))
    clicked = rng.random(n) < click
    bought = clicked & (rng.random(n) < then)
    values = np.column_stack([item, price]).astype(np.float32)
    return Rows(values, bought, np.arange(n), NAMES, clicked=clicked), click, then


@pytest.fixture(scope="module")
def rows() -> Rows:
    return world(1)[0]


@pytest.fixture(scope="module")
def trained(rows: Rows) -> ESMM:
    return ESMM(**SETTINGS).fit_rows(rows)


def test_the_product_is_what_the_second_output_says() -> None:
    torch.manual_seed(0)
    network = ESMMNetwork(2, 0, 0, 4, hidden=(3,), dropout=0.0).double().eval()
    units = torch.randn(50, 2, dtype=torch.float64)
    click, both = torch.sigmoid(network.odds(units)).T
    then = torch.sigmoid(network.then(units)[:, 0])
    torch.testing.assert_close(both, click * then)
    assert torch.isfinite(network.odds(1e6 * units)).all()


def test_all_three_chances_are_the_true_ones(trained: ESMM) -> None:
    fresh, click, then = world(9)
    found = trained.chances(fresh.values)
    assert np.abs(found.click - click).mean() < 0.06
    assert np.abs(found.label - click * then).mean() < 0.04
    assert (found.click >= found.label).all()
    np.testing.assert_allclose(found.after_click * found.click, found.label, atol=1e-6)
    np.testing.assert_allclose(trained.probability(fresh.values), found.label, atol=1e-6)


@pytest.mark.slow
def test_over_all_rows_it_knows_purchases_better_than_a_model_of_clicked_rows(trained: ESMM, rows: Rows) -> None:
    fresh, _, then = world(9)
    assert rows.clicked is not None
    naive = DeepFM(**SETTINGS).fit_rows(rows.take(rows.clicked)).probability(fresh.values)
    ours = trained.chances(fresh.values).after_click
    assert np.abs(ours - then).mean() < 0.75 * np.abs(naive - then).mean()


@pytest.mark.slow
def test_thinned_rows_give_the_same_chances(rows: Rows) -> None:
    fresh, click, then = world(9)
    thinned = rows.thinned(0.3, np.random.default_rng(1))
    found = ESMM(**SETTINGS).fit_rows(thinned).chances(fresh.values)
    assert found.click.mean() == pytest.approx(click.mean(), abs=0.02)
    assert found.label.mean() == pytest.approx((click * then).mean(), abs=0.01)


def test_saved_and_loaded_both_answer_alike(trained: ESMM, rows: Rows, tmp_path: Path) -> None:
    trained.save(tmp_path / "two")
    loaded = zhiyin.load(tmp_path / "two")
    for ours, theirs in zip(trained.chances(rows.values), loaded.chances(rows.values), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert loaded.chances(np.zeros((0, 3, 2))).click.shape == (0, 3)
    found, begin = loaded.contributions(rows.values[:100])
    raw = trained.raw(rows.values[:100])
    np.testing.assert_allclose(found.sum(axis=1) + begin, raw, atol=0.02 * np.abs(raw - begin).max())


def test_one_target_and_purchases_without_a_click_are_refused(rows: Rows) -> None:
    with pytest.raises(ModelError, match="ESMM learns from two targets, found one; give clicked="):
        ESMM(**SETTINGS).fit(rows.values, rows.labels, rows.groups, NAMES)
    with pytest.raises(ModelError, match="rows are positive that were not clicked"):
        ESMM(**SETTINGS).fit(rows.values, rows.labels, rows.groups, NAMES, clicked=np.zeros(len(rows)))
    with pytest.raises(ModelError, match="needs rows of both kinds, all 20000 are negative"):
        ESMM(**SETTINGS).fit(rows.values, np.zeros(len(rows)), rows.groups, NAMES, clicked=rows.clicked)


def test_columns_that_say_nothing_and_clicks_of_one_kind(rows: Rows) -> None:
    few = rows.take(np.arange(2000))
    n = len(few)
    wide = np.column_stack([few.values, np.full(n, np.nan), np.full(n, 3), np.where(np.arange(n) % 2, np.inf, 1)])
    names = (*NAMES, "empty", "three", "infinite")
    ranker = ESMM(categories=("item",), width=2, hidden=(8,), epochs=1)
    ranker.fit(wide, few.labels, few.groups, names, clicked=np.ones(n))  # everything was clicked
    assert set(ranker.set_aside) == {"empty", "three"}
    for part in ranker.chances(np.full((4, 5), np.inf)):
        assert part.shape == (4,)
        assert ((part >= 0) & (part <= 1)).all()


def test_rows_carry_their_clicks(rows: Rows) -> None:
    both = Rows.joined([rows, rows])
    assert both.clicked is not None
    assert rows.clicked is not None
    np.testing.assert_array_equal(both.take(np.arange(20_000, 40_000)).clicked, rows.clicked)

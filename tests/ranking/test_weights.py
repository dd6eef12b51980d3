"""Rows that count more than others, and places that draw clicks: worlds whose truth is known."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zhiyin
from zhiyin.core.errors import DataError, ModelError
from zhiyin.ranking import BoostedTrees, DCNv2, DecisionTree, DeepFM, LambdaMART, Logistic, NeuralNetwork, Rows
from zhiyin.ranking.calibration import calibrated

SETTINGS: dict[Any, dict[str, Any]] = {
    BoostedTrees: {"trees": 60}, LambdaMART: {"trees": 60}, DecisionTree: {}, Logistic: {},
    NeuralNetwork: {"hidden": (16,), "epochs": 8}, DCNv2: {"hidden": (16,), "epochs": 8},
    DeepFM: {"hidden": (16,), "width": 4, "epochs": 8},
}  # fmt: skip
RANKERS = list(SETTINGS)


def turned(seed: int) -> tuple[Rows, np.ndarray]:
    """What is liked turned round 100 days ago: old rows, of every second request, say the opposite. Ages in days."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(400), 10)
    values = rng.normal(size=(4000, 2)).astype(np.float32)
    old = groups % 2 == 0
    truth = 1 / (1 + np.exp(-2 * np.where(old, -1, 1) * values[:, 0]))
    return Rows(values, rng.random(4000) < truth, groups, ("liking", "noise")), np.where(old, 100.0, 0.0)


@pytest.mark.parametrize("ranker", RANKERS)
def test_old_rows_count_half_as_much_for_every_half_life(ranker: Any) -> None:
    rows, days = turned(0)
    asked = np.array([[-1.5, 0], [1.5, 0]], np.float32)
    recent = ranker(**SETTINGS[ranker]).fit_rows(rows.decayed(days, half_life=20)).probability(asked)
    assert recent[1] - recent[0] > 0.5  # truth 0.95 - 0.05; old rows count 1/32
    alike = ranker(**SETTINGS[ranker]).fit_rows(rows).probability(asked)
    assert abs(alike[1] - alike[0]) < 0.25  # half of the rows contradict the other half


@pytest.mark.parametrize("ranker", [BoostedTrees, Logistic, DeepFM])
def test_weights_of_rows_that_repeat_are_those_rows_again(ranker: Any) -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(3000, 1)).astype(np.float32)
    labels = rng.random(3000) < 0.3
    weighted = Rows(values, labels, np.arange(3000), ("x",), weights=np.where(labels, 3.0, 1.0))
    found = ranker(**SETTINGS[ranker]).fit_rows(weighted).probability(values)
    assert found.mean() == pytest.approx(0.9 / 1.6, abs=0.05)  # three of each positive


@pytest.mark.parametrize(("n", "method"), [(2000, "platt"), (20_000, "isotonic")])
def test_a_calibration_heeds_the_weights(n: int, method: str) -> None:
    rng = np.random.default_rng(4)
    truth = rng.random(n) * 0.4
    labels = (rng.random(n) < truth).astype(np.float64)
    scores = np.log(truth / (1 - truth))
    found = calibrated(scores, labels, np.where(labels > 0, 3.0, 1.0))
    assert found.method == method
    assert np.abs(found(scores) - 3 * truth / (1 + 2 * truth)).mean() < 0.02  # three of each positive


def test_half_lives_by_hand_and_joined() -> None:
    rows = Rows(np.zeros((3, 1), np.float32), np.array([True, False, True]), np.arange(3), ("x",))
    decayed = rows.decayed(np.array([0, 10, 20]), half_life=10)
    assert decayed.counts.tolist() == [1, 0.5, 0.25]
    assert decayed.decayed(np.array([0, 10, 0]), half_life=10).counts.tolist() == [1, 0.25, 0.25]
    assert decayed.take(np.array([2, 0])).counts.tolist() == [0.25, 1]
    assert Rows.joined([rows, decayed]).counts.tolist() == [1, 1, 1, 1, 0.5, 0.25]
    assert Rows.joined([rows, rows]).weights is None
    with pytest.raises(DataError, match="days of 0 or more, one for each"):
        rows.decayed(np.array([0, -1, 2]), half_life=10)
    with pytest.raises(DataError, match="a half-life is above 0 days, found 0"):
        rows.decayed(np.zeros(3), half_life=0)
    with pytest.raises(ModelError, match="weights are finite and above 0, one for each of 3 rows"):
        Logistic().fit(np.arange(3)[:, None], np.array([0, 1, 1]), weights=np.array([1, 0, 1]))


def shown(seed: int) -> tuple[Rows, np.ndarray]:
    """The old recommender put what it thought good first, and high places draw clicks whatever stands there.

    Log odds: liking - 0.7 (place - 1) - 1; the place follows ``shown_for``, which nobody cares about, and chance."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(800), 5)
    values = rng.normal(size=(4000, 3)).astype(np.float32)
    order = np.argsort(-(values[:, 1] + 2 * rng.normal(size=4000)).reshape(800, 5), axis=1)
    place = np.argsort(order, axis=1).ravel() + 1
    values[:, 2] = place
    odds = values[:, 0] - 1.0
    clicked = rng.random(4000) < 1 / (1 + np.exp(-(odds - 0.7 * (place - 1))))
    return Rows(values, clicked, groups, ("liking", "shown_for", "place")), 1 / (1 + np.exp(-odds))


@pytest.mark.parametrize("ranker", [BoostedTrees, Logistic, NeuralNetwork, DCNv2, DeepFM])
def test_where_places_are_logged_their_clicks_are_not_the_candidates_own(ranker: Any) -> None:
    rows, _ = shown(0)
    fresh, truth = shown(9)
    plain = ranker(**SETTINGS[ranker]).fit(rows.values[:, :2], rows.labels, rows.groups, rows.names[:2])
    fair = ranker(position="place", **SETTINGS[ranker]).fit_rows(rows)
    wrong = np.abs(plain.probability(fresh.values[:, :2]) - truth).mean()
    assert np.abs(fair.probability(fresh.values) - truth).mean() < 0.75 * wrong
    others = fresh.values.copy()
    others[:, 2] = np.nan  # nobody knows a place before the list is made
    np.testing.assert_array_equal(fair.probability(others), fair.probability(fresh.values))


def test_the_first_place_is_saved_and_wrong_columns_are_refused(tmp_path: Path) -> None:
    rows, _ = shown(0)
    Logistic(position="place").fit_rows(rows).save(tmp_path / "fair")
    fair = zhiyin.load(tmp_path / "fair")
    others = rows.values.copy()
    others[:, 2] = 1
    np.testing.assert_array_equal(fair.probability(rows.values), fair.probability(others))
    assert np.ptp(fair.contributions(rows.values)[0][:, 2]) < 1e-9
    with pytest.raises(ModelError, match="position names 'rank', which is no column; the columns are: liking, shown_f"):
        Logistic(position="rank").fit_rows(rows)
    others[:, 2] = np.nan
    with pytest.raises(ModelError, match="position names 'place', which no row has a value of"):
        Logistic(position="place").fit(others, rows.labels, rows.groups, rows.names)

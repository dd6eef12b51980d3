"""Labels, rows, reliability, calibration and folds: each against a slow obvious version or a table by hand."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyin.core.errors import DataError
from zhiyin.data.contracts import Ragged
from zhiyin.data.dataset import Dataset
from zhiyin.features.feature import DAY
from zhiyin.ranking import Rows, calibration_error, labels_for, outcome_folds, reliability_of
from zhiyin.ranking.calibration import calibrated
from zhiyin.ranking.rows import without_sampling

LISTS = st.lists(st.lists(st.integers(0, 5), max_size=4), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(LISTS, st.data())
def test_labels_equal_a_naive_loop(targets: list[list[int]], data: st.DataObject) -> None:
    row = st.lists(st.integers(-1, 6), min_size=3, max_size=3)
    candidates = np.array([data.draw(row) for _ in targets], np.int32)
    expected = [[c in wanted for c in row] for row, wanted in zip(candidates.tolist(), targets, strict=True)]
    assert labels_for(candidates, Ragged.of(targets)).tolist() == expected


def test_rows_leave_no_item_out_and_number_their_requests() -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3, 1)
    rows = Rows.of(values, ("x",), np.array([[4, -1, 2], [-1, 0, 2]], np.int32), Ragged.of([[2], [0]]))
    assert rows.values[:, 0].tolist() == [0, 2, 4, 5]
    assert rows.labels.tolist() == [False, True, True, False]
    both = Rows.joined([rows, rows])
    assert both.groups.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    with pytest.raises(DataError, match="different columns or sampling"):
        Rows.joined([rows, Rows(rows.values, rows.labels, rows.groups, ("y",))])
    assert not labels_for(np.array([[0], [-1]], np.int32), Ragged.of([[3], [0]])).any()  # -1 is not the item before
    with pytest.raises(DataError, match="2 rows of candidates for 1 lists of targets"):
        labels_for(np.zeros((2, 1), np.int32), Ragged.of([[1]]))


def test_thinning_keeps_every_positive_and_is_undone() -> None:
    rng = np.random.default_rng(0)
    labels = rng.random(20_000) < 0.1
    rows = Rows(np.zeros((20_000, 1), np.float32), labels, np.arange(20_000), ("x",))
    thinned = rows.thinned(0.25, rng)
    assert thinned.labels.sum() == labels.sum()
    base = without_sampling(np.array([thinned.labels.mean()]), thinned.negative_rate)
    assert base[0] == pytest.approx(labels.mean(), abs=0.004)
    with pytest.raises(DataError, match="above 0 up to 1, found 0"):
        rows.thinned(0, rng)


def test_reliability_by_hand() -> None:
    found = reliability_of(np.array([0.9, 0.1, 0.2, 0.8]), np.array([1, 0, 0, 0]), bins=2)
    assert found.predicted.tolist() == pytest.approx([0.15, 0.85])
    assert found.observed.tolist() == [0, 0.5]
    assert found.error == pytest.approx((0.15 + 0.35) / 2)
    assert found.log_loss == pytest.approx(-np.log([0.9, 0.9, 0.8, 0.2]).mean())
    assert np.isnan(reliability_of(np.array([0.2]), np.array([0])).normalised_entropy)
    with pytest.raises(DataError, match="0 probabilities for 0 labels"):
        reliability_of(np.zeros(0), np.zeros(0))


def test_the_interval_of_the_calibration_error_holds_the_truth() -> None:
    held, zeros = 0, 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        said = rng.random(1500)
        labels = rng.random(1500) < 0.1 + 0.6 * said  # too sure: the mean of |0.1 - 0.4 p| over p is 0.125
        found = calibration_error(said, labels, seed=seed)
        held += found["low"] <= 0.125 <= found["high"]
        assert found["low"] <= found["value"] <= found["high"]
        zeros += calibration_error(said, rng.random(1500) < said)["low"] == 0
    assert held >= 52  # of 57 expected
    assert zeros >= 55


def test_rows_of_one_request_tell_the_error_less_surely() -> None:
    rng = np.random.default_rng(1)
    said = np.repeat(rng.random(200), 10)
    labels = np.repeat(rng.random(200) < 0.5 * said[::10], 10)  # ten times the same
    alone, together = calibration_error(said, labels), calibration_error(said, labels, np.repeat(np.arange(200), 10))
    assert together["n"] == 200
    assert together["high"] - together["low"] > 2 * (alone["high"] - alone["low"])
    with pytest.raises(DataError, match="0 probabilities for 0 labels"):
        calibration_error(np.zeros(0), np.zeros(0))


@pytest.mark.parametrize(("n", "method"), [(600, "platt"), (20_000, "isotonic")])
def test_calibration_straightens_a_bent_score_and_keeps_the_order(n: int, method: str) -> None:
    rng = np.random.default_rng(2)
    truth = rng.random(n) * 0.6
    labels = rng.random(n) < truth
    bent = 3 * np.log(truth / (1 - truth)) + 5
    calibration = calibrated(bent, labels.astype(np.float64))
    found = calibration(bent)
    assert calibration.method == method
    assert np.abs(found - truth).mean() < 0.05
    order = np.argsort(bent)
    assert (np.diff(found[order][np.diff(bent[order], prepend=-np.inf) > 0]) >= 0).all()
    assert len(np.unique(found)) == len(np.unique(bent))


def test_one_positive_on_top_proves_no_certainty() -> None:
    rng = np.random.default_rng(5)
    scores = rng.normal(size=20_000)
    labels = (rng.random(20_000) < 0.1).astype(np.float64)
    labels[scores.argmax()] = 1
    calibration = calibrated(scores, labels)
    assert calibration.method == "isotonic"
    assert calibration(scores).max() < 0.25


def test_scores_above_all_that_were_seen_still_differ() -> None:
    rng = np.random.default_rng(6)
    scores = rng.normal(size=20_000)
    labels = (rng.random(20_000) < 1 / (1 + np.exp(2 - scores))).astype(np.float64)
    best = calibrated(scores, labels)(np.array([4.0, 4.1, 4.2, 7.0]))
    assert (np.diff(best) > 1e-3).all()
    assert best[-1] < 1


def shop(order: str) -> Dataset:
    rng = np.random.default_rng(3)
    frame = pl.DataFrame(
        {"user": [f"u{u}" for u in rng.integers(0, 20, 600)], "item": [f"i{i}" for i in rng.integers(0, 60, 600)]}
    )
    times = pl.Series("time", np.sort(rng.integers(0, 120 * DAY, 600)))
    return Dataset.from_frame(frame.with_columns(times) if order == "time" else frame)


def test_a_fold_of_time_never_shows_its_outcome() -> None:
    dataset = shop("time")
    folds = outcome_folds(dataset, n=3, days=20)
    assert len(folds) == 3
    nows = [int(fold.cases.requests.now[0]) for fold in folds]
    assert np.diff(nows).tolist() == [20 * DAY, 20 * DAY]
    for fold, now in zip(folds, nows, strict=True):
        assert fold.train.histories.times.max() < now
        for b, user in enumerate(fold.cases.users.tolist()):
            own = dataset.histories.take(np.array([user]))
            window = (own.times >= now) & (own.times < now + 20 * DAY)
            expected = set(own.items[window].tolist()) - set(own.items[own.times < now].tolist())
            assert set(fold.cases.targets[b].tolist()) == expected
            assert (
                fold.cases.requests.histories.take(np.array([b])).items.tolist() == own.items[own.times < now].tolist()
            )


def test_without_time_the_last_events_are_the_outcomes() -> None:
    dataset = shop("row")
    older, newer = outcome_folds(dataset, n=2)
    user = int(newer.cases.users[0])
    own = dataset.histories.take(np.array([user])).items.tolist()
    assert newer.cases.targets[0].tolist() == [own[-1]]
    assert newer.cases.requests.histories.take(np.array([0])).items.tolist() == own[:-1]
    assert older.train.histories.n_events == dataset.histories.n_events - 2 * 20
    assert newer.rule == "the newest event of everybody"


def test_a_log_without_new_items_has_no_fold() -> None:
    dataset = Dataset.from_frame(pl.DataFrame({"user": ["a"] * 3, "item": ["x"] * 3, "time": [0, DAY, 2 * DAY]}))
    with pytest.raises(
        DataError, match="no fold has a person who took something new: 3 windows of 30 days over 3 events"
    ):
        outcome_folds(dataset)

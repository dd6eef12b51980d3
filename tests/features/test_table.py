"""The feature table: each column means what it says, unknown is NaN, names are refused with a hint."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import rankdata

from zhiyin.core.errors import DataError, ModelError, SettingsError
from zhiyin.data.contracts import Catalogue, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.features import EventCounters, Feature, compute_table, default_names, large, named_features
from zhiyin.features.feature import DAY, Among
from zhiyin.features.large import placed, standardised

EVENTS = pl.DataFrame(
    {
        "user": ["a", "a", "a", "b", "b", "c"],
        "item": ["x", "y", "x", "x", "z", "y"],
        "time": [1 * DAY, 2 * DAY, 9 * DAY, 3 * DAY, 9 * DAY, 30 * DAY],
    }
)
ITEMS = pl.DataFrame(
    {
        "item": ["x", "y", "z", "w"],
        "price": [2.0, 8.0, None, 4.0],
        "category": ["jug", "bag", "jug", None],
        "tags": [["red"], ["red", "big"], [], None],
    }
)


@pytest.fixture
def dataset() -> Dataset:
    return Dataset.from_frame(EVENTS, items=ITEMS)


class TwoNumbers:
    """A model of two-number vectors: items on a circle, a person looks at the first item."""

    item_vectors = np.array([[1, 0], [0, 1], [-1, 0], [2, 2]], np.float32)
    item_bias = np.zeros(4, np.float32)

    def user_vectors(self, requests: Requests) -> np.ndarray:
        return np.tile(np.array([[3, 0]], np.float32), (len(requests), 1))

    def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray:
        scores = self.user_vectors(requests) @ self.item_vectors.T
        assert candidates is not None
        return np.where(candidates < 0, -np.inf, np.take_along_axis(scores, np.maximum(candidates, 0), 1))


def columns_of(dataset: Dataset, names: list[str], candidates: list[int], now: int = 10 * DAY) -> dict[str, np.ndarray]:
    """The columns for everybody of the dataset and the same candidates, histories cut at ``now``."""
    histories = dataset.histories.keep(dataset.histories.times < now)
    requests = Requests.of(histories, now=now)
    rows = np.tile(np.array(candidates, np.int32), (len(requests), 1))
    features = named_features(names, dataset.catalogue, {"two": TwoNumbers()})
    table = compute_table(features, requests, rows, EventCounters(dataset))
    assert table.values.dtype == np.float32
    return {name: table.values[..., f] for f, name in enumerate(table.names)}


def check(found: np.ndarray, expected: list[float]) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_popularity_counts_its_window(dataset: Dataset) -> None:
    found = columns_of(dataset, ["popularity", "popularity_1d", "popularity_7d", "trend"], [0, 1, 2, 3])
    check(found["popularity"][0], np.log1p([3, 1, 1, 0]).tolist())
    check(found["popularity_1d"][0], np.log1p([1, 0, 1, 0]).tolist())
    check(found["popularity_7d"][0], np.log1p([2, 0, 1, 0]).tolist())
    check(found["trend"][0], [np.log(3 / 1.7), np.log(1 / (1 + 7 / 30)), np.log(2 / (1 + 7 / 30)), 0])


def test_ages_are_days_before_now(dataset: Dataset) -> None:
    found = columns_of(dataset, ["item_recency", "item_age"], [0, 2, 3])
    check(found["item_recency"][0], [np.log(2), np.log(2), np.nan])
    check(found["item_age"][0], [np.log(10), np.log(2), np.nan])


def test_the_person_is_described_by_the_history_alone(dataset: Dataset) -> None:
    found = columns_of(dataset, ["activity", "variety", "person_recency", "times_taken", "days_since_taken"], [0, 1])
    check(found["activity"][:, 0], np.log1p([3, 2, 0]).tolist())
    check(found["variety"][:, 0], [2 / 3, 1, np.nan])
    check(found["person_recency"][:, 0], [np.log(2), np.log(2), np.nan])
    check(found["times_taken"][0], np.log1p([2, 1]).tolist())
    check(found["days_since_taken"][0], np.log1p([1, 8]).tolist())
    check(found["days_since_taken"][1], [np.log1p(7), np.nan])


def test_catalogue_columns_against_the_history(dataset: Dataset) -> None:
    names = ["value.price", "against_usual.price", "same.category", "same.tags"]
    found = columns_of(dataset, names, [0, 1, 2, 3])
    check(found["value.price"][0], [2, 8, np.nan, 4])
    usual = 2 ** ((1 + 3 + 1) / 3)
    check(found["against_usual.price"][0], [np.log(2 / usual), np.log(8 / usual), np.nan, np.log(4 / usual)])
    check(found["against_usual.price"][1], [0, np.log(4), np.nan, np.log(2)])  # one of two items has a price
    assert np.isnan(found["against_usual.price"][2]).all()
    check(found["same.category"][0], [2 / 3, 1 / 3, 2 / 3, np.nan])
    check(found["same.tags"][0], [1, (1 + 1 / 3) / 2, np.nan, np.nan])


def test_large_models_give_score_rank_similarity_and_numbers(dataset: Dataset) -> None:
    names = ["two.score", "two.rank", "two.similarity", "two.person_vector", "two.item_vector"]
    found = columns_of(dataset, names, [0, 2, 3, -1])
    check(found["two.score"][0], [*(np.array([3, -3, 6]) - 2) / np.sqrt(14), np.nan])
    check(found["two.rank"][0], [1, np.log2(3), 0, np.nan])
    check(found["two.similarity"][0], [1, -1, np.sqrt(0.5), np.nan])
    check(found["two.person_vector.0"][0], [3, 3, 3, np.nan])
    check(found["two.item_vector.1"][0], [0, 0, 2, np.nan])


def test_scores_are_standardised_within_a_request() -> None:
    scores = np.array([[1, 3, np.nan], [7e8, 7e8, 7e8], [np.nan, np.nan, np.nan], [0, 0, 5]])
    found = standardised(scores, np.ones(scores.shape, bool))
    check(found[0], [-1, 1, np.nan])
    check(found[1], [0, 0, 0])  # all alike say nothing
    assert np.isnan(found[2]).all()
    again = standardised(40 * scores[3:] - 9, np.ones((1, 3), bool))
    np.testing.assert_allclose(again, found[3:])  # another training, the same column


def test_places_are_the_middle_ones_among_equals() -> None:
    scores = np.random.default_rng(1).integers(0, 6, (20, 30)).astype(np.float64)
    everything = np.ones(scores.shape, bool)
    np.testing.assert_array_equal(placed(scores, everything), np.log2(rankdata(-scores, axis=1)))
    assert placed(np.zeros((0, 3)), np.zeros((0, 3), bool)).shape == (0, 3)
    assert placed(np.zeros((3, 0)), np.zeros((3, 0), bool)).shape == (3, 0)


@pytest.mark.parametrize("among", [placed, standardised])
def test_a_candidate_that_is_not_counted_is_compared_and_changes_nothing(among: Among) -> None:
    rng = np.random.default_rng(2)
    scores, counted = rng.integers(0, 9, (20, 12)).astype(np.float64), rng.random((20, 12)) < 0.6
    counted[:, 0] = True
    found = among(scores, counted)
    for b in range(20):
        kept = scores[[b]][:, counted[b]]
        np.testing.assert_allclose(found[b, counted[b]], among(kept, np.ones(kept.shape, bool))[0])
        for c in np.flatnonzero(~counted[b]):  # as if it were the only further one
            one, alone = np.append(kept, scores[b, c])[None], np.append(np.ones(kept.shape, bool), False)[None]
            np.testing.assert_allclose(found[b, c], among(one, alone)[0, -1])


def test_a_model_is_asked_once_for_all_its_columns_and_again_for_others(dataset: Dataset) -> None:
    class Counting(TwoNumbers):
        scored = met = 0

        def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray:
            self.scored += 1
            return super().score(requests, candidates)

        def user_vectors(self, requests: Requests) -> np.ndarray:
            self.met += 1
            return super().user_vectors(requests)

    model = Counting()
    names = ["two.score", "two.rank", "two.similarity", "two.person_vector"]
    features = named_features(names, dataset.catalogue, {"two": model})
    requests = Requests.of(dataset.histories, now=40 * DAY)
    for asked, items in enumerate(([0, 1], [2, 3]), start=1):
        rows = np.tile(np.array(items, np.int32), (len(requests), 1))
        table = compute_table(features, requests, rows, EventCounters(dataset))
        assert model.scored == asked
        assert model.met == asked + 1  # each score asks for the vectors, too
        check(table.values[0, :, 1], [0, 1] if items == [0, 1] else [1, 0])


def test_no_item_is_nan_everywhere_and_no_request_has_a_shape(dataset: Dataset) -> None:
    names = default_names(dataset.catalogue, {"two": TwoNumbers()})
    assert all(np.isnan(column[:, 1]).all() for column in columns_of(dataset, names, [0, -1]).values())
    features = named_features(names, dataset.catalogue, {"two": TwoNumbers()})
    nobody = Requests.of(dataset.histories.take(np.zeros(0, int)), now=0)
    empty = compute_table(features, nobody, np.zeros((0, 5), np.int32), EventCounters(dataset))
    assert empty.values.shape == (0, 5, len(names))


def test_an_item_newer_than_the_catalogue_is_unknown_not_wrong(dataset: Dataset) -> None:
    names = [*default_names(dataset.catalogue), "same.category"]
    found = columns_of(dataset, names, [77])
    assert found["popularity"].max() == 0
    assert np.isnan(found["value.price"]).all()
    assert np.isnan(found["same.category"]).all()


def test_the_future_of_the_person_and_of_others_changes_nothing(dataset: Dataset) -> None:
    names = default_names(dataset.catalogue)
    early = dataset.with_histories(dataset.histories.keep(dataset.histories.times < 10 * DAY))
    now, then = columns_of(dataset, names, [0, 1, 2]), columns_of(early, names, [0, 1, 2])
    for name in names:
        np.testing.assert_array_equal(now[name], then[name], err_msg=name)


def test_one_request_alone_gets_what_it_gets_among_others(dataset: Dataset) -> None:
    features = named_features(default_names(dataset.catalogue), dataset.catalogue)
    requests, counters = dataset.requests(), EventCounters(dataset)
    rows = np.array([[0, 1], [2, 3], [1, 0]], np.int32)
    together = compute_table(features, requests, rows, counters).values
    for b in range(3):
        alone = compute_table(features, requests.take(np.array([b])), rows[[b]], counters).values
        np.testing.assert_allclose(alone[0], together[b], rtol=1e-6)


def test_titles_that_are_all_different_give_no_column() -> None:
    catalogue = Catalogue.of(["a", "b", "c", "d"], title=["1", "2", "3", "4"], brand=["x", "x", "y", "y"])
    names = default_names(catalogue)
    assert "same.brand" in names
    assert "same.title" not in names


def test_wrong_names_are_refused_with_the_nearest(dataset: Dataset) -> None:
    with pytest.raises(SettingsError, match=r"there is no feature 'populraity'; did you mean 'popularity'\?"):
        named_features(["populraity"], dataset.catalogue)
    with pytest.raises(SettingsError, match=r"needs numbers, catalogue column 'category' has none; use same\.category"):
        named_features(["value.category"], dataset.catalogue)
    with pytest.raises(ModelError, match=r"two\.magic does not exist; a model gives: score, rank"):
        named_features(["two.magic"], dataset.catalogue, {"two": TwoNumbers()})
    with pytest.raises(ModelError, match=r"old\.similarity needs vectors, old has none; use old\.score"):
        named_features(["old.similarity"], dataset.catalogue, {"old": object()})


def test_wrong_shapes_are_refused(dataset: Dataset) -> None:
    with pytest.raises(DataError, match=r"candidates have shape \(2, 1\) for 3 requests"):
        compute_table([], dataset.requests(), np.zeros((2, 1), np.int32), EventCounters(dataset))
    flat = Feature("flat", (), "", lambda requests, candidates, counters: np.zeros(3))
    with pytest.raises(DataError, match=r"feature 'flat' gave shape \(3,\)"):
        compute_table([flat], dataset.requests(), np.zeros((3, 1), np.int32), EventCounters(dataset))


def test_similarity_in_parts_is_the_same_and_the_items_are_measured_once(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = columns_of(dataset, ["two.similarity"], [0, 2, 3, -1])
    monkeypatch.setattr(large, "SIMILARITY_BYTES", 1)
    measured: list[tuple[int, ...]] = []
    unit = large.at_length_one
    monkeypatch.setattr(large, "at_length_one", lambda vectors: (measured.append(vectors.shape), unit(vectors))[1])
    np.testing.assert_array_equal(
        columns_of(dataset, ["two.similarity"], [0, 2, 3, -1])["two.similarity"], whole["two.similarity"]
    )
    (feature,) = named_features(["two.similarity"], dataset.catalogue, {"two": TwoNumbers()})
    for _ in range(2):
        compute_table([feature], dataset.requests(), np.zeros((3, 1), np.int32), EventCounters(dataset))
    assert measured.count(TwoNumbers.item_vectors.shape) == 2  # once for each of the two tables' models

"""In worlds where one thing moves what people take, its feature finds by how much; where it moves nothing, nothing."""

import numpy as np
import pytest

from zhiyin.data.contracts import Requests
from zhiyin.data.dataset import Dataset
from zhiyin.features import EventCounters, compute_table, named_features
from zhiyin.features.groups import SMOOTHING
from zhiyin.features.place import cells, kilometres, points
from zhiyin.testing import causes


def column(dataset: Dataset, name: str, requests: Requests) -> np.ndarray:
    """One feature of every item, float64 (B, N)."""
    everything = np.tile(np.arange(dataset.n_items, dtype=np.int32), (len(requests), 1))
    features = named_features([name], dataset.catalogue, log=dataset)
    return compute_table(features, requests, everything, EventCounters(dataset)).values[..., 0].astype(np.float64)


SEEDS = range(100, 104)


def agrees(found: list[tuple[float, float]], truth: float) -> None:
    """The truth lies in the 99 % interval of the mean over worlds; 0 does not, unless it is the truth."""
    effects, errors = np.array(found).T
    effect, error = effects.mean(), np.sqrt((errors**2).sum()) / len(errors)
    assert abs(effect - truth) <= 2.58 * error, (effect, error)
    assert truth == 0 or abs(effect) > 2.58 * error, (effect, error)
    assert error < 0.1  # an interval so wide that all lies in it says nothing


def error_of(n: float, effect: float) -> float:
    """The standard error of the log odds of ``n`` choices between two kinds of items."""
    share = 1 / (1 + np.exp(-effect))
    return float(1 / np.sqrt(n * share * (1 - share)))


def drawn(effect: float, expected: float) -> float:
    """The log odds as a lift gives them, which is drawn towards none by `SMOOTHING` events."""
    share = 2 / (1 + np.exp(-effect))
    return float(np.log((expected * share + SMOOTHING) / (expected * (2 - share) + SMOOTHING)))


@pytest.mark.parametrize("effect", [-0.5, 0.0])
def test_place_the_effect_of_distance_is_recovered(effect: float) -> None:
    found = []
    for seed in SEEDS:
        dataset = causes.by_distance(effect, seed=seed)
        requests, taken = causes.before_each(dataset)
        found.append(causes.recovered(column(dataset, "distance", requests), taken))
    agrees(found, effect)


@pytest.mark.parametrize("effect", [1.2, 0.0])
def test_place_the_effect_of_living_nearby_is_recovered(effect: float) -> None:
    found = []
    for seed in SEEDS:
        dataset = causes.by_neighbourhood(effect, seed=seed)
        now = int(dataset.histories.times.max()) + 1
        nearby = column(dataset, "nearby", Requests.of(dataset.histories, now=now, person=dataset.people))
        even = nearby[:, ::2].mean(axis=1) - nearby[:, 1::2].mean(axis=1)
        pole = np.arange(len(dataset)) % 2 == 1
        error = error_of(dataset.histories.n_events / 2, effect)
        found += [(float(even[~pole].mean()), error), (float(-even[pole].mean()), error)]
    agrees(found, drawn(effect, dataset.histories.n_events / 2 / dataset.n_items))


@pytest.mark.parametrize("effect", [0.8, 0.0])
def test_ties_the_effect_of_what_friends_took_lately_is_recovered(effect: float) -> None:
    found = []
    for seed in SEEDS:
        dataset = causes.by_friends(effect, seed=seed)
        requests, taken = causes.before_each(dataset)
        found.append(causes.recovered(column(dataset, "friends_7d", requests), taken))
    agrees(found, effect)


@pytest.mark.parametrize("effect", [1.2, 0.0])
def test_mood_the_effect_of_the_persons_own_words_is_recovered(effect: float) -> None:
    found = []
    for seed in SEEDS:
        dataset = causes.by_mood(effect, seed=seed)
        h = dataset.histories
        requests = Requests.of(h, now=int(h.times.max()) + 1)
        fit = column(dataset, "mood_fit.review", requests)
        lively = fit[:, ::2].mean(axis=1) - fit[:, 1::2].mean(axis=1)
        glad = np.isin(h.context["review"][h.offsets[1:] - 1], causes.GLAD)
        np.testing.assert_array_equal(column(dataset, "mood.review", requests)[:, 0] > 0, glad)
        error = error_of(h.n_events / 2, effect)
        found += [(float(lively[glad].mean()), error), (float(-lively[~glad].mean()), error)]
    agrees(found, drawn(effect, h.n_events / 2 / dataset.n_items))


@pytest.mark.parametrize("effect", [1.5, 0.0])
def test_search_the_effect_of_the_words_is_recovered_in_both_languages(effect: float) -> None:
    english, chinese = [], []
    for seed in SEEDS:
        dataset = causes.by_search(effect, seed=seed)
        queries = dataset.histories.context["query"]
        requests, taken = causes.before_each(dataset, lambda events, queries=queries: {"query": queries[events]})
        assert requests.moment is not None
        now, h = requests.moment["query"], requests.histories
        last, before = (h.context["query"][np.maximum(h.offsets[1:] - back, 0)] for back in (1, 2))
        gone_on = (last == now) & (before == now) & (h.lengths > 1)  # the last three searches are one: what x is about
        for found, words in ((english, ("teapot", "lantern")), (chinese, ("茶杯", "风筝"))):
            asked = np.flatnonzero(gone_on & np.isin(now, words))
            likeness = column(dataset, "query", requests.take(asked))
            assert ((likeness > 0) == (likeness > 0.5 * likeness.max())).all()
            found.append(causes.recovered(likeness / likeness.max(), taken[asked]))
    agrees(english, effect)
    agrees(chinese, effect)


def test_great_circles_are_right_at_poles_across_the_date_line_and_for_opposite_places() -> None:
    def between(one: tuple[float, float], other: tuple[float, float]) -> float:
        return float(kilometres(np.array(one, float), np.array(other, float)))

    degree = 2 * np.pi * 6371.0088 / 360
    assert between((0, 179.5), (0, -179.5)) == pytest.approx(degree)
    assert between((89.5, 0), (89.5, 180)) == pytest.approx(degree)
    assert between((90, 10), (90, -130)) == pytest.approx(0, abs=1e-6)
    assert between((0, 0), (0, 180)) == pytest.approx(180 * degree)
    assert between((38.72, -9.14), (39.90, 116.41)) == pytest.approx(9_670, rel=0.01)  # Lisbon, Beijing


def test_cells_are_one_at_a_pole_and_tell_a_full_turn_as_the_same_place() -> None:
    places = np.array([[90, 10], [90, -130], [89.2, 0], [0.5, 180], [0.5, -180], [0.5, 179.5], [np.nan, np.nan]])
    found = cells(places)
    assert found[0] == found[1] == found[2]
    assert found[3] == found[4] != found[5]
    assert found[6] == -1
    table = {"lat": np.array([0.5, 95.0, 10.0]), "lon": np.array([190.0, 0.0, -200.0])}
    np.testing.assert_array_equal(points(table), [[0.5, -170], [np.nan, np.nan], [np.nan, np.nan]])

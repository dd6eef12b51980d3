"""What lists are like: each trait by hand and by another library, coverage's interval by drawing people again."""

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import mean_absolute_error, root_mean_squared_error
from sklearn.metrics.pairwise import cosine_similarity

import zhiyin
from zhiyin.core.randomness import generator
from zhiyin.data.contracts import Cases, Histories, Ragged, Requests
from zhiyin.evaluation import compare, evaluate
from zhiyin.evaluation.lists import ListTraits, coverage

# four people: a is taken by all, b by two, c by one, d by nobody
LOG = pl.DataFrame({"user": ["1", "2", "3", "4", "1", "2", "1"], "item": ["a", "a", "a", "a", "b", "b", "c"]})
ITEMS = pl.DataFrame({"item": ["a", "b", "c", "d"]})
A, B, C, D = range(4)


@pytest.fixture(scope="module")
def traits() -> ListTraits:
    return ListTraits(zhiyin.Dataset.from_frame(LOG, items=ITEMS))


def test_novelty_popularity_and_serendipity_by_hand(traits: ListTraits) -> None:
    lists = np.array([[A, B], [C, D], [-1, -1], [B, -1]], np.int32)
    targets = Ragged.of([[A, B], [C, A], [A], [B, C]])
    found = traits.of(lists, targets, 2)
    # bits: a 0, b 1, c 2, d as if taken once: 2
    np.testing.assert_allclose(found["novelty@2"], [0.5, 2, np.nan, 1])
    # places from the least taken: d .125, c .375, b .625, a .875
    np.testing.assert_allclose(found["popularity_bias@2"], [0.75, 0.25, np.nan, 0.625])
    # the two most taken, a and b, surprise nobody; c among two targets does
    assert found["serendipity@2"].tolist() == [0, 0.5, 0, 0]


@pytest.mark.parametrize("seed", range(3))
def test_diversity_agrees_with_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    events = pl.DataFrame({"user": rng.integers(0, 40, 400), "item": rng.integers(0, 25, 400)}).unique()
    dataset = zhiyin.Dataset.from_frame(events.select(pl.all().cast(pl.String)))
    lists = np.stack([rng.permutation(dataset.n_items)[:6] for _ in range(10)]).astype(np.int32)
    lists[3, 2:] = -1
    found = ListTraits(dataset).of(lists, Ragged.of([[0]] * 10), 6)["diversity@6"]
    alike = cosine_similarity(dataset.histories.matrix(dataset.n_items).T)
    for b, rows in enumerate(lists):
        rows = rows[rows >= 0]
        pairs = [alike[i, j] for i in rows for j in rows if i != j]
        assert found[b] == pytest.approx(1 - np.mean(pairs), abs=1e-5)


def test_coverage_by_hand() -> None:
    lists = np.array([[0, 1], [0, -1], [1, 2]], np.int32)
    found = coverage(lists, np.array([0, 1, 1]), 10)  # the last two lists are one person's
    # the second person alone brings in item 2; nobody else brings in anything alone: jackknife of (0, 1)
    error = np.sqrt(1 / 2 * (0.5**2 + 0.5**2)) / 10
    assert found["value"] == pytest.approx(0.3)
    assert found["high"] == pytest.approx(0.3 + 1.96 * error)
    assert found["low"] == pytest.approx(0.3 - 1.96 * error)
    assert found["n"] == 2
    assert coverage(np.full((2, 3), -1, np.int32), np.array([0, 1]), 10)["value"] == 0


def test_the_interval_of_coverage_holds_what_other_people_would_show() -> None:
    rng = generator(1, "coverage")
    chances = 1 / np.arange(1, 301)
    chances /= chances.sum()

    def drawn() -> dict[str, float]:
        lists = np.stack([rng.choice(300, 5, replace=False, p=chances) for _ in range(60)]).astype(np.int32)
        return dict(coverage(lists, np.arange(60), 300))

    truth = np.mean([drawn()["value"] for _ in range(300)])
    held = np.mean([found["low"] <= truth <= found["high"] for found in (drawn() for _ in range(300))])
    assert held >= 0.92


def test_errors_of_ratings_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    predicted, given = rng.normal(3, 1, (20, 3)).astype(np.float32), rng.integers(1, 6, (20, 3)).astype(np.float32)

    class Rater:
        name = "rater"

        def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray:
            return np.zeros((len(requests), 4), np.float32)

        def predict_rating(self, requests: Requests, items: np.ndarray) -> np.ndarray:
            return predicted

    train = zhiyin.Dataset.from_frame(LOG.filter(item="a"), items=ITEMS)
    cases = Cases(Requests.of(Histories.of([[A]] * 20)), Ragged.of([[B, C, D]] * 20), np.arange(20), given.ravel())
    figures = evaluate(Rater(), cases, train=train).figures["rater"]
    assert figures["mae"]["value"] == pytest.approx(mean_absolute_error(given, predicted), abs=1e-6)
    assert figures["rmse"]["value"] == pytest.approx(
        root_mean_squared_error(given.ravel(), predicted.ravel()), abs=1e-6
    )
    assert figures["rmse"]["low"] < figures["rmse"]["value"] < figures["rmse"]["high"]


def test_references_are_not_compared_among_themselves() -> None:
    rng = np.random.default_rng(0)
    rows = [(f"u{u}", f"i{i}", day) for u in range(30) for day, i in enumerate(rng.permutation(12)[:6])]
    split = zhiyin.split(zhiyin.Dataset.from_frame(pl.DataFrame(rows, ["user", "item", "time"], orient="row")), "last")
    found = evaluate({"one": zhiyin.models.ItemKNN().fit(split.train)}, split)
    pairs = compare(found).pairs
    assert [pair["b"] for pair in pairs] == list(found.references)
    assert {pair["a"] for pair in pairs} == {"one"}

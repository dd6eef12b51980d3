"""Factors: folding in solves its equation, and ratings are predicted as well as known for the method."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import zhiyin
from zhiyin.core.errors import ModelError
from zhiyin.data.contracts import Histories, RatingPredictor, Requests, VectorModel
from zhiyin.models.factors.folding import ridge
from zhiyin.testing import worlds


def test_ridge_minimises_what_it_says():
    rng = np.random.default_rng(0)
    design, targets, weights = rng.normal(size=(9, 4)), rng.normal(size=9), rng.random(9) + 0.1
    penalty = np.diag([0.1, 0.2, 0.3, 0.4])

    def loss(w: np.ndarray) -> float:
        return float((weights * (design @ w - targets) ** 2).sum() + w @ penalty @ w)

    best = ridge(design, targets, weights, penalty)
    assert all(loss(best) < loss(best + step) for step in 1e-3 * np.vstack([np.eye(4), -np.eye(4)]))


@pytest.fixture(scope="module")
def als() -> zhiyin.models.ALS:
    return zhiyin.models.ALS(factors=6, regularisation=2.0, confidence=5.0).fit(worlds.even())


def test_als_solves_its_equation(als):
    history = replace(Histories.of([[0, 2, 5]]), weights=np.array([1, 3, -1], np.float32))
    x = als.user_vectors(Requests.of(history))[0].astype(np.float64)
    y = als.item_vectors.astype(np.float64)
    wanted, confidence = np.zeros(16), np.ones(16)
    wanted[[0, 2, 5]], confidence[[0, 2, 5]] = [1, 1, -1], 6
    gradient = y.T @ (confidence * (y @ x - wanted)) + 2.0 * x
    assert np.abs(gradient).max() < 1e-4


def test_a_person_who_was_trained_on_is_folded_in_to_the_trained_factors():
    """After the last round the items were solved from the people; folding in from these items is the next half-step."""
    world = worlds.even()
    short, long = (zhiyin.models.ALS(factors=6, epochs=epochs).fit(world) for epochs in (200, 201))
    scores = [model.score(world.requests()) for model in (short, long)]
    np.testing.assert_allclose(*scores, atol=2e-3)


def test_als_scores_are_vectors_times_vectors(als):
    requests = Requests.of(Histories.of([[0, 2], [1]]))
    assert isinstance(als, VectorModel)
    np.testing.assert_allclose(
        als.user_vectors(requests) @ als.item_vectors.T + als.item_bias, als.score(requests), atol=1e-6
    )


def test_ratings_are_needed():
    with pytest.raises(ModelError, match="BiasedMF learns from ratings, and no event has a value; choose ALS"):
        zhiyin.models.BiasedMF().fit(worlds.even())


def test_ratings_of_the_even_world_are_predicted_on_their_scale():
    world = worlds.even(rated=True)
    model = zhiyin.models.BiasedMF(factors=4).fit(world)
    assert isinstance(model, RatingPredictor)
    questions = world.requests(slice(0, 2), exclude_seen=False)
    rows = np.array([[0, 1, -1], [0, 1, 5]], np.int32)
    predicted = model.predict_rating(questions, rows)
    assert predicted.dtype == np.float32
    assert predicted[0, 0] > 3.5 > 2.5 > predicted[0, 1]
    assert predicted[1, 1] > 3.5 > 2.5 > predicted[1, 0]
    assert np.isnan(predicted[0, 2])
    scores = model.score(questions)
    np.testing.assert_allclose(predicted[:, :2], np.take_along_axis(scores, rows[:, :2], axis=1), rtol=1e-5)


def test_a_low_rating_lowers_what_resembles_the_item():
    model = zhiyin.models.BiasedMF(factors=4).fit(worlds.even(rated=True))
    liked, hated = (
        model.score(Requests.of(replace(Histories.of([[0, 2]]), values=np.array([5, rating], np.float32))))[0]
        for rating in (5, 1)
    )
    assert (hated - liked)[[4, 6, 8]].mean() < -0.1


@pytest.mark.slow
def test_ratings_of_movielens_are_predicted_as_known_for_the_method(data_folder: Path):
    """80/20, root mean squared error; the method's published figures lie near 0.93 (mean rating alone: 1.12)."""
    ratings = pl.read_parquet(data_folder / "ml-100k" / "interactions.parquet").select("user", "item", "value")
    held_out = pl.Series(np.random.default_rng(1).random(len(ratings)) < 0.2)
    ids = {name: ratings.select(pl.col(name).unique(maintain_order=True)) for name in ("user", "item")}
    train, test = (
        zhiyin.Dataset.from_frame(ratings.filter(part), items=ids["item"], users=ids["user"])
        for part in (~held_out, held_out)
    )
    scores = zhiyin.models.BiasedMF().fit(train).score(train.requests())
    errors = scores[test.histories.owners, test.histories.items] - test.histories.values
    assert 0.88 < np.sqrt((errors.astype(np.float64) ** 2).mean()) < 0.93

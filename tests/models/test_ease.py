"""EASE against the equation that it solves, and a regression per item."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import sparse

import zhiyin
from zhiyin.core.errors import ModelError
from zhiyin.models.linear import ease
from zhiyin.retrieval import best_rows
from zhiyin.testing import worlds


@pytest.fixture(scope="module")
def likes() -> sparse.csr_matrix:
    return sparse.csr_matrix((np.random.default_rng(0).random((200, 37)) < 0.2).astype(np.float32))


@pytest.mark.parametrize(("regularisation", "tolerance"), [(5.0, 1e-6), (60.0, 1e-4)])
@pytest.mark.parametrize("panel", [256, 8])
def test_it_solves_the_equation(likes, regularisation: float, tolerance: float, panel: int, monkeypatch):
    monkeypatch.setattr(ease, "PANEL", panel)
    weights = np.concatenate(ease.weights(likes, regularisation), axis=1)
    gram = (likes.T @ likes).toarray()
    left = gram @ weights - gram + regularisation * weights
    np.fill_diagonal(left, 0)
    assert np.abs(left).max() < tolerance * gram.max()
    assert (weights.diagonal() == 0).all()


def test_each_column_is_a_ridge_regression_without_its_own_item(likes):
    weights = np.concatenate(ease.weights(likes, 60.0), axis=1)
    dense = likes.toarray().astype(np.float64)
    for item in (0, 20, 36):
        others = np.delete(dense, item, axis=1)
        wanted = np.linalg.solve(others.T @ others + 60 * np.eye(36), others.T @ dense[:, item])
        np.testing.assert_allclose(np.delete(weights[:, item], item), wanted, atol=1e-5)


@pytest.mark.parametrize("few", [0, 2])
def test_the_lower_triangle_is_counted(likes, few: int, monkeypatch):
    """By panels, and by the pairs that there are."""
    monkeypatch.setattr(ease, "FEW", few * likes.shape[0])
    counted = ease.triangle(likes, np.dtype(np.float64))
    np.testing.assert_array_equal(np.tril(counted), np.tril((likes.T @ likes).toarray()))


def test_only_the_most_popular_items_are_related():
    world = worlds.with_cold_items()
    small = zhiyin.models.EASE(regularisation=20, max_items=16).fit(world)
    whole = zhiyin.models.EASE(regularisation=20).fit(world)
    questions = world.requests()
    np.testing.assert_allclose(small.score(questions), whole.score(questions), atol=1e-5)
    assert (small.score(questions)[:, 16:] == 0).all()
    assert small.panels[0].shape == (16, 16)


def test_a_matrix_that_cannot_be_inverted_is_refused():
    twins = sparse.csr_matrix(np.ones((3, 2), np.float32))
    with pytest.raises(ModelError, match="cannot be inverted; raise regularisation"):
        ease.weights(twins, 1e-30)


@pytest.mark.slow
def test_movielens_lists_are_those_of_the_plain_inverse(data_folder: Path):
    """Last item out, λ 200: RecBole gives 0.0841 / 0.0408 (Recall@10 / NDCG@10) and the same ten for everybody."""
    events = pl.read_parquet(data_folder / "ml-1m" / "interactions.parquet").drop_nulls("position")
    whole = zhiyin.Dataset.from_frame(events.select("user", "item", "position"))
    histories = whole.histories
    train = whole.with_histories(histories.keep(histories.ages >= 2))
    found = zhiyin.models.EASE(regularisation=200).fit(train).candidates(train.requests(), 10).rows
    hits = found == histories.keep(histories.ages == 0).items[:, None]
    assert hits.any(axis=1).mean() == pytest.approx(0.08411, abs=5e-5)
    assert (hits / np.log2(np.arange(2, 12))).sum(axis=1).mean() == pytest.approx(0.04078, abs=5e-5)

    some = train.requests(slice(0, 500))
    likes = train.histories.matrix(train.n_items).astype(np.float64)
    inverse = np.linalg.inv((likes.T @ likes).toarray() + 200 * np.eye(train.n_items))
    plain = -inverse / inverse.diagonal()
    np.fill_diagonal(plain, 0)
    scores = (likes[:500] @ plain).astype(np.float32)
    wanted, _ = best_rows(scores, 10, exclude=some.exclude)
    assert (found[:500] == wanted).mean() > 0.999

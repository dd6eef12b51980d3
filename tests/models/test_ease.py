"""EASE against the equation that it solves, and a regression per item."""

import numpy as np
import pytest
from scipy import sparse

import zhiyin
from zhiyin.core.errors import ModelError
from zhiyin.models.linear import ease
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


def test_the_lower_triangle_is_counted(likes):
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
    likes = sparse.csr_matrix(np.ones((3, 2), np.float32) * np.inf)
    with pytest.raises(ModelError, match="cannot be inverted; raise regularisation"):
        ease._done((np.zeros((1, 1)), 2))
    assert not np.isfinite(likes.data).any()

"""Words and what they describe in one space."""

import numpy as np
import pytest

from zhiyin.core.errors import ModelError
from zhiyin.encoders.alignment import STRENGTHS, Alignment


def world(n: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Texts of 6 numbers; things are the same seen through a matrix, with noise."""
    rng = np.random.default_rng(seed)
    texts = rng.normal(size=(n, 6))
    things = texts @ np.random.default_rng(9).normal(size=(6, 20)) + 0.1 * rng.normal(size=(n, 20)) + 3
    return things.astype(np.float32), texts.astype(np.float32)


def test_words_find_what_they_describe_among_things_never_seen() -> None:
    alignment = Alignment.learn(*world())
    things, texts = world(50, seed=1)
    likeness = alignment.likeness(texts, things)
    assert likeness.shape == (50, 50)
    assert likeness.dtype == np.float32
    assert (likeness.argmax(axis=1) == np.arange(50)).mean() > 0.9
    shuffled = Alignment.learn(world()[0], np.random.default_rng(0).permutation(world()[1]))
    assert (shuffled.likeness(texts, things).argmax(axis=1) == np.arange(50)).mean() < 0.2


def test_the_strength_is_the_one_with_the_least_error_when_each_pair_is_left_out() -> None:
    things, texts = world(30)
    found = Alignment.learn(things, texts).strength

    def left_out(strength: float) -> float:
        x, t = things.astype(float), texts.astype(float)
        x, t = x - x.mean(axis=0), t - t.mean(axis=0)
        x, t = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (x, t))
        error = 0.0
        for row in range(len(x)):
            others = np.arange(len(x)) != row
            gram = x[others].T @ x[others] + strength * len(x) * np.eye(x.shape[1])
            error += float(((t[row] - x[row] @ np.linalg.solve(gram, x[others].T @ t[others])) ** 2).sum())
        return error

    assert found == min(STRENGTHS, key=left_out)


def test_pairs_that_lack_a_side_are_left_out_and_missing_things_fit_nothing() -> None:
    things, texts = world()
    holes = things.copy()
    holes[:20] = np.nan
    np.testing.assert_allclose(Alignment.learn(holes, texts).weights, Alignment.learn(things[20:], texts[20:]).weights)
    likeness = Alignment.learn(things, texts).likeness(texts[:3], holes[18:22])
    assert np.isnan(likeness[:, :2]).all()
    assert np.isfinite(likeness[:, 2:]).all()


@pytest.mark.parametrize(
    ("things", "texts", "words"),
    [
        (np.zeros((3, 2)), np.zeros((2, 2)), r"give one row of each for every pair"),
        (np.full((3, 2), np.nan), np.zeros((3, 2)), "0 pairs have both vectors; give at least two"),
    ],
)
def test_what_does_not_pair_is_refused(things: np.ndarray, texts: np.ndarray, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        Alignment.learn(things, texts)

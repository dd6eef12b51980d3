"""The judgement's own judgement: what is right is called right, what is copied, missing or foreseen is found."""

import numpy as np
import pytest

from zhiyin.data.contracts import Catalogue
from zhiyin.generation import ConditionalGAN
from zhiyin.generation.judgement import foresight, judge, modes_covered, nearer_to_training
from zhiyin.generation.judgement.two_sample import auc

RNG = np.random.default_rng(0)


def test_area_under_the_curve_equals_a_count_of_pairs() -> None:
    one, other = RNG.integers(0, 5, 20).astype(float), RNG.integers(0, 6, 30).astype(float)
    pairs = [(b > a) + 0.5 * (b == a) for a in one for b in other]
    assert auc(one, other) == pytest.approx(np.mean(pairs))


def test_half_of_the_modes_is_half_covered() -> None:
    real = np.concatenate([RNG.normal(0, 1, (200, 4)), RNG.normal(50, 1, (200, 4))]).astype(np.float32)
    all_of_it = RNG.permutation(real) + np.float32(0.01)
    assert modes_covered(real, all_of_it)["value"] > 0.99
    half = modes_covered(real, all_of_it[all_of_it[:, 0] < 25])
    assert half["value"] == pytest.approx(0.5, abs=0.01)
    assert half["low"] < 0.5 < half["high"]


def test_a_copier_is_nearer_to_its_training_and_an_honest_one_is_not() -> None:
    everything = RNG.normal(size=(900, 3)).astype(np.float32)
    trained, held, made = everything[:400], everything[400:600], everything[600:]
    honest = nearer_to_training(trained, held, made)
    assert honest["low"] < 0.5 < honest["high"]  # although twice as many were trained on
    assert nearer_to_training(trained[:200], held, trained[:200] + np.float32(0.001))["low"] > 0.95
    assert nearer_to_training(held, held, made)["value"] == 0.5  # equal distances count half


def test_foresight_is_the_chance_that_a_taker_is_nearer() -> None:
    took = np.zeros((40, 3), bool)
    took[:20, 0], took[30:, 1] = True, True  # nobody takes item 2
    sure = np.where(took, 1.0, 0.0)
    found = foresight(sure, took)
    assert found == {"value": 1.0, "low": 1.0, "high": 1.0, "n": 2}
    blind = foresight(np.zeros((40, 3)), took)
    assert blind is not None
    assert blind["value"] == 0.5
    mixed = foresight(np.where(took & (np.arange(3) == 0), 1.0, 0.0), took)
    assert mixed is not None
    assert mixed["value"] == pytest.approx((20 * 1.0 + 10 * auc(np.zeros(30), np.zeros(10))) / 30)  # by takers
    assert mixed["low"] == 0.5
    assert foresight(np.zeros((40, 1)), np.ones((40, 1), bool)) is None


def test_a_trained_generator_beats_the_copied_marginals(
    trained: ConditionalGAN, vectors: np.ndarray, shop: Catalogue
) -> None:
    told = judge(trained, vectors, np.arange(200), held=shop)
    assert told["told_apart"]["value"] < told["marginals"]["told_apart"]["value"]
    assert told["nearer_to_training"]["value"] == 0.5  # here the items kept from it are its own
    assert set(told["values"]) == {"title", "category", "price"}
    assert "nearer_to_training" not in judge(trained, vectors, np.arange(200))

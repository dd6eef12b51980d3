"""A true order beats a wrong one by each measure; what is seen stays left out; one alone is never taken out."""

import numpy as np
import pytest
from tests.explanation.conftest import Sums, asked

from zhiyin.explanation.explainer import Parts
from zhiyin.explanation.faithfulness import FEWEST, depth_of, faithfulness, overlap
from zhiyin.explanation.occlusion import LeaveOneOut


@pytest.fixture
def world() -> tuple[Sums, Parts, int]:
    """Items 0 and 1 of a history of ten speak for item 39, the others for nothing in particular."""
    matrix = np.random.default_rng(0).normal(size=(40, 40)) * 0.1
    matrix[:2, 39] += [4, 3]
    matrix[:, 5] += 9  # it was seen, so that it is in nobody's way
    return Sums(matrix), Parts.of(asked(*range(10))), 39


def test_the_true_order_is_better_by_every_measure(world: tuple[Sums, Parts, int]) -> None:
    model, parts, item = world
    found = LeaveOneOut(model.score).explain(parts.request, np.array([item], np.int32))
    depth = depth_of(model.all, parts, item)
    true, wrong = faithfulness(found.order(), depth), faithfulness(found.order()[::-1], depth)
    assert all(true[name] > wrong[name] for name in true)
    assert true["sufficiency"] == pytest.approx(0), "the strong alone keep it first"
    assert true["comprehensiveness"] >= 0


def test_depth_is_0_for_the_best_and_1_for_the_last_of_what_is_unseen(world: tuple[Sums, Parts, int]) -> None:
    model, parts, item = world
    everything = np.ones((1, 10), bool)
    assert depth_of(model.all, parts, item)(everything)[0] == 0
    scores = model.all(parts.request)[0]
    unseen = np.setdiff1d(np.arange(40), np.arange(10))
    last = int(unseen[scores[unseen].argmin()])
    assert depth_of(model.all, parts, last)(everything)[0] == pytest.approx(1)
    flat = depth_of(lambda requests: np.ones((len(requests), 40), np.float32), parts, item)(everything)[0]
    assert 0.5 < flat < 1, "of equals the middle place"


def test_sets_of_one_are_never_asked_about() -> None:
    sizes: set[int] = set()

    def depth(kept: np.ndarray) -> np.ndarray:
        sizes.update(kept.sum(axis=1).tolist())
        return np.zeros(len(kept))

    faithfulness(np.arange(30), depth)
    assert 29 not in sizes
    assert 1 not in sizes
    assert {2, 28, 30} <= sizes


def test_a_short_history_has_no_figure() -> None:
    found = faithfulness(np.arange(FEWEST - 1), lambda kept: np.zeros(len(kept)))
    assert all(np.isnan(value) for value in found.values())


def test_overlap() -> None:
    assert overlap(np.array([1, 2, 3]), np.array([3, 2, 1])) == 1
    assert overlap(np.arange(10), np.arange(5, 15)) == 0
    assert overlap(np.arange(5), np.array([0, 1, 2, 7, 8])) == pytest.approx(3 / 7)

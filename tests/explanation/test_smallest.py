"""The fewest items without which an item leaves: it holds, is as small as what trying all finds, and is bounded."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from tests.explanation.conftest import Sums, asked

from zhiyin.data.contracts import Candidates, Histories, Requests
from zhiyin.explanation.counterfactual import MOST, without
from zhiyin.explanation.smallest import SMALLER, entry, fewest, lead, smallest

K = 5


def exhaustive(request: Requests, item: int, model: Sums, most: int) -> int | None:
    """The size of the smallest of all sets."""
    different = list(dict.fromkeys(request.histories.items.tolist()))
    for size in range(1, most + 1):
        sets = list(combinations(different, size))
        rows = model.answer(without(request, sets)).rows[:, :K]
        if (rows != item).all(axis=1).any():
            return size
    return None


def test_it_leaves_without_them_and_no_smaller_set_exists_but_rarely() -> None:
    sizes, best, none = [], [], 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        model, request = Sums(rng.normal(size=(40, 40)) + 0.5), asked(*rng.integers(0, 40, 10))
        slate = model.answer(request).rows[0, :K]
        item = int(slate[seed % K])
        found, truth = smallest(request, slate, item, model.answer), exhaustive(request, item, model, MOST)
        if found is None:
            none += 1
            assert truth is None, "what can leave is found"
            continue
        after = model.answer(without(request, [found.items])).rows[0, :K]
        assert item not in after
        assert found.instead in after
        assert found.instead not in request.exclude.rows, "what was taken out does not come in for itself"
        assert truth is not None
        sizes.append(len(found.items))
        best.append(truth)
    assert len(sizes) > 25
    assert np.mean(sizes) <= 1.1 * np.mean(best)


def pairs_of(*good: tuple[int, ...]) -> tuple[list[int], object]:
    """A lead that only these sets (or larger ones) make negative; how many sets were asked each time."""
    calls: list[int] = []

    def left(sets: Sequence[tuple[int, ...]]) -> np.ndarray:
        calls.append(len(sets))
        hints = {0: 3.0, 1: 2.0, 2: 1.0}  # going greedily leads to 0, 1, 2
        return np.array([
            -1.0 if any(set(some) <= set(chosen) for some in good) else 100 - sum(hints.get(m, 0.1) for m in chosen)
            for chosen in sets
        ])  # fmt: skip

    return calls, left


def test_a_smaller_set_that_greed_passes_by_is_found() -> None:
    calls, left = pairs_of((0, 1, 2), (5, 6))
    assert fewest(12, left, 4) is not None
    assert sorted(fewest(12, left, 4) or ()) == [5, 6]  # type: ignore[arg-type]
    assert max(calls) <= SMALLER


def test_what_greed_never_comes_near_is_found_among_the_strongest() -> None:
    _, left = pairs_of((3, 4))
    assert sorted(fewest(8, left, 3) or ()) == [3, 4]  # type: ignore[arg-type]


def test_one_that_suffices_alone_is_always_found_and_too_many_are_not_looked_for() -> None:
    _, left = pairs_of((7,), (0, 1))
    assert fewest(12, left, 4) == (7,)  # type: ignore[arg-type]
    calls, left = pairs_of((0, 1, 2, 3, 4))
    assert fewest(50, left, 4) is None  # type: ignore[arg-type]
    assert sum(calls) <= 4 * 50 + 3 * SMALLER
    assert fewest(0, left, 4) is None  # type: ignore[arg-type]


def test_the_lead_says_whether_an_item_is_in_the_slate_and_how_far() -> None:
    rows = np.array([[7, 3, 4, 5], [3, 4, 7, 5], [3, 4, 5, -1], [7, 3, -1, -1]], np.int32)
    scores = np.array([[9, 8, 6, 1], [9, 8, 6, 1], [9, 8, 6, -np.inf], [9, 8, -np.inf, -np.inf]], np.float32)
    found = lead(Candidates(rows, scores, np.ones(rows.shape, np.uint32), ("a",)), 7, 2)
    assert found[:2].tolist() == [3, -2]
    assert found[2] == -np.inf
    assert found[3] > 0
    tied = Candidates(rows[:2], np.ones((2, 4), np.float32), np.ones((2, 4), np.uint32), ("a",))
    assert (np.sign(lead(tied, 7, 2)) == [1, -1]).all(), "of equal scores the place decides"


def test_a_reason_is_asked_again_before_it_is_given(sums: Sums) -> None:
    """An answering path that changes its mind when a set is asked about alone is not believed."""
    request = asked(1, 2, 3)
    slate = sums.answer(request).rows[0, :K]

    def fickle(requests: Requests) -> Candidates:
        answer = sums.answer(requests)
        whole = sums.answer(request)
        return answer if len(requests) > 1 else whole

    assert smallest(request, slate, int(slate[0]), sums.answer) is not None
    assert smallest(request, slate, int(slate[0]), fickle) is None


@pytest.mark.parametrize("history", [[4], [4] * 50, [*range(1000)]])
def test_histories_of_one_of_one_item_and_of_a_thousand(history: list[int]) -> None:
    model = Sums(np.random.default_rng(0).normal(size=(1100, 1100)))
    request = asked(*history)
    slate = model.answer(request).rows[0, :K]
    found = smallest(request, slate, int(slate[-1]), model.answer)
    assert found is not None
    assert len(found.items) <= MOST


def test_what_would_bring_an_item_in() -> None:
    matrix = np.zeros((20, 20))
    matrix[0, [10, 11, 12]] = 3, 2, 1
    matrix[1, 12] = -1.5  # item 1 of the history holds 12 out
    matrix[5, 13] = 9  # item 5, not yet taken, speaks for 13
    model, request = Sums(matrix), asked(0, 1)
    out = entry(request, 3, 12, model.answer, np.array([5, 6]))
    assert out is not None
    assert (out.without, out.taken, out.place) == ((1,), (), 3)
    into = entry(request, 3, 13, model.answer, np.array([5, 6]))
    assert into is not None
    assert (into.without, into.taken, into.place) == ((), (5,), 1)
    somebody_new = entry(Requests.of(Histories.empty(1)), 3, 13, model.answer, np.array([5, 6]))
    assert somebody_new is not None
    assert somebody_new.taken == (5,)
    assert entry(request, 3, 0, model.answer, np.array([5, 6])) is None, "what was seen is never shown"

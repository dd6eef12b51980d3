"""Taking events out and asking again: falls equal the slow way, reasons hold when asked again, seen stays left out."""

import numpy as np
import pytest

from zhiyin.data.contracts import Candidates, Histories, Requests
from zhiyin.explanation import TRIED, falls, verified
from zhiyin.retrieval import best_rows

N = 30


class Sums:
    """A score is the sum of the history's rows of a fixed matrix: any answer can be worked out by hand."""

    def __init__(self, matrix: np.ndarray) -> None:
        self.matrix = matrix.astype(np.float32)

    def all(self, requests: Requests) -> np.ndarray:
        return np.stack([self.matrix[requests.histories.rows[b]].sum(axis=0) for b in range(len(requests))])

    def score(self, requests: Requests, rows: np.ndarray) -> np.ndarray:
        return np.take_along_axis(self.all(requests), rows, axis=1)

    def answer(self, requests: Requests, k: int = 5) -> Candidates:
        rows, scores = best_rows(self.all(requests), k, exclude=requests.exclude)
        return Candidates(rows, scores, (rows >= 0).astype(np.uint32), ("sums",))


def random_case(seed: int) -> tuple[Sums, Requests, np.ndarray]:
    rng = np.random.default_rng(seed)
    model = Sums(rng.normal(size=(N, N)))
    request = Requests.of(Histories.of([rng.integers(0, N, 8)]))
    return model, request, model.answer(request).rows[0]


@pytest.mark.parametrize("seed", range(5))
def test_falls_equal_one_removal_at_a_time(seed: int) -> None:
    model, request, slate = random_case(seed)
    tried, fall = falls(request, slate, model.score)
    assert tried.tolist() == list(dict.fromkeys(request.histories.items[::-1].tolist()))
    for m, item in enumerate(tried):
        left = request.with_histories(request.histories.keep(request.histories.items != item))
        slow = model.score(request, slate[None]) - model.score(left, slate[None])
        np.testing.assert_allclose(fall[m], slow[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_a_verified_reason_holds_and_is_the_shortest(seed: int) -> None:
    model, request, slate = random_case(seed)
    tried, fall = falls(request, slate, model.score)
    found = verified(request, slate, tried, fall, model.answer)
    assert any(found)
    for item, reason in zip(slate, found, strict=True):
        if reason is None:
            continue
        for n in range(1, len(reason.items) + 1):
            gone = np.isin(request.histories.items, reason.items[:n])
            after = model.answer(request.with_histories(request.histories.keep(~gone))).rows[0]
            assert (item not in after) == (n == len(reason.items))
        assert reason.instead in after
        assert reason.instead not in slate
        assert reason.instead not in request.exclude.rows


def test_what_no_event_speaks_for_has_no_verified_reason() -> None:
    model = Sums(np.tile(np.arange(N), (N, 1)) * -1.0)
    request = Requests.of(Histories.of([[3, 4]]))
    slate = np.array([0, 1], np.int32)
    tried, fall = falls(request, slate, model.score)
    assert verified(request, slate, tried, fall, lambda asked: model.answer(asked, 2)) == [None, None]


def test_an_empty_history_has_nothing_to_take_out() -> None:
    model, request = Sums(np.eye(N)), Requests.of(Histories.empty(1))
    tried, fall = falls(request, np.arange(5, dtype=np.int32), model.score)
    assert tried.shape == (0,)
    assert fall.shape == (0, 5)
    assert verified(request, np.arange(5), tried, fall, model.answer) == [None] * 5


def test_only_the_newest_different_items_are_tried() -> None:
    model = Sums(np.zeros((200, 200)))
    request = Requests.of(Histories.of([[*range(100), 99]]))
    tried, _ = falls(request, np.array([150], np.int32), model.score)
    assert tried.tolist() == list(range(99, 99 - TRIED, -1))

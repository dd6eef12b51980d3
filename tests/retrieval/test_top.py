"""The fast top k against a plain sort: ties, infinities, filters, and lists longer than the catalogue."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from zhiyin.core.errors import ModelError
from zhiyin.data.contracts import Ragged
from zhiyin.retrieval import best_rows
from zhiyin.retrieval.top import _reaching


def naive(scores: np.ndarray, k: int, exclude: list[list[int]], allowed: np.ndarray | None) -> list[list[tuple]]:
    """(row, score) pairs by sorting everything."""
    lists = []
    for b, line in enumerate(scores):
        left = [
            (row, score)
            for row, score in enumerate(line.tolist())
            if row not in exclude[b] and (allowed is None or allowed[row]) and score != -np.inf
        ]
        lists.append(sorted(left, key=lambda pair: (-pair[1], pair[0]))[:k])
    return lists


def found(scores: np.ndarray, k: int, **filters) -> list[list[tuple]]:
    rows, best = best_rows(scores.copy(), k, **filters)
    assert rows.shape == best.shape == (len(scores), k)
    assert rows.dtype == np.int32
    assert best.dtype == np.float32
    assert np.isneginf(best[rows < 0]).all()
    assert (np.diff((rows < 0).astype(int), axis=1) >= 0).all()  # fills stand last
    return [[(int(r), float(s)) for r, s in zip(*pair, strict=True) if r >= 0] for pair in zip(rows, best, strict=True)]


VALUES = st.sampled_from([0.0, -0.0, 1.0, 1.5, -2.0, 3e38, -3.4028234663852886e38, 1e-40, np.inf, -np.inf])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_equals_a_plain_sort(data):
    n_requests, n_items = data.draw(st.integers(0, 4)), data.draw(st.integers(1, 60))
    elements = data.draw(st.sampled_from([VALUES, st.floats(width=32, allow_nan=False)]))
    scores = data.draw(arrays.arrays(np.float32, (n_requests, n_items), elements=elements))
    k = data.draw(st.integers(1, 70))
    exclude = [data.draw(st.lists(st.integers(0, n_items + 3), max_size=9)) for _ in range(n_requests)]
    allowed = data.draw(st.none() | arrays.arrays(bool, n_items))
    assert found(scores, k, exclude=Ragged.of(exclude), allowed=allowed) == naive(scores, k, exclude, allowed)


@pytest.mark.parametrize("k", [1, 10, 100, 2999, 3000])
def test_equals_a_plain_sort_on_long_lines_with_ties(k: int):
    scores = np.random.default_rng(0).integers(0, 700, (5, 3000)).astype(np.float32)
    scores[4] = 7
    assert found(scores, k) == naive(scores, k, [[]] * 5, None)


def test_a_mask_of_its_own_for_each_request_and_columns_that_are_not_contiguous():
    scores = np.arange(12, dtype=np.float32).reshape(3, 4)
    wide = np.zeros((3, 8), np.float32)
    wide[:, ::2] = scores
    mask = np.array([[1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]], bool)
    rows, _ = best_rows(wide[:, ::2], 2, exclude=Ragged.of([[], [2], []]), allowed=mask)
    assert rows.tolist() == [[0, -1], [1, -1], [-1, -1]]


def test_no_item_and_no_request():
    assert best_rows(np.zeros((2, 0), np.float32), 3)[0].tolist() == [[-1] * 3] * 2
    assert best_rows(np.zeros((0, 5), np.float32), 3)[1].shape == (0, 3)


def test_nan_is_refused():
    scores = np.zeros((2, 50), np.float32)
    scores[1, 33] = np.nan
    with pytest.raises(ModelError, match="scores contain NaN; every score must be a number"):
        best_rows(scores, 3)


@pytest.mark.parametrize("n_above", [0, 1, 3, 5, 9])
def test_where_most_items_are_equal_the_first_of_them_are_taken(n_above: int) -> None:
    rng = np.random.default_rng(n_above)
    scores = np.zeros((4, 400), np.float32)
    scores[1] = -1.5
    for b in range(4):
        scores[b, rng.choice(400, n_above, replace=False)] = rng.integers(1, 4, n_above)
        scores[b, rng.choice(400, 30, replace=False)] = [-np.inf, -7][b % 2]
    exclude = Ragged.of([[0, 3], [], [1], list(range(396))])
    lists = [exclude[b].tolist() for b in range(4)]
    assert found(scores, 5, exclude=exclude) == naive(scores, 5, lists, None)
    assert np.count_nonzero(_reaching(scores, np.zeros(4, np.float32), 5), axis=1).max() <= 9

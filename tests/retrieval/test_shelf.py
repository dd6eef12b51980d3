"""Sifting with rounded vectors against sorting every score: the same lists, whatever the vectors, filters and ties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyin.core.errors import ModelError
from zhiyin.data.contracts import Ragged
from zhiyin.retrieval import Shelf, best_rows, shelf
from zhiyin.retrieval.rounded import People, Tile, float_product


def sorted_lists(people, vectors, bias, k, exclude=None, allowed=None):
    return best_rows(people @ vectors.T + bias, k, exclude=exclude, allowed=allowed)


def world(seed: int, n_people: int, n_items: int, width: int = 8, high: int = 3):
    """Whole numbers: sums are exact in any order, and ties are everywhere."""
    rng = np.random.default_rng(seed)
    people, vectors = (rng.integers(-high, high + 1, (n, width)).astype(np.float32) for n in (n_people, n_items))
    return rng, people, vectors


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 700), st.integers(1, 2500), st.integers(1, 12), st.booleans())
def test_equals_a_plain_sort_with_ties_exclusions_and_filters(seed, n_people, n_items, k, with_bias):
    rng, people, vectors = world(seed, n_people, n_items, high=int(seed % 4) + 1)
    bias = (-np.arange(n_items) // 7 if with_bias else np.zeros(n_items)).astype(np.float32)
    allowed = rng.random(n_items) < 0.7 if seed % 3 else None
    exclude = Ragged.of(rng.integers(0, n_items + 3, rng.integers(0, 40)) for _ in range(n_people))
    found = Shelf(vectors, bias, allowed=allowed).best(people, k, exclude)
    wanted = sorted_lists(people, vectors, bias, k, exclude, allowed)
    np.testing.assert_array_equal(found[0], wanted[0])
    np.testing.assert_array_equal(found[1], wanted[1])


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many people are answered from all scores, call by call."""
    calls: list[int] = []
    whole = Shelf._from_all
    monkeypatch.setattr(
        Shelf, "_from_all", lambda self, exact, k, exclude: calls.append(len(exact)) or whole(self, exact, k, exclude)
    )
    return calls


@pytest.mark.parametrize("steep", [0.0, 1.0])
def test_few_need_all_scores_and_lists_are_exact(monkeypatch: pytest.MonkeyPatch, steep: float):
    rng = np.random.default_rng(0)
    people, vectors = rng.standard_normal((600, 32), np.float32), rng.standard_normal((20_000, 32), np.float32)
    bias = (-steep * np.log1p(np.arange(20_000))).astype(np.float32)
    calls = counted(monkeypatch)
    rows, scores = Shelf(vectors, bias).best(people, 50)
    assert sum(calls) < 30
    wanted, best = sorted_lists(people, vectors, bias, 50)
    assert (rows == wanted).mean() > 0.999  # sums in another order may swap neighbours
    np.testing.assert_allclose(scores, best, rtol=1e-5, atol=1e-5)


def test_only_those_without_a_taste_need_all_scores(monkeypatch: pytest.MonkeyPatch):
    _, people, vectors = world(6, 30, 2000, width=16)
    people[::2] = 0
    calls = counted(monkeypatch)
    Shelf(vectors, np.zeros(2000, np.float32)).best(people, 5)
    assert 15 <= sum(calls) < 20


def test_the_cut_is_guessed_among_what_may_be_returned(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(7)
    people, vectors = rng.standard_normal((40, 16), np.float32), rng.standard_normal((4000, 16), np.float32)
    exclude = Ragged.of(sorted_lists(people, vectors, 0, 400)[0])
    calls = counted(monkeypatch)
    found = Shelf(vectors, np.zeros(4000, np.float32)).best(people, 10, exclude)
    assert sum(calls) < 10
    np.testing.assert_array_equal(found[0], sorted_lists(people, vectors, 0, 10, exclude)[0])


def test_a_cut_that_was_guessed_too_high_is_noticed(monkeypatch: pytest.MonkeyPatch):
    _, people, vectors = world(1, 40, 3000)
    guess = Shelf._guess
    monkeypatch.setattr(Shelf, "_guess", lambda *asked: (guess(*asked)[0] + 4, guess(*asked)[1]))
    calls = counted(monkeypatch)
    found = Shelf(vectors, np.zeros(3000, np.float32)).best(people, 10)
    assert sum(calls) > 0
    np.testing.assert_array_equal(found[0], sorted_lists(people, vectors, 0, 10)[0])


@pytest.mark.parametrize("case", ["equal items", "nobody's taste", "one long item", "all but three excluded"])
def test_where_rounding_cannot_part_anything(case: str):
    _, people, vectors = world(2, 30, 2000)
    exclude = Ragged.of([range(1997) for _ in range(30)]) if case == "all but three excluded" else None
    if case == "equal items":
        vectors[:] = vectors[0]
    if case == "nobody's taste":
        people[::2] = 0
    if case == "one long item":
        vectors[1234] *= 10_000
    found = Shelf(vectors, np.zeros(2000, np.float32)).best(people, 5, exclude)
    wanted = sorted_lists(people, vectors, 0, 5, exclude)
    np.testing.assert_array_equal(found[0], wanted[0])
    np.testing.assert_array_equal(found[1], wanted[1])


def test_more_pairs_than_a_block_may_hold_are_answered_from_all_scores(monkeypatch: pytest.MonkeyPatch):
    _, people, vectors = world(3, 30, 2000)
    monkeypatch.setattr(shelf, "MOST", 1)
    calls = counted(monkeypatch)
    found = Shelf(vectors, np.zeros(2000, np.float32)).best(people, 5)
    assert calls == [30]
    np.testing.assert_array_equal(found[0], sorted_lists(people, vectors, 0, 5)[0])


def test_a_list_does_not_depend_on_who_else_is_asked():
    rng = np.random.default_rng(4)
    people, vectors = rng.standard_normal((1100, 16), np.float32), rng.standard_normal((4000, 16), np.float32)
    shelf = Shelf(vectors, np.zeros(4000, np.float32))
    together = shelf.best(people, 10)
    for part in (slice(0, 3), slice(500, 800), slice(1099, 1100)):
        alone = shelf.best(people[part], 10)
        np.testing.assert_array_equal(alone[0], together[0][part])
        np.testing.assert_array_equal(alone[1], together[1][part])


@pytest.mark.parametrize(("value", "whose"), [(np.nan, "item"), (np.inf, "person"), (1e30, "both")])
def test_what_is_no_number_is_refused(value: float, whose: str):
    _, people, vectors = world(5, 20, 500)
    if whose != "person":
        vectors[7, 3] = value
    if whose != "item":
        people[2, 1] = value
    with pytest.raises(ModelError, match="vectors contain NaN or numbers too large to multiply"):
        Shelf(vectors, np.zeros(500, np.float32)).best(people, 3)


@pytest.mark.parametrize("width", [1, 64, 1500])
def test_the_doubt_covers_what_rounding_takes(width: int):
    rng = np.random.default_rng(width)
    people, tile = (rng.standard_cauchy((n, width)).clip(-1e4, 1e4).astype(np.float32) for n in (50, 300))
    asked, there = People.of(people), Tile.of(tile)
    whole = float_product(asked.rounded, there.rounded)
    np.testing.assert_array_equal(whole, asked.rounded.astype(np.int64) @ there.rounded.astype(np.int64))
    rounded = whole * (asked.scale * there.scale)[:, None].astype(np.float64)
    exact = people.astype(np.float64) @ (tile.astype(np.float64) - there.centre).T
    assert (np.abs(rounded - exact) <= asked.doubt(there)[:, None] * (1 + 1e-5)).all()
    assert (np.abs(rounded - exact).max(axis=1) > asked.doubt(there) / 100).all()  # not a bound of anything

"""Ragged histories against plain lists."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.core.errors import DataError
from zhiyin.data.contracts import KINDS, Cases, Catalogue, Histories, Ragged, Requests, Slates

LISTS = st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=1, max_size=6)


def lists(ragged: Ragged | Histories) -> list[list[int]]:
    rows = ragged.rows if isinstance(ragged, Histories) else ragged
    return [rows[b].tolist() for b in range(len(rows))]


@given(LISTS, st.data())
def test_take_is_indexing(given_lists, data):
    which = data.draw(st.lists(st.integers(0, len(given_lists) - 1)))
    taken = Histories.of(given_lists).take(np.array(which, int))
    assert lists(taken) == [given_lists[b] for b in which]
    assert lists(Ragged.of(given_lists).take(slice(1, None))) == given_lists[1:]


@given(LISTS, st.integers(1, 4))
def test_newest_and_ages_count_from_the_end(given_lists, limit):
    histories = Histories.of(given_lists)
    assert lists(histories.newest(limit)) == [rows[-limit:] for rows in given_lists]
    assert histories.ages.tolist() == [age for rows in given_lists for age in range(len(rows) - 1, -1, -1)]


@given(LISTS)
def test_keep_drops_events_and_no_person(given_lists):
    histories = Histories.of(given_lists)
    kept = histories.keep(histories.items % 2 == 0)
    assert lists(kept) == [[item for item in rows if item % 2 == 0] for rows in given_lists]


@given(LISTS)
def test_joined_is_one_after_the_other(given_lists):
    first, second = Histories.of(given_lists), Histories.of(given_lists[::-1])
    expected = [a + b for a, b in zip(given_lists, given_lists[::-1], strict=True)]
    assert lists(first.joined(second)) == expected


def test_the_matrix_counts_an_item_once_and_skips_dislikes():
    histories = Histories.of([[1, 1, 2], []])
    histories.weights[2] = -1
    assert histories.matrix(3).toarray().tolist() == [[0, 1, 0], [0, 0, 0]]
    assert histories.matrix(3, weighted=True).toarray().tolist() == [[0, 2, -1], [0, 0, 0]]


@pytest.mark.parametrize("weighted", [False, True])
def test_the_matrix_leaves_the_order_of_histories_alone(weighted):
    histories = Histories.of([[3, 1, 2], [5, 0]])
    histories.matrix(6, weighted=weighted)
    assert histories.items.tolist() == [3, 1, 2, 5, 0]


def test_requests_exclude_the_seen_and_ask_at_the_newest_event():
    requests = Requests.of(Histories.of([[4, 5], []]))
    assert lists(requests.exclude) == [[4, 5], []]
    assert requests.now.tolist() == [1, 0]
    without = requests.with_histories(Histories.of([[4], []]))
    assert lists(without.exclude) == [[4, 5], []]
    assert lists(Requests.of(Histories.of([[4]]), exclude_seen=False).exclude) == [[]]
    assert lists(requests.take(np.array([1, 0])).exclude) == [[], [4, 5]]


def test_cases_are_taken_with_their_ratings():
    cases = Cases(
        Requests.of(Histories.of([[0], [1]])), Ragged.of([[2, 3], [4]]), np.array([7, 8]), np.array([1.0, 2, 3])
    )
    taken = cases.take(np.array([1]))
    assert (lists(taken.targets), taken.users.tolist(), taken.values.tolist()) == ([[4]], [8], [3.0])  # type: ignore[union-attr]


def test_a_catalogue_grows_at_the_end_and_lacks_what_one_side_lacks():
    old = Catalogue.of(["a", "b"], title=["Jug", None], price=[4.0, 5.5])
    new = Catalogue.of(["c"], title=["Lamp"])
    both = old.add(new)
    assert list(both.ids) == ["a", "b", "c"]
    assert both.columns["title"].tolist() == ["Jug", None, "Lamp"]
    assert np.isnan(both.columns["price"][2])
    assert old.digest != both.digest
    with pytest.raises(DataError, match="column 'price' has 1 rows for 2 items"):
        Catalogue.of(["a", "b"], price=[1.0])


def test_a_block_of_vectors_may_be_called_as_a_column_is():
    items = Catalogue.of(["a", "b"], look=["x.jpg", "y.jpg"])
    described = Catalogue(items.ids, items.columns, {"look": np.eye(2, dtype=np.float32)})
    other = Catalogue(items.ids, items.columns, {"look": np.eye(2, dtype=np.float32)[::-1].copy()})
    assert len({items.digest, described.digest, other.digest}) == 3


def test_slates_speak_the_wire_format():
    slates = Slates([["a"], []], [[0.5], []], ["u", None], model=("EASE", 3))
    first, second = slates.to_dicts()["recommendations"]
    assert first["items"] == [{"item": "a", "score": 0.5}]
    assert first["model"] == {"name": "EASE", "version": 3}
    assert (second["user"], second["items"], second["unknown_items"]) == (None, [], [])
    assert slates.to_polars().rows() == [(0, "u", 1, "a", 0.5)]


def test_an_item_that_was_only_shown_or_asked_for_was_not_met() -> None:
    codes = np.array([KINDS.index(kind) for kind in ("impression", "click", "query", "impression")], np.uint8)
    histories = replace(Histories.of([[3, 4], [5, 3]]), kinds=codes)
    assert lists(histories.met) == [[4], []]
    assert Requests.of(histories).exclude.rows.tolist() == [4]

"""Counters as of a moment: the slow obvious version agrees, and the future does not change the past."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyin.data.contracts import Histories
from zhiyin.data.dataset import Dataset
from zhiyin.features import EventCounters
from zhiyin.features.feature import DAY
from zhiyin.features.timeline import Timeline

Events = list[tuple[int, int, int, bool]]
MOMENTS = st.integers(0, 160).map(lambda quarter: quarter * DAY // 4)
"""So coarse that events lie at the very moment of asking, and at the edge of a window."""
EVENTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), MOMENTS, st.booleans()), min_size=1, max_size=40)
ITEMS = [f"i{n}" for n in range(6)]


def dataset_of(events: Events) -> Dataset:
    frame = pl.DataFrame(
        {
            "user": [f"u{user}" for user, *_ in events],
            "item": [f"i{item}" for _, item, *_ in events],
            "time": [time for *_, time, _ in events],
            "kind": ["purchase" if liked else "return" for *_, liked in events],
        }
    )
    return Dataset.from_frame(frame, items=pl.DataFrame({"item": ITEMS}))


def times_of(events: Events, item: int, until: int) -> list[int]:
    return sorted(time for _, i, time, liked in events if i == item and liked and time < until)


@settings(max_examples=60, deadline=None)
@given(EVENTS, MOMENTS, st.sampled_from([None, 1, 7, 30]))
def test_counts_and_ages_equal_a_naive_loop(events: Events, until: int, days: int | None) -> None:
    counters = EventCounters(dataset_of(events))
    items = np.arange(6)
    for item, count, last, first in zip(
        items.tolist(),
        counters.events(items, np.array(until), days),
        counters.days_since_last(items, np.array(until)),
        counters.days_since_first(items, np.array(until)),
        strict=True,
    ):
        times = times_of(events, item, until)
        assert count == sum(days is None or time >= until - days * DAY for time in times)
        np.testing.assert_allclose(last, (until - times[-1]) / DAY if times else np.nan)
        np.testing.assert_allclose(first, (until - times[0]) / DAY if times else np.nan)


def naive_resemblance(events: Events, history: list[int], candidate: int, until: int) -> float:
    midnight = until // DAY * DAY
    people = {
        item: {user for user, i, time, liked in events if i == item and liked and time < midnight} for item in range(6)
    }
    return float(
        sum(
            len(people[candidate] & people[j]) / np.sqrt(len(people[candidate]) * len(people[j]))
            for j in set(history) - {candidate}
            if people[j] and people[candidate]
        )
    )


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.lists(st.integers(0, 5), max_size=4), st.integers(0, 41 * DAY))
def test_resemblance_equals_a_naive_loop(events: Events, history: list[int], until: int) -> None:
    found = EventCounters(dataset_of(events)).resemblance(
        Histories.of([history]), np.arange(6, dtype=np.int32)[None], np.array([until])
    )
    expected = [naive_resemblance(events, history, candidate, until) for candidate in range(6)]
    np.testing.assert_allclose(found[0], expected, atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(EVENTS, EVENTS, MOMENTS)
def test_the_future_does_not_change_the_past(events: Events, later: Events, until: int) -> None:
    past = EventCounters(dataset_of(events))
    both = EventCounters(dataset_of(events + [(u, i, until + time, liked) for u, i, time, liked in later]))
    items, now, history = np.arange(6, dtype=np.int32), np.array([until]), Histories.of([[0, 1, 2]])
    for days in (None, 7):
        np.testing.assert_array_equal(past.events(items, now, days), both.events(items, now, days))
    np.testing.assert_array_equal(past.days_since_last(items, now), both.days_since_last(items, now))
    np.testing.assert_array_equal(past.days_since_first(items, now), both.days_since_first(items, now))
    np.testing.assert_array_equal(
        past.resemblance(history, items[None], now), both.resemblance(history, items[None], now)
    )


def test_without_time_everything_known_is_counted_and_windows_are_not_known() -> None:
    dataset = Dataset.from_frame(pl.DataFrame({"user": ["a", "a", "b"], "item": ["x", "y", "x"]}))
    counters = EventCounters(dataset)
    items = np.array([0, 1], np.int32)
    assert counters.events(items, np.array(0)).tolist() == [2, 1]
    assert np.isnan(counters.events(items, np.array(0), 7)).all()
    assert np.isnan(counters.days_since_last(items, np.array(9))).all()
    found = counters.resemblance(Histories.of([[0]]), items[None], np.array([0]))
    assert found[0].tolist() == pytest.approx([0, 1 / np.sqrt(2)])


def test_items_that_came_later_and_no_item_count_nothing() -> None:
    counters = EventCounters(dataset_of([(0, 1, 5, True)]))
    strange = np.array([-1, 99], np.int32)
    assert counters.events(strange, np.array(9)).tolist() == [0, 0]
    assert counters.events(strange, np.array(9), 1).tolist() == [0, 0]
    assert np.isnan(counters.days_since_last(strange, np.array(9))).all()
    assert counters.resemblance(Histories.of([[1]]), strange[None], np.array([DAY]))[0].tolist() == [0, 0]


def test_many_candidates_of_one_moment_are_looked_up_and_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    events = [(int(rng.integers(4)), int(rng.integers(5)), int(rng.integers(40 * DAY)), True) for _ in range(60)]
    counters = EventCounters(dataset_of(events))
    items, until = rng.integers(-1, 6, (9, 4)).astype(np.int32), np.full((9, 1), 30 * DAY)
    asked = (
        lambda: counters.events(items, until),
        lambda: counters.events(items, until, 7),
        lambda: counters.days_since_last(items, until),
        lambda: counters.days_since_first(items, until),
    )
    searched: list[int] = []
    position = Timeline.position

    def watched(self: Timeline, rows: np.ndarray, moments: np.ndarray) -> np.ndarray:
        searched.append(rows.size)
        return position(self, rows, moments)

    monkeypatch.setattr(Timeline, "position", watched)
    found = [ask() for ask in asked]
    assert searched
    assert max(searched) <= 7  # each item once, not each candidate
    monkeypatch.setattr("zhiyin.features.counters._shared", lambda items, until: False)
    for one, plain in zip(found, [ask() for ask in asked], strict=True):
        np.testing.assert_array_equal(one, plain)

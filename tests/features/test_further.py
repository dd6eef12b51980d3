"""Columns that a recipe takes by name: each means what it says, and what is not known is NaN."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from zhiyin.core.errors import SettingsError
from zhiyin.data.contracts import Requests, Table
from zhiyin.data.dataset import Dataset
from zhiyin.features import EventCounters, compute_table, default_names, further_names, named_features
from zhiyin.features.groups import SMOOTHING
from zhiyin.features.sentiment import sentiment
from zhiyin.testing import causes

MINUTE, HOUR, DAY = 60, 3600, 86_400
MONDAY = 4 * DAY
EVENTS = pl.DataFrame(
    {
        "user": ["a", "a", "a", "a", "b", "b", "c"],
        "item": ["x", "y", "x", "z", "x", "y", "y"],
        "time": [MONDAY + n for n in (0, 50 * MINUTE, 70 * MINUTE, 80 * MINUTE, 2 * HOUR, 26 * HOUR, 3 * DAY)],
        "kind": ["view", "view", "cart", "purchase", "view", "view", "purchase"],
        "device": ["phone", "phone", None, "desk", "phone", "phone", "desk"],
    }
)
ITEMS = pl.DataFrame({"item": ["x", "y", "z"], "category": ["jug", "bag", None], "country": ["PT", "CN", None]})
USERS = pl.DataFrame({"user": ["a", "b", "c"], "country": ["PT", "PT", None], "age": [20, 30, 40]})


def columns(
    names: list[str], now: int, events: pl.DataFrame = EVENTS, moment: Table | None = None
) -> Mapping[str, np.ndarray]:
    dataset = Dataset.from_frame(events, items=ITEMS, users=USERS)
    past = dataset.with_histories(dataset.histories.keep(dataset.histories.times < now))
    requests = replace(Requests.of(past.histories, now=now, person=dataset.people), moment=moment)
    rows = np.tile(np.array([0, 1, 2, -1], np.int32), (3, 1))
    table = compute_table(named_features(names, dataset.catalogue, log=dataset), requests, rows, EventCounters(dataset))
    return {name: table.values[..., f] for f, name in enumerate(table.names)}


def check(found: np.ndarray, expected: list[float]) -> None:
    np.testing.assert_allclose(found, [*expected, np.nan], rtol=1e-5)


def test_a_session_ends_with_a_gap_of_half_an_hour() -> None:
    names = ["session_events", "session_minutes", "session_taken", "session_resemblance"]
    found = columns(names, MONDAY + 90 * MINUTE)
    check(found["session_events"][0], [np.log(4)] * 3)  # the first event lies 50 minutes before the others
    check(found["session_minutes"][0], [np.log(41)] * 3)
    check(found["session_taken"][0], [np.log(2)] * 3)
    over = columns(names, MONDAY + 80 * MINUTE + 1801)
    check(over["session_events"][0], [0] * 3)
    check(over["session_minutes"][0], [np.nan] * 3)


def test_a_session_column_goes_before_the_gap() -> None:
    ids = EVENTS.with_columns(session=pl.Series(["s", "s", "s", "t", "u", "v", "w"]))
    check(columns(["session_events"], MONDAY + 90 * MINUTE, ids)["session_events"][0], [np.log(2)] * 3)
    ids = ids.with_columns(session=pl.lit("s"))
    check(columns(["session_events"], MONDAY + 90 * MINUTE, ids)["session_events"][0], [np.log(5)] * 3)
    ids = ids.with_columns(session=pl.lit(None, pl.String))
    check(columns(["session_events"], MONDAY + 90 * MINUTE, ids)["session_events"][0], [np.log(4)] * 3)


def test_counters_of_a_kind_and_their_ratio() -> None:
    names = ["count.view", "count.view.1d", "own.view", "own.cart", "conversion.view.purchase"]
    found = columns(names, MONDAY + 27 * HOUR)
    check(found["count.view"][0], np.log1p([2, 2, 0]).tolist())
    check(found["count.view.1d"][0], np.log1p([0, 1, 0]).tolist())
    check(found["own.view"][0], np.log1p([1, 1, 0]).tolist())
    check(found["own.cart"][0], np.log1p([1, 0, 0]).tolist())
    rate = 1 / 4
    check(found["conversion.view.purchase"][0], np.log([20 * rate / 22, 20 * rate / 22, (1 + 20 * rate) / 20]).tolist())
    early = columns(["conversion.view.purchase"], MONDAY + 60 * MINUTE)["conversion.view.purchase"]
    assert np.isnan(early).all()  # no purchase yet, of anything


def test_lifts_of_groups_crosses_and_moments() -> None:
    now = MONDAY + 4 * DAY
    found = columns(["group.country", "cross.age.category", "at.device", "at_hour", "at_weekday"], now)

    def lift(both: float, group: float, thing: float, total: float) -> float:
        return float(np.log((both + SMOOTHING) / (group * thing / total + SMOOTHING)))

    check(found["group.country"][0], [lift(3, 6, 3, 6), lift(2, 6, 2, 6), lift(1, 6, 1, 6)])
    assert np.isnan(found["group.country"][2]).all()  # nobody knows where c lives
    check(found["cross.age.category"][0], [lift(2, 3, 3, 6), lift(1, 3, 3, 6), np.nan])  # z has no category
    check(found["at.device"][0], [lift(0, 2, 2, 6), lift(1, 2, 3, 6), lift(1, 2, 1, 6)])  # a came last from a desk
    check(found["at.device"][1], [lift(2, 4, 2, 6), lift(2, 4, 3, 6), lift(0, 4, 1, 6)])
    check(found["at_hour"][0], [lift(1, 3, 3, 7), lift(2, 3, 3, 7), lift(0, 3, 1, 7)])  # midnight: x, y, c's y
    check(found["at_weekday"][0], [0, 0, 0])  # no event on a Friday yet
    said = columns(["at.device"], now, moment={"device": np.array(["phone", None, "boat"], object)})["at.device"]
    np.testing.assert_array_equal(said[0], found["at.device"][1])  # what is said now goes before
    np.testing.assert_array_equal(said[1:], found["at.device"][1:])


def test_the_moment_is_a_point_of_a_circle() -> None:
    names = ["hour_sin", "hour_cos", "weekday_sin", "weekday_cos"]
    found = columns(names, MONDAY + 6 * HOUR)
    check(found["hour_sin"][0], [1] * 3)
    np.testing.assert_allclose(found["hour_cos"][0, :3], 0, atol=1e-7)
    np.testing.assert_allclose(found["weekday_sin"][0, :3], np.sin(2 * np.pi / 28), rtol=1e-5)
    np.testing.assert_allclose(found["weekday_cos"][0, :3], np.cos(2 * np.pi / 28), rtol=1e-5)


def test_columns_of_the_person_and_what_matches_the_item() -> None:
    found = columns(["person.age", "match.country"], MONDAY + DAY)
    check(found["person.age"][1], [30] * 3)
    check(found["match.country"][0], [1, 0, np.nan])
    assert np.isnan(found["match.country"][2]).all()


def test_likeness_to_the_last_items_by_content() -> None:
    dataset = Dataset.from_frame(EVENTS, items=ITEMS)
    block = np.array([[1, 0], [0, 2], [np.nan, np.nan]], np.float32)
    dataset = replace(dataset, catalogue=replace(dataset.catalogue, content={"words": block}))
    features = named_features(["recent.words"], dataset.catalogue, log=dataset)
    requests = Requests.of(dataset.histories, now=MONDAY + 9 * DAY)
    rows = np.tile(np.array([0, 1, 2, -1], np.int32), (3, 1))
    found = compute_table(features, requests, rows, EventCounters(dataset)).values[..., 0]
    check(found[0], [2 / np.sqrt(5), 1 / np.sqrt(5), np.nan])  # x, y, x; z has no content
    check(found[2], [0, 1, np.nan])


def test_without_time_nothing_is_said_of_moments_and_windows() -> None:
    dataset = causes.everything()
    untimed = replace(dataset, order="position")
    requests = Requests.of(untimed.histories, now=0, person=dataset.people)
    rows = np.tile(np.arange(5, dtype=np.int32), (len(dataset), 1))
    names = ["count.view", "count.view.7d", "friends_7d", "hour_sin", "at_hour", "session_minutes", "session_taken"]
    features = named_features([*names, "group.country"], dataset.catalogue, log=untimed)
    table = compute_table(features, requests, rows, EventCounters(untimed))
    known = {name: bool((~np.isnan(table.values[..., f])).any()) for f, name in enumerate(table.names)}
    assert [name for name, there in known.items() if there] == ["count.view", "session_taken", "group.country"]


@pytest.mark.parametrize("history", ["full", "empty"])
def test_hard_columns_of_people_and_items_give_numbers_or_nan(history: str) -> None:
    """A value never seen, a constant, an infinite, an all-missing column, places nowhere."""
    users = USERS.with_columns(
        constant=pl.lit("a"), missing=pl.lit(None, pl.String), infinite=pl.lit(float("inf")),
        latitude=pl.Series([90.0, 200.0, None]), longitude=pl.Series([0.0, 0.0, 5.0]),
        friends=pl.Series([["a", "nobody"], [], None]),
    )  # fmt: skip
    items = ITEMS.with_columns(latitude=pl.Series([-90.0, float("nan"), 1.0]), longitude=pl.Series([0.0, 1.0, -999.0]))
    dataset = Dataset.from_frame(EVENTS, items=items, users=users)
    histories = dataset.histories if history == "full" else dataset.histories.keep(np.zeros(7, bool))
    person = {**dataset.people, "country": np.array(["??", None, "PT"], object)}
    requests = Requests.of(histories, now=MONDAY + 9 * DAY, person=person)
    names = [*default_names(dataset.catalogue), *further_names(dataset)]
    assert {"distance", "nearby", "friends", "group.constant", "person.infinite", "group.missing"} <= set(names)
    features = named_features(names, dataset.catalogue, log=dataset)
    table = compute_table(features, requests, np.array([[0, 1, 2, -1, 99]] * 3, np.int32), EventCounters(dataset))
    assert not np.isinf(table.values).any()
    strange = [table.values[..., 4, table.names.index(name)] for name in ("group.country", "group.age", "at_hour")]
    assert np.isnan(strange).all()  # an item that came later has no count of another's
    far = table.values[..., table.names.index("distance")]
    np.testing.assert_allclose(far[0], [np.log1p(np.pi * 6371.0088), *[np.nan] * 4], rtol=1e-5)
    assert np.isnan(far[1:]).all()
    assert np.isnan(table.values[..., table.names.index("person.infinite")]).all()


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("what a wonderful day", 1), ("this is not good", -1), ("never disappointed", 1), ("I don't like it", -1),
        ("今天很开心", 1), ("不喜欢这个", -1), ("质量很差，后悔", -1), ("物美价廉，值得推荐", 1), ("a table", 0),
        ("桌子", 0), ("", 0), ("😀", 0), ("bad " * 300_000, -1), ("<b>great</b>", 1),
    ],
)  # fmt: skip
def test_sentiment_of_both_languages(text: str, mood: int) -> None:
    assert np.sign(sentiment(text)) == mood


def test_names_of_what_is_not_there_are_refused() -> None:
    dataset = Dataset.from_frame(EVENTS, items=ITEMS, users=USERS)
    for name in ("distance", "query", "recent.words", "mood.text"):
        with pytest.raises(SettingsError, match=f"there is no feature '{name}'"):
            named_features([name], dataset.catalogue, log=dataset)

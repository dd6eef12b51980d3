"""Popularity: windows, back-off, and that later events change nothing."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import zhiyin
from zhiyin.core.errors import ModelError
from zhiyin.data.popularity import counts

DAY_S = 86_400


def log(*events: tuple[str, float]) -> zhiyin.Dataset:
    """(item, day) pairs of one person each."""
    rows = [
        {"user": f"u{row}", "item": item, "time": 1_600_000_000 + int(day * DAY_S)}
        for row, (item, day) in enumerate(events)
    ]
    return zhiyin.Dataset.from_frame(pl.DataFrame(rows))


OLD_FAVOURITE = [("old", day) for day in range(5)] + [("new", 99), ("new", 100), ("middle", 97), ("quiet", 0)]


@pytest.mark.parametrize(
    ("window", "wanted"),
    [
        (None, ["old", "new", "middle", "quiet"]),
        (2, ["new", "middle", "old", "quiet"]),
        (1, ["new", "middle", "old", "quiet"]),
    ],
)
def test_the_window_decides_and_longer_ones_order_the_rest(window: float | None, wanted: list[str]):
    model = zhiyin.models.Popular(window_days=window).fit(log(*OLD_FAVOURITE))
    assert model.recommend([[]], k=4).ids == [wanted]
    assert model.facts["window_days"] == window


def test_equal_in_every_window_is_equal():
    model = zhiyin.models.Popular(window_days=1).fit(log(("a", 0), ("b", 0), ("c", 100)))
    a, b, c = model.score(zhiyin.Requests.of(zhiyin.Histories.empty(1)))[0]
    assert a == b < c
    assert c == pytest.approx(1 + 0.5)  # one event in the window; the second of two ranks over all time


def test_without_times_all_events_count():
    events = pl.DataFrame({"user": ["u", "v", "w"], "item": ["a", "b", "b"]})
    model = zhiyin.models.Popular(window_days=1).fit(zhiyin.Dataset.from_frame(events))
    assert model.recommend([[]]).ids == [["b", "a"]]
    assert model.facts["window_days"] is None


def test_counts_look_back_from_now_and_never_beyond():
    dataset = log(("a", 0), ("a", 10), ("b", 11), ("b", 40))
    assert counts(dataset).tolist() == [2, 2]
    now = 1_600_000_000 + 12 * DAY_S
    assert counts(dataset, now=now).tolist() == [2, 1]
    assert counts(dataset, window_days=3, now=now).tolist() == [1, 1]
    assert counts(dataset, window_days=3).tolist() == [0, 1]


def test_disliked_events_do_not_count():
    events = pl.DataFrame({"user": ["u", "v", "w"], "item": ["a", "a", "b"], "kind": ["view", "dislike", "view"]})
    assert counts(zhiyin.Dataset.from_frame(events)).tolist() == [1, 1]


def test_chance_draws_for_the_seed_and_the_history():
    dataset = log(*[(f"i{item}", 0) for item in range(50)])
    asked = [["i0"], ["i1"], ["i0"], []]
    one = zhiyin.models.Random(seed=1).fit(dataset).recommend(asked, k=20, exclude_seen=False).ids
    other = zhiyin.models.Random(seed=2).fit(dataset).recommend(asked, k=20, exclude_seen=False).ids
    assert one[0] == one[2]
    assert len({tuple(ids) for ids in (*one, *other)}) == 6
    scores = (
        zhiyin.models.Random().fit(dataset).score(zhiyin.Requests.of(zhiyin.Histories.of([[i] for i in range(50)])))
    )
    assert np.abs(scores.mean(axis=0) - 0.5).max() < 0.2  # no item is preferred


def by_country() -> zhiyin.Dataset:
    """Everybody takes ``all``; people of A also take ``a``, people of B ``b``, in the morning and in the evening."""
    rows = [
        {"user": f"{country}{n}", "item": item, "time": 1_600_000_000 // DAY_S * DAY_S + 3600 * hour}
        for country, own, hour in (("A", "a", 8), ("B", "b", 20)) for n in range(200) for item in ("all", own)
    ]  # fmt: skip
    users = pl.DataFrame({"user": [f"{c}{n}" for c in "AB" for n in range(200)], "country": ["A"] * 200 + ["B"] * 200})
    return zhiyin.Dataset.from_frame(pl.DataFrame(rows), users=users)


def test_somebody_new_gets_what_is_popular_with_people_like_them(tmp_path: Path):
    model = zhiyin.models.Popular(by=("country",)).fit(by_country())
    person = {"country": np.array(["A", "B", "nowhere", None], object)}
    asked = zhiyin.Requests.of(zhiyin.Histories.empty(4), person=person)
    assert [ids[:2] for ids in model.recommend(asked, k=3).ids[:2]] == [["all", "a"], ["all", "b"]]
    scores = model.score(asked)
    np.testing.assert_array_equal(scores[2], scores[3])
    assert model.facts["values"] == {"country": ["A", "B"]}
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(zhiyin.load(tmp_path / "model").score(asked), scores)


def test_the_hour_of_asking_counts():
    model = zhiyin.models.Popular(by=("hour",)).fit(by_country())
    morning, evening = (1_700_000_000 // DAY_S * DAY_S + 3600 * hour for hour in (8, 20))
    asked = zhiyin.Requests.of(zhiyin.Histories.empty(2), now=np.array([morning, evening]))
    assert [ids[1] for ids in model.recommend(asked, k=3).ids] == ["a", "b"]


def test_a_value_of_few_people_says_little():
    rare = zhiyin.models.Popular(by=("country",), prior=1e6).fit(by_country())
    sure = zhiyin.models.Popular(by=("country",), prior=1).fit(by_country())
    assert np.abs(rare.tables["country"]).max() < 0.01 < 1 < np.abs(sure.tables["country"]).max()


def test_a_column_that_nobody_has_is_refused():
    with pytest.raises(ModelError, match="counts by 'planet', which is no column of the people; there are country"):
        zhiyin.models.Popular(by=("planet",)).fit(by_country())
    timeless = zhiyin.Dataset.from_frame(pl.DataFrame({"user": ["u"], "item": ["a"]}))
    with pytest.raises(ModelError, match="counts by hour, and this log has no times"):
        zhiyin.models.Popular(by=("hour",)).fit(timeless)

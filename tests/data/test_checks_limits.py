"""Where a check must hold its tongue: the limits that keep it from crying wolf, and the facts that checks share."""

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from zhiyin.data.checks import Evidence, named_check, run_checks
from zhiyin.data.checks.encoding import repaired
from zhiyin.data.checks.impossible import rating_scale
from zhiyin.data.checks.not_products import no_product
from zhiyin.data.cleaning import clean

NOW = 1_700_000_000


def rows(name: str, events: pl.DataFrame) -> list[int]:
    return named_check(name).find(Evidence(events, now=NOW)).rows.tolist()


def log(**columns: object) -> pl.DataFrame:
    """A log of one person; every column may be given."""
    frame = pl.DataFrame(columns)
    return frame.with_columns(
        pl.lit(name).alias(name) for name in ("user", "item") if name not in frame.columns
    )  # fmt: skip


@given(
    st.lists(
        st.tuples(st.sampled_from([None, "a", "b", "c"]), st.sampled_from([None, 0, 5, 7, -(2**62), 2**62])),
        max_size=40,
    )
)
@settings(max_examples=80, deadline=None)
def test_timeline_is_a_stable_sort_of_the_timed_events(events: list[tuple[str | None, int | None]]) -> None:
    frame = pl.DataFrame(events, schema={"user": pl.String, "time": pl.Int64}, orient="row")
    evidence = Evidence(frame)
    codes = evidence.user.codes
    timed = [row for row, (user, time) in enumerate(events) if user is not None and time is not None]
    obvious = sorted(timed, key=lambda row: (codes[row], events[row][1], row))
    line = evidence.timeline
    assert line.rows.tolist() == obvious
    assert line.users.tolist() == [codes[row] for row in obvious]
    assert line.times.tolist() == [events[row][1] for row in obvious]
    assert line.tied.tolist() == [place for place, row in enumerate(obvious) if events.count(events[row]) > 1]


def test_timeline_of_many_tied_rows_keeps_their_order() -> None:
    frame = log(time=np.random.default_rng(0).integers(0, 3, 5_000))
    line = Evidence(frame).timeline
    for time in range(3):
        mine = line.rows[line.times == time]
        assert mine.tolist() == frame["time"].eq(time).arg_true().to_list()


def test_codes_count_ids_in_order_of_first_appearance() -> None:
    coded = Evidence(log(item=["b", None, "a", "b"])).item
    assert coded.codes.tolist() == [0, -1, 1, 0]
    assert coded.ids.to_list() == ["b", "a"]
    assert coded.counts.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("times", "tick"), [([86_400] * 9, 86_400), ([7_200], 3_600), ([60] * 2_000, 60), ([60] * 2_000 + [1], 1)]
)
def test_the_clock_ticks_as_finely_as_its_finest_time(times: list[int], tick: int) -> None:
    assert Evidence(log(time=times)).tick == tick


def test_a_weekly_shopper_in_a_log_of_whole_days_is_no_bot() -> None:
    weekly = 1_600_041_600 + 7 * 86_400 * np.arange(60)
    assert Evidence(log(time=weekly)).tick == 86_400
    assert rows("bots", log(time=weekly)) == []
    assert rows("bots", log(time=weekly + 60)) == list(range(60))  # to the minute, sixty weeks long


def test_ten_equal_pauses_are_chance() -> None:
    assert rows("bots", log(time=1_600_000_000 + 5_000 * np.arange(10))) == []


def test_a_small_log_is_concentrated_by_nature() -> None:
    people = np.where(np.arange(900) < 200, 0, np.arange(900)).astype(str)
    assert rows("concentration", log(user=people)) == []
    more = np.arange(900, 1_000).astype(str)
    assert rows("concentration", log(user=[*people, *more])) == list(range(200))


def test_a_hundredth_of_forty_items_is_no_concentration() -> None:
    events = pl.DataFrame({"user": [f"u{n % 40}" for n in range(4_000)], "item": [f"i{n % 20}" for n in range(4_000)]})
    assert rows("concentration", events) == []


@pytest.mark.parametrize("text", ["ÉÉ", "Ä", "naïve café", "知音", "Ångström", "¿Qué?", "Привет", "😀", "e\u0301"])
def test_sound_text_is_left_alone(text: str) -> None:
    assert repaired(text) is None
    assert rows("encoding", log(title=[text])) == []


@example("\ufffd")
@given(
    st.text(
        st.characters(min_codepoint=0xA1, max_codepoint=0xFFFF, exclude_categories=["Cs", "Cc", "Cn", "Co"]),
        min_size=1,
        max_size=20,
    )
)
@settings(max_examples=100, deadline=None)
def test_utf8_read_as_latin_1_is_found_and_repaired(text: str) -> None:
    damaged = text.encode().decode("latin-1")
    assert rows("encoding", log(title=[damaged])) == [0]
    if "\ufeff" not in text and "\ufffd" not in text:
        assert repaired(damaged) == text


@pytest.mark.parametrize("mark", ["\ufeff", "ï»¿"])
def test_a_byte_order_mark_is_taken_off(mark: str) -> None:
    assert repaired(f"{mark}user") == "user"
    assert clean(log(item=[f"{mark}a", "a"]), "encoding").events["item"].to_list() == ["a", "a"]


def test_a_day_ahead_is_a_time_zone_and_milliseconds_are_no_future() -> None:
    assert rows("future", log(time=[NOW + 86_400, NOW * 1_000, NOW + 86_401])) == [2]


def test_a_missing_value_is_not_impossible() -> None:
    assert rows("impossible", log(value=[1.0] * 50 + [float("nan"), None, float("inf")])) == [52]


def test_a_scale_is_even_and_ends_in_cliffs() -> None:
    assert rating_scale(pl.Series([1.0, 2, 3, 4, 5] * 20 + [9])) == (1, 5)
    assert rating_scale(pl.Series([0.5, 1, 1.5, 2] * 20)) == (0.5, 2)
    assert rating_scale(pl.Series([1.0, 2, 4, 8] * 20)) is None
    assert rating_scale(pl.Series([1.0] * 60 + [2] * 30 + [3] * 15 + [4] * 7 + [5] * 3 + [6])) is None
    assert rating_scale(pl.Series([1.0, 2, 3])) is None
    assert rating_scale(pl.Series([], dtype=pl.Float64)) is None


def test_views_have_no_value_where_ratings_have() -> None:
    events = log(kind=["view", "rating"], value=[None, 4.0], time=[NOW, NOW])
    assert rows("missing", events) == []
    assert rows("missing", events.drop("kind")) == [0]
    ratings = log(kind=["rating"] * 3 + ["view"], value=[4.0, 5.0, None, None], time=[NOW] * 4)
    assert rows("missing", ratings) == [2]


RANDOM = np.random.default_rng(0)
MIXED_SHAPES = ["".join(RANDOM.choice(list("AB12"), int(RANDOM.integers(8, 12)))) for _ in range(400)]


@pytest.mark.parametrize(
    ("codes", "odd"),
    [
        ([f"{n}{'A' * (n % 2)}" for n in range(10_000, 10_400)], "A1234"),  # by shape
        (["".join(RANDOM.choice(list("AB12"), 10)) for _ in range(400)], "A1B"),  # by length
        (MIXED_SHAPES, "A1-B2A1B"),  # by what is neither letter nor digit
        (MIXED_SHAPES, "BANK_charges"),  # by name, whatever the catalogue
        ([str(n) for n in range(1, 5_000)], "WRAP"),
        ([f"{n}{'A' * (n % 2)}" for n in range(10_000, 10_010)], "post"),
    ],
)
def test_odd_codes_are_found_in_each_of_the_ways(codes: list[str], odd: str) -> None:
    assert no_product(pl.Series([*codes, odd])).nonzero()[0].tolist() == [len(codes)]
    assert not no_product(pl.Series(codes)).any()


def test_a_small_catalogue_has_no_usual_shape() -> None:
    assert not no_product(pl.Series([*map(str, range(20)), "lamp", "b-2"])).any()


def test_spaces_around_a_title_make_no_other_title() -> None:
    events = log(title=["LAMP", "LAMP ", " LAMP", "LAMP"], item=["x"] * 4)
    assert rows("several_titles", events) == []
    assert rows("several_titles", events.vstack(log(title=["lamp"], item=["x"]).select(events.columns))) == [4]


def test_shuffled_ties_pass_whatever_the_seed() -> None:
    people = np.repeat(np.arange(400), 5).astype(str)
    for seed in range(20):  # of five items in any order one in 120 ascends: three or four people of 400
        items = np.random.default_rng(seed).permutation(2_000).astype(str)
        assert rows("tie_order", pl.DataFrame({"user": people, "item": items, "time": 1_600_000_000})) == []


def test_in_a_log_sorted_in_part_only_the_long_moments_are_shown() -> None:
    rng = np.random.default_rng(0)
    people = np.concatenate([np.repeat(np.arange(1_000), 2), np.repeat(np.arange(1_000, 1_040), 6)])
    items = rng.integers(1_000, 9_999, len(people))
    items[2_000:] = np.sort(items[2_000:].reshape(40, 6), axis=1).ravel()
    events = pl.DataFrame({"user": people.astype(str), "item": items.astype(str), "time": 1_600_000_000})
    found = rows("tie_order", events)
    assert found == list(range(2_000, 2_240))


def test_what_passes_costs_nothing() -> None:
    events = pl.DataFrame({"user": "a", "item": "x", "time": [*range(NOW, NOW + 997 * 10**4, 10**4), NOW, NOW]})
    one = run_checks(events.with_row_index("position"), now=NOW + 10**9, checks=[named_check("time_ties")])
    assert one.findings[0].verdict == "pass"
    assert len(one.findings[0].rows) == 3
    assert one.score == 1.0


def test_the_present_can_be_given() -> None:
    events = log(time=[100, 200_000])
    assert clean(events, "future", now=101).events["time"].to_list() == [100]
    assert clean(events, "future").events.height == 2


def test_sessions_that_are_all_numbered_like_cancellations_are_none() -> None:
    sessions = [f"c{n}" for n in range(100)]
    assert rows("returns", log(session=sessions)) == []
    assert rows("returns", log(session=["C1", *map(str, range(100))])) == [0]
    assert rows("returns", log(session=["C1a", "Cx", *map(str, range(100))])) == []

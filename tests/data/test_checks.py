"""Each check finds its planted offenders by row, and says nothing on a clean log."""

import json
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyin.core.errors import SettingsError
from zhiyin.data.checks import CHECKS, Check, Evidence, Finding, Words, all_checks, named_check, run_checks, table
from zhiyin.data.checks import duplicates as duplicates_check
from zhiyin.data.cleaning import clean

NOW = 1_700_000_000
Change = Callable[[pl.DataFrame], pl.DataFrame]


def clean_log(n: int = 2_000, seed: int = 0) -> pl.DataFrame:
    """A year of 80 people and 120 items with nothing wrong: awake by day, prices, titles, ratings of 1 to 5."""
    rng = np.random.default_rng(seed)
    users, items = rng.integers(0, 80, n), rng.integers(0, 120, n)
    days, seconds = rng.integers(0, 365, n), np.arange(n) % 50_000  # no two at the same second of a day
    frame = pl.DataFrame(
        {
            "user": [f"u{code}" for code in users],
            "item": [f"{code + 10_000}{'AB'[code % 2]}" for code in items],
            "time": 1_600_000_000 // 86_400 * 86_400 + days * 86_400 + 30_000 + seconds,
            "value": rng.integers(1, 6, n).astype(np.float32),
            "price": (items + 1) / 4,
            "session": [f"{500_000 + row}" for row in range(n)],
            "title": [f"Café table № {code}, 茶几" for code in items],
        }
    )
    return frame.unique("time", keep="first", maintain_order=True)


def changed(log: pl.DataFrame, rows: list[int], **cells: object) -> pl.DataFrame:
    """The log with these cells in these rows."""
    at = pl.int_range(pl.len()).is_in(rows)
    return log.with_columns(
        pl.when(at).then(pl.lit(cell)).otherwise(pl.col(name)).alias(name) for name, cell in cells.items()
    )


def finding(name: str, events: pl.DataFrame, items: pl.DataFrame | None = None) -> Finding:
    return named_check(name).find(Evidence(events, items, now=NOW))


def test_a_clean_log_passes_every_check() -> None:
    items = clean_log().select("item", "title", "price").unique("item")
    quality = run_checks(clean_log(), items, now=NOW)
    assert {found.name: found.verdict for found in quality.findings} == dict.fromkeys(CHECKS, "pass")
    assert quality.score == 1.0
    assert quality.verdict == "pass"


@pytest.mark.parametrize("name", CHECKS)
def test_a_clean_log_is_the_same_after_every_fix(name: str) -> None:
    check, evidence = named_check(name), Evidence(clean_log(), now=NOW)
    assert check.name == name
    assert check.fix(evidence, check.find(evidence)).equals(evidence.events)


PLANTED: dict[str, list[tuple[list[int], dict[str, object]]]] = {
    "missing": [([3, 9], {"time": None}), ([4], {"user": None}), ([5], {"item": "nan"}), ([6], {"user": " "}),
                ([7], {"value": float("nan")})],
    "time_unit": [([3, 9], {"time": 1_610_000_000_123}), ([4], {"time": 1_610_000_000_123_456}),
                  ([5], {"time": 1_610_000_000_123_456_789})],
    "encoding": [([3, 9], {"title": "CafÃ©"}), ([4], {"item": "ÖÐÎÄ"}), ([5], {"title": "鐭ラ煶"}),
                 ([6], {"user": "x\ufffd"}),
                 ([7], {"title": "锟斤拷"})],
    "spelling": [([3, 9], {"item": "10000a"}), ([4], {"user": "U1"}), ([5], {"user": "u2 "})],
    "returns": [([3, 9], {"value": -2.0}), ([4], {"session": "C500123"})],
    "price": [([3, 9], {"price": 0.0}), ([4], {"price": -1.5})],
    "not_products": [([3, 9], {"item": "POST"}), ([4], {"item": "gift_0001_20"})],
    "future": [([3, 9], {"time": NOW + 86_401})],
    "impossible": [([3, 9], {"value": float("inf")}), ([4], {"value": 55.0}), ([5], {"value": 0.5}), ([6], {"time": 0}),
                   ([7], {"time": -5})],
    "several_titles": [([3, 9], {"title": "damaged"}), ([4], {"title": "?"})],
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_planted_rows_are_found_and_no_others(name: str) -> None:
    log, planted = clean_log(), []
    for rows, cells in PLANTED[name]:
        log, planted = changed(log, rows, **cells), planted + rows
    found = finding(name, log)
    assert found.rows.tolist() == sorted(planted)
    assert found.verdict == ("fail" if name == "time_unit" else "warn")
    assert found.share == pytest.approx(len(planted) / len(log))
    assert found.offenders
    assert run_checks(log, now=NOW).score < 1


@pytest.mark.parametrize("name", [name for name in PLANTED if named_check(name).done is not None])
def test_after_the_fix_the_check_finds_nothing(name: str) -> None:
    log = clean_log()
    for rows, cells in PLANTED[name]:
        if cells.get("title") != "锟斤拷" and cells.get("user") != "x\ufffd":  # nobody can repair these
            log = changed(log, rows, **cells)
    check, evidence = named_check(name), Evidence(log, now=NOW)
    mended = check.fix(evidence, check.find(evidence))
    assert len(check.find(Evidence(mended, now=NOW)).rows) == 0
    assert mended.schema == log.schema


def test_exact_duplicates_are_all_but_the_first() -> None:
    log = clean_log()
    doubled = pl.concat([log, log[[5, 5, 8]]])
    found = finding("duplicates", doubled)
    assert found.rows.tolist() == [len(log), len(log) + 1, len(log) + 2]
    assert named_check("duplicates").fix(Evidence(doubled), found).equals(log)


PEOPLE, TIMES = st.sampled_from([None, "a", "b"]), st.sampled_from([None, 1, 2])


@pytest.mark.parametrize("at_once", [1 << 20, 3], ids=["as shipped", "many slices"])
@given(rows=st.lists(st.tuples(PEOPLE, st.sampled_from("xy"), TIMES), max_size=30))
@settings(max_examples=60, deadline=None)
def test_duplicates_agree_with_the_obvious_way(at_once: int, rows: list[tuple[str | None, str, int | None]]) -> None:
    events = pl.DataFrame(rows, schema={"user": pl.String, "item": pl.String, "time": pl.Int64}, orient="row")
    obvious = [row for row in range(len(rows)) if rows[row] in rows[:row]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates_check, "AT_ONCE", at_once)
        assert finding("duplicates", events).rows.tolist() == obvious


@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from([None, 5, 6, 2**60])), max_size=30))
@settings(max_examples=60, deadline=None)
def test_ties_agree_with_the_obvious_way(rows: list[tuple[str | None, int | None]]) -> None:
    events = pl.DataFrame(rows, schema={"user": pl.String, "time": pl.Int64}, orient="row").with_columns(
        item=pl.lit("x")
    )
    obvious = [i for i, row in enumerate(rows) if None not in row and rows.count(row) > 1]
    assert finding("time_ties", events).rows.tolist() == obvious


def test_ties_warn_from_half_a_percent_of_the_rows() -> None:
    log = clean_log()
    at_one_time = log.with_columns(time=pl.when(pl.col("user") == "u1").then(1_610_000_000).otherwise(pl.col("time")))
    found = finding("time_ties", at_one_time)
    assert found.verdict == "warn"
    assert found.rows.tolist() == log["user"].eq("u1").arg_true().to_list()
    assert finding("time_ties", log).verdict == "pass"


@pytest.mark.parametrize("descending", [False, True])
def test_ties_sorted_by_id_are_found(descending: bool) -> None:
    day = clean_log().with_columns(time=pl.col("time") // (30 * 86_400) * 30 * 86_400)
    shuffled = day.sample(fraction=1, shuffle=True, seed=3)
    assert finding("tie_order", shuffled).verdict == "pass"
    by_id = day.sort("user", "time", "item", descending=[False, False, descending])
    found = finding("tie_order", by_id)
    assert found.verdict == "warn"
    different = by_id.select((pl.col("item").n_unique() > 1).over("user", "time")).to_series()
    assert set(different.arg_true().to_list()) == set(found.rows.tolist())


def test_ties_sorted_by_number_are_found_where_ids_are_numbers() -> None:
    rng = np.random.default_rng(1)
    items = np.sort(np.stack([rng.choice(2_000, 3, replace=False) for _ in range(300)]), axis=1).ravel()
    events = pl.DataFrame({"user": np.repeat(np.arange(300), 3), "item": items, "time": 1_600_000_000}).cast(
        {"user": pl.String, "item": pl.String}
    )
    assert len(finding("tie_order", events).rows) == 900


def bot(times: np.ndarray) -> pl.DataFrame:
    """The clean log and a person 'robot' with events at these seconds."""
    log = clean_log()
    robot = log.head(1).drop("time", "user").join(pl.DataFrame({"user": "robot", "time": times}), how="cross")
    return pl.concat([log, robot.select(log.columns)])


@pytest.mark.parametrize(
    ("times", "sign"),
    [
        (1_610_000_000 + 2 * np.arange(25), "20 moments within 60 s"),
        (1_610_000_000 + 3_600 * 10 * np.arange(40), "regular as a clock"),
        (1_610_000_000 + 4_000 * np.arange(40) + np.arange(40) ** 3 % 1_000, "awake for a day and a night"),
    ],
)
def test_bots_are_found_with_all_of_their_rows(times: np.ndarray, sign: str) -> None:
    log = bot(times)
    found = finding("bots", log)
    assert found.rows.tolist() == log["user"].eq("robot").arg_true().to_list()
    assert f"user 'robot': {sign}" in found.offenders


def test_a_large_basket_or_a_coarse_clock_is_no_bot() -> None:
    assert finding("bots", bot(np.full(500, 1_610_000_000))).verdict == "pass"
    minutes = clean_log().with_columns(time=pl.col("time") // 60 * 60)
    visit = minutes.head(1).drop("time", "user").join(
        pl.DataFrame({"user": "buyer", "time": 1_610_000_040 + 60 * np.arange(45)}), how="cross"
    )  # fmt: skip
    assert finding("bots", pl.concat([minutes, visit.select(minutes.columns)])).verdict == "pass"


def test_bots_are_found_in_whichever_stretch_they_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    log = bot(1_610_000_000 + 2 * np.arange(25)).sample(fraction=1, shuffle=True, seed=5)
    for block in (1, 7, 100):
        monkeypatch.setattr("zhiyin.data.checks.bots.BLOCK", block)
        assert finding("bots", log).rows.tolist() == log["user"].eq("robot").arg_true().to_list()


def test_concentration_names_the_person_and_the_item() -> None:
    log = clean_log(20_000)
    assert finding("concentration", log).verdict == "pass"
    heavy = changed(changed(log, list(range(4_000)), user="cash desk"), list(range(2_000, 4_500)), item="start page")
    found = finding("concentration", heavy)
    assert found.rows.tolist() == list(range(4_500))
    assert found.offenders[0].startswith("user 'cash desk': ")
    assert found.offenders[1].startswith("item 'start page': ")


def test_dates_written_as_numbers_are_told_and_converted() -> None:
    events = pl.DataFrame({"user": ["a", "b"], "item": ["x", "y"], "time": [20_101_201, 20_111_209]})
    check, evidence = named_check("time_unit"), Evidence(events)
    assert check.find(evidence).rows.tolist() == [0, 1]
    assert check.fix(evidence, check.find(evidence))["time"].to_list() == [1_291_161_600, 1_323_388_800]
    relative = events.with_columns(time=pl.Series([0, 20_111_209]))
    assert finding("time_unit", relative).verdict == "pass"


@given(st.lists(st.integers(315_532_800, 4_102_444_799), min_size=1, max_size=20), st.data())
@settings(max_examples=60, deadline=None)
def test_every_unit_converts_back_to_the_second(seconds: list[int], data: st.DataObject) -> None:
    factors = [data.draw(st.sampled_from([1, 10**3, 10**6, 10**9])) for _ in seconds]
    written = [
        second * factor + data.draw(st.integers(0, factor - 1)) for second, factor in zip(seconds, factors, strict=True)
    ]
    events = pl.DataFrame({"user": "a", "item": "x", "time": written})
    check, evidence = named_check("time_unit"), Evidence(events)
    found = check.find(evidence)
    assert found.rows.tolist() == [row for row, factor in enumerate(factors) if factor > 1]
    assert check.fix(evidence, found)["time"].to_list() == seconds


def test_counts_are_on_no_scale_and_large_orders_are_possible() -> None:
    rng = np.random.default_rng(0)
    log = clean_log().with_columns(value=pl.Series(rng.geometric(0.4, len(clean_log())).astype(np.float32)))
    assert finding("impossible", log).verdict == "pass"
    assert finding("impossible", changed(log, [3], value=1_000.0)).verdict == "pass"
    assert finding("impossible", changed(log, [3], value=80_995.0)).rows.tolist() == [3]


def test_times_from_zero_are_a_clock_of_their_own() -> None:
    log = clean_log().with_columns(time=pl.col("time") - pl.col("time").min())
    assert finding("impossible", log).verdict == "pass"


def test_a_scale_with_a_negative_half_has_no_returns() -> None:
    log = clean_log().with_columns(value=pl.col("value") - 3)
    assert finding("returns", log).verdict == "pass"
    votes = clean_log().with_columns(kind=pl.lit("rating"))
    assert finding("returns", changed(votes, [3], value=-1.0)).verdict == "pass"
    assert finding("returns", changed(votes, [3, 4], kind="return")).rows.tolist() == [3, 4]


@pytest.mark.parametrize("kind", [None, "purchase"])
def test_a_log_of_negative_quantities_alone_is_a_warning_and_loses_no_row(kind: str | None) -> None:
    log = clean_log().with_columns(value=-pl.col("value"))
    log = log if kind is None else log.with_columns(kind=pl.lit(kind))
    for turned in (log, changed(log, [3], value=0.0), changed(log, [3], value=None)):
        found = finding("returns", turned)
        assert (found.verdict, found.rows.tolist()) == ("warn", [])
        assert found.note is not None
        assert found.note.en.startswith("every quantity is negative: nothing but returns, or the sign is turned round?")
        assert len(clean(turned, "returns", now=NOW).events) == len(turned)
    half = changed(log, list(range(1_000)), value=1.0)
    for sound in (half, log.with_columns(value=pl.lit(0.0)), log.with_columns(kind=pl.lit("rating")), log.clear()):
        assert finding("returns", sound).note is None


def test_case_is_part_of_an_id_where_ids_mix_it() -> None:
    ids = ["xK9aBc", "xk9abc", "zzTop1", "aBaBaB"]
    events = pl.DataFrame({"user": "a", "item": ids})
    assert finding("spelling", events).verdict == "pass"


def test_spelling_merges_into_the_most_frequent_one_and_leaves_the_missing() -> None:
    nfc, nfd = "caf\u00e9", "cafe\u0301"
    events = pl.DataFrame({"user": ["17850", "17850.0", "17850.0", None], "item": [nfc, nfd, nfc, "x"]})
    check, evidence = named_check("spelling"), Evidence(events)
    found = check.find(evidence)
    assert found.rows.tolist() == [0, 1]
    assert found.offenders[0] == "user '17850' (1) and '17850.0' (2)"
    mended = check.fix(evidence, found)
    assert mended["user"].to_list() == ["17850.0", "17850.0", "17850.0", None]
    assert mended["item"].to_list() == [nfc, nfc, nfc, "x"]


def test_a_catalogue_without_a_usual_shape_has_no_odd_codes() -> None:
    rng = np.random.default_rng(0)
    letters = np.array(list("AB12"))
    ids = ["".join(rng.choice(letters, 10)) for _ in range(500)]
    assert finding("not_products", pl.DataFrame({"user": "a", "item": ids})).verdict == "pass"
    sizes = pl.DataFrame({"user": "a", "item": ["S", "M", "D", "B"]})
    assert finding("not_products", sizes).verdict == "pass"


def test_catalogue_checks_read_the_items_where_events_have_no_such_column() -> None:
    events = clean_log().select("user", "item", "time")
    items = pl.DataFrame(
        {"item": ["a", "b", "b", "c"], "title": ["A", "B", "Bee", None], "price": [1.0, 0.0, -1.0, None]}
    )
    for name, rows in (("price", [1, 2]), ("several_titles", [2]), ("no_title", [3])):
        found = finding(name, events, items)
        assert (found.part, found.rows.tolist(), found.share) == ("items", rows, len(rows) / 4)
        assert named_check(name).fix(Evidence(events, items), found) is events
    damaged = items.with_columns(title=pl.Series(["CafÃ©", "B", "Bee", None]))
    found = finding("encoding", events, damaged)
    assert found.rows.tolist() == [0]
    assert named_check("encoding").fix(Evidence(events, damaged), found) is events


def test_no_title_needs_every_row_of_the_item_bare() -> None:
    events = pl.DataFrame({"user": "a", "item": ["x", "x", "y", "y"], "title": ["X", None, None, " "]})
    assert finding("no_title", events).rows.tolist() == [2, 3]


def test_neither_time_nor_position_is_a_warning_of_its_own() -> None:
    found = finding("missing", clean_log().drop("time"))
    assert (found.verdict, len(found.rows)) == ("warn", 0)
    assert found.note is not None
    assert "the order of the rows is taken" in found.note.en
    assert finding("missing", clean_log().drop("time").with_row_index("position")).verdict == "pass"


ODD: list[Change] = [
    lambda log: log.clear(),
    lambda log: log.head(1),
    lambda log: log.head(2).with_columns(user=pl.Series([None, "a"]), time=pl.Series([5, None])),
    lambda log: log.select("user", "item"),
    lambda log: log.head(3).with_columns(user=pl.Series(["'\"/..", "\n😀", "汉字" * 200])),
    *[lambda log, name=name: log.with_columns(pl.lit(None).alias(name)) for name in clean_log(9).columns],  # type: ignore[misc]
    *[lambda log, name=name: log.drop(name) for name in clean_log(9).columns],  # type: ignore[misc]
    lambda log: log.with_columns(time=pl.col("time").cast(pl.Float64), value=pl.lit("two"), price=pl.lit("free")),
    lambda log: log.with_columns(time=pl.from_epoch("time")),
    lambda log: log.head(40).with_columns(pl.col("user", "item").cast(pl.Categorical)),
]


@pytest.mark.parametrize("change", ODD)
def test_odd_logs_are_looked_at_without_an_error(change: Change) -> None:
    log = change(clean_log(300))
    for events in (log, pl.concat([log, log])):
        evidence = Evidence(events, now=NOW)
        for check in all_checks():
            found = check.find(evidence)
            assert 0 <= found.share <= 1
            assert len(check.fix(evidence, found)) <= len(events)
        assert 0 <= run_checks(events, now=NOW).score <= 1


def test_every_check_speaks_both_languages() -> None:
    for check in all_checks():
        for words in (check.about, check.remedy, *([check.done] if check.done else [])):
            assert words.en.isascii()
            assert any("\u4e00" <= letter <= "\u9fff" for letter in words.zh)
            assert ("{rows}" in words.en) == ("{rows}" in words.zh) == (words is check.done)


def test_examples_are_short() -> None:
    long = changed(clean_log(), [3], title="\ufffd" * 5_000, item="x" * 5_000, time=NOW * 2)
    for name in ("encoding", "future"):
        assert max(len(shown) for shown in finding(name, long).offenders) < 400


def test_score_is_the_product_over_the_findings() -> None:
    log = clean_log()
    tenth = len(log) // 10
    spoilt = changed(log, list(range(tenth)), value=-1.0)
    spoilt = changed(spoilt, list(range(tenth, 2 * tenth)), price=0.0)
    quality = run_checks(spoilt, now=NOW, checks=[named_check("returns"), named_check("price")])
    assert quality.score == pytest.approx((1 - tenth / len(log)) ** 2)
    assert quality.to_dict() == {
        "score": quality.score,
        "checks": [
            {"name": "returns", "verdict": "warn", "rows": tenth, "share": tenth / len(log)},
            {"name": "price", "verdict": "fail", "rows": tenth, "share": tenth / len(log)},
        ],
    }
    assert quality["price"].verdict == quality.verdict == "fail"


class TooShort(Check):
    """An outsider's check: one class, one registration."""

    name = "too_short"
    about = Words("Item ids of one letter.", "只有一个字符的编号。")
    remedy = Words("leaves them out", "去除这些行")
    done = Words("{rows} short ids: left out", "{rows} 行编号过短：已去除")

    def look(self, evidence: Evidence) -> Finding:
        return self.finding(evidence, np.flatnonzero(evidence.events["item"].str.len_chars().to_numpy() == 1))


def test_an_outsiders_check_is_found_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    from zhiyin.data.cleaning import clean, fix_names

    point = EntryPoint("too_short", f"{__name__}:TooShort", table.GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda self: TooShort)
    monkeypatch.setattr(table, "registered", lambda group: {"too_short": point})
    assert [check.name for check in all_checks()][-1] == "too_short"
    assert fix_names()[-2:] == ("too_short", "duplicates")
    events = pl.DataFrame({"user": "a", "item": ["x", "longer"]})
    assert run_checks(events)["too_short"].rows.tolist() == [0]
    assert clean(events, "too_short").reports[0].sentence.en == "1 short ids: left out"


def test_an_unknown_check_is_named_with_the_nearest_right_one() -> None:
    with pytest.raises(
        SettingsError, match=r"there is no check 'spellings'; did you mean 'spelling'\? the checks are: "
    ):
        named_check("spellings")


def test_a_plug_in_that_is_no_check_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EntryPoint, "load", lambda self: dict)
    monkeypatch.setattr(table, "registered", lambda group: {"odd": EntryPoint("odd", "x:y", table.GROUP)})
    with pytest.raises(SettingsError, match="check 'odd' is a dict; derive it from zhiyin.data.checks.Check"):
        named_check("odd")


def test_every_check_was_measured_on_two_logs_and_its_figures_hold() -> None:
    """The kept figures of ``benchmarks/checks.py``, below which a change of a check must not fall."""
    results = Path(__file__).parents[2] / "benchmarks" / "results" / "checks.json"
    cells = json.loads(results.read_text(encoding="utf-8"))
    for name in CHECKS:
        mine = [cell for cell in cells if cell["check"] == name]
        assert {cell["share"] for cell in mine} == {0.01, 0.05}
        assert len({cell["data"] for cell in mine}) >= 2
        if name not in ("bots", "tie_order"):  # a patient script and two items in order look like anybody's
            assert min(cell["recall"] for cell in mine) >= 0.99
            assert min(cell["precision"] for cell in mine) >= 0.99
        assert {cell["verdict"] for cell in mine} & {"warn", "fail"}


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKS)
def test_the_kept_figures_are_those_of_this_code(name: str, data_folder: Path) -> None:
    from benchmarks.checks import cell, ml_100k, online_retail

    results = Path(__file__).parents[2] / "benchmarks" / "results" / "checks.json"
    kept = json.loads(results.read_text(encoding="utf-8"))
    for data, read in (("ml-100k", ml_100k), ("online-retail", online_retail)):
        now = cell(name, data, read(data_folder), 0.05, 0)
        then = [one for one in kept if (one["check"], one["data"], one["share"]) == (name, data, 0.05)]
        assert now == (then[0] if then else None)

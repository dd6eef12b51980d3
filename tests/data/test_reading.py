"""From a dirty file to a dataset in one line: what is read, what is left out, and what is said about it."""

import csv
import gzip
import io
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from zhiyin.data import log, reading
from zhiyin.data.bundled import online_retail
from zhiyin.data.canonical import number
from zhiyin.data.ingest import ingest
from zhiyin.data.readers import quoted
from zhiyin.data.readers.delimited import DelimitedReader
from zhiyin.data.reading import read, read_frames
from zhiyin.data.snapshots import Snapshot

ROWS = pl.DataFrame({"user": ["a", "b", "a"], "item": ["x", "y", "z"], "time": [3, 2, 1], "value": [1.5, 2.0, 3.0]})


def test_the_dirty_shop_in_one_line_says_what_was_left_out():
    dataset = read(online_retail(), fixes="shop")
    assert [report.sentence.en for report in dataset.report] == [
        "135,080 lines have no customer: left out",
        "0 item ids: written in upper case",
        "8,905 returns: left out",
        "40 of price 0 or less: left out",
        "1,547 lines of no product (6 codes): left out",
        "5,187 exact duplicates: left out",
    ]
    assert [report.left for report in dataset.report][-2:] == [396_337, 391_150]
    assert (dataset.histories.n_events, len(dataset.users), len(dataset.catalogue)) == (391_150, 4_334, 3_659)
    row = dataset.catalogue.ids.row("85123A")
    assert dataset.catalogue.columns["title"][row] == "WHITE HANGING HEART T-LIGHT HOLDER"
    assert dataset.catalogue.columns["price"][row] == 2.95
    assert dataset.people["country"][dataset.users.row("17850")] == "United Kingdom"
    assert "CustomerID   →  user" in str(dataset.guess)
    purchase = dataset.kinds.index("purchase")
    assert (dataset.histories.kinds == purchase).all()


def test_without_fixes_every_line_with_a_customer_is_kept():
    dataset = read(online_retail())
    assert (dataset.histories.n_events, len(dataset.users), len(dataset.catalogue)) == (406_829, 4_372, 4_070)
    assert [report.rows for report in dataset.report] == [135_080]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_batches_make_no_difference(tmp_path, monkeypatch, ending):
    """Ids, order, reasons and items of nobody's lines, with bad rows in several batches."""
    rows = pl.DataFrame(
        {
            "user": ["b", "", "a", "b", "a very long identifier", "a", "", "a"], "item": list("xyzxwzvz"),
            "time": [5, 4, 3, -1, 1, 3, 2, 0], "value": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, float("inf")],
        }
    )  # fmt: skip
    path = tmp_path / f"events.{ending}"
    (rows.write_csv if ending == "csv" else rows.write_parquet)(path)
    whole = read(path)
    monkeypatch.setattr(reading, "BATCH", 2)
    parts = read(path)
    assert parts.digest == whole.digest
    assert list(parts.catalogue.ids) == ["x", "z", "w", "y", "v"]
    assert [report.sentence.en for report in parts.report] == [report.sentence.en for report in whole.report]
    assert sorted(report.rows for report in parts.report) == [1, 1, 2]


def zst(raw: bytes) -> bytes:
    return pa.compress(raw, codec="zstd", asbytes=True)


def forms() -> dict[str, bytes]:
    csv = ROWS.write_csv().encode()
    lines = ROWS.write_ndjson().encode()
    return {
        "a.csv": csv, "a.tsv": ROWS.write_csv(separator="\t").encode(), "b.csv": ROWS.write_csv(separator=";").encode(),
        "c.csv": b"\xef\xbb\xbf" + csv.replace(b"\n", b"\r\n"), "d.csv": csv[:-1], "a.csv.gz": gzip.compress(csv),
        "a.csv.zst": zst(csv), "a.jsonl": lines, "a.jsonl.gz": gzip.compress(lines), "b.json": lines,
    }  # fmt: skip


@pytest.mark.parametrize("name", [*forms(), "a.parquet"])
def test_every_form_gives_the_same_dataset(tmp_path, name):
    if name == "a.parquet":
        ROWS.write_parquet(tmp_path / name)
    else:
        (tmp_path / name).write_bytes(forms()[name])
    dataset = read(tmp_path / name)
    assert dataset.report == ()
    assert dataset.digest == read(ROWS).digest


def test_one_bad_number_changes_no_other_row(tmp_path):
    """The quick way reads numbers as numbers; one that is none sends the whole file the careful way."""
    good = ROWS.write_csv()
    (tmp_path / "good.csv").write_text(good)
    (tmp_path / "bad.csv").write_text(good + "c,w,tomorrow,1\nc,w,5,much\n,x,5,1\n\n")
    assert read(tmp_path / "bad.csv").digest == read(tmp_path / "good.csv").digest
    assert [report.sentence.en for report in read(tmp_path / "bad.csv").report] == [
        "1 lines have no customer: left out",
        "1 lines: time cannot be read: left out",
        "1 lines: value cannot be read: left out",
    ]


def test_numbers_as_ids_in_json_lines(tmp_path):
    lines = '{"user": 17850, "item": -8845298781299428018}\n{"user": "17850", "item": 18446744073709551616}\n'
    (tmp_path / "a.jsonl").write_text(lines)
    dataset = read(tmp_path / "a.jsonl")
    assert list(dataset.users) == ["17850"]
    assert list(dataset.catalogue.ids) == ["-8845298781299428018", "18446744073709551616"]


def test_the_shop_as_others_write_it(tmp_path):
    """CSV by way of pandas: customers become 17850.0, missing ones nothing; the answer is the same."""
    pl.read_parquet(online_retail()).to_pandas().astype({"CustomerID": float}).to_csv(
        tmp_path / "shop.csv", index=False
    )
    dataset = read(tmp_path / "shop.csv", fixes="shop")
    assert "CustomerID is written like 17850.0: read as 17850" in str(dataset.guess)
    assert [report.rows for report in dataset.report] == [135_080, 0, 8_905, 40, 1_547, 5_187]
    assert dataset.digest == read(online_retail(), fixes="shop").digest


def test_several_files_are_one_log(tmp_path):
    ROWS.head(2).write_csv(tmp_path / "one.csv")
    ROWS.tail(1).write_csv(tmp_path / "two.csv")
    assert read([tmp_path / "one.csv", tmp_path / "two.csv"]).digest == read(ROWS).digest


def test_a_folder_is_understood_by_the_names_of_its_files(tmp_path):
    ROWS.write_csv(tmp_path / "ratings.csv")
    ROWS.write_csv(tmp_path / "interactions_2020.csv")
    pl.DataFrame({"id": ["z", "w"], "name": ["Zed", "Double u"]}).write_csv(tmp_path / "products.csv")
    pl.DataFrame({"customer_id": ["a"], "age": [40]}).write_parquet(tmp_path / "customers.parquet")
    dataset = read(tmp_path)
    assert list(dataset.catalogue.ids) == ["z", "w", "x", "y"]
    assert dataset.catalogue.columns["title"].tolist() == ["Zed", "Double u", None, None]
    np.testing.assert_array_equal(dataset.people["age"], [40, np.nan])
    assert "events are read from interactions_2020.csv; not read: ratings.csv" in str(dataset.guess)


def test_movielens_raw_forms(tmp_path):
    (tmp_path / "ratings.dat").write_text("1::10::5::978300760\n2::10::3::978302109\n2::11\n")
    (tmp_path / "movies.dat").write_bytes("10::Amélie: (2001)::Comedy|Romance\n".encode("latin-1"))
    (tmp_path / "users.dat").write_text("1::F::1::10::48067\n2::M::56::16::07072\n")
    dataset = read(tmp_path)
    assert dataset.catalogue.columns["title"].tolist() == ["Amélie: (2001)"]
    assert dataset.catalogue.columns["genres"].tolist() == [["Comedy", "Romance"]]
    assert dataset.people["zip"].tolist() == ["48067", "07072"]
    assert [report.name for report in dataset.report] == ["2 fields instead of 4"]


KNOWN = {
    "online-retail": (396_337, 4_334, 3_659),
    "online-retail/transactions.parquet": (406_829, 4_372, 4_070),
    "ml-100k": (100_000, 943, 1_682),
    "ml-100k/raw": (100_000, 943, 1_682),
    "ml-1m": (1_000_209, 6_040, 3_883),
    "ml-1m/ratings.parquet": (487_650, 2_999, None),
    "ml-1m/raw": (60_000, 6_040, 3_883),
    "amazon-beauty": (198_502, 22_363, 12_101),
    "goodbooks-10k": (298_176, 2_672, 10_000),
    "deskdrop": (72_312, 1_895, 2_987),
    "retailrocket-events": (92_487, 3_431, 8_885),
    "frappe-ctr": (86_582, 913, 4_082),
    "diginetica-sessions": (982_961, 202_633, 43_097),
    "mealrec-plus-h": (46_767, 1_575, 3_817),
    "tiktok-multimodal": (68_722, 9_308, 6_710),
    "open-bandit-small": (40_000, None, 80),
}
"""Published events, users and items of each set; None where the set's own notes give none."""


@pytest.mark.slow
@pytest.mark.parametrize("name", KNOWN)
def test_real_sets_come_in_with_their_published_counts(data_folder: Path, name: str):
    dataset = read(data_folder / name)
    found = (dataset.histories.n_events, len(dataset.users), len(dataset.catalogue))
    assert all(known in (None, ours) for known, ours in zip(KNOWN[name], found, strict=True)), found


@pytest.mark.slow
def test_what_real_sets_mean_is_understood(data_folder: Path):
    frappe = read(data_folder / "frappe-ctr")
    labels = pl.read_parquet(data_folder / "frappe-ctr/interactions.parquet")["label"]
    assert int(frappe.histories.weights.sum()) == int(labels.sum())
    bandit = read_frames(data_folder / "open-bandit-small")
    assert {"policy", "slot", "propensity_score"} <= set(bandit.events.columns)
    clicks = pl.read_parquet(data_folder / "open-bandit-small/impressions.parquet")["click"]
    assert int((bandit.events["kind"] == "click").sum()) == int(clicks.sum())
    films = read(data_folder / "ml-1m")
    raw = (
        pl.read_parquet(data_folder / "ml-1m/interactions.parquet")
        .drop_nulls("position")
        .sort("position", descending=True)
    )
    last = dict(raw.unique("user", keep="first", maintain_order=True).select("user", "item").iter_rows())
    newest = films.histories.items[films.histories.offsets[1:] - 1]
    assert films.catalogue.ids.take(newest) == [last[user] for user in films.users]
    desk = read(data_folder / "deskdrop")
    counts = dict(zip(desk.kinds, np.bincount(desk.histories.kinds, minlength=len(desk.kinds)).tolist(), strict=True))
    assert {k: n for k, n in counts.items() if n} == {
        "view": 61_086, "like": 5_745, "bookmark": 2_463, "comment": 1_611, "follow": 1_407,
    }  # fmt: skip


TEXTS = st.text(st.sampled_from('ab,"\n é汉;'), min_size=1, max_size=6).filter(lambda text: text.strip() != "")


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_whatever_a_csv_writer_writes_comes_back_byte_for_byte(rows: list[tuple[str, str]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([("user", "item"), *rows])
        assert DelimitedReader().careful(path).select("user", "item").collect().rows() == rows


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ('u,5" pipe', '5" pipe'),
        ('u,say "x" now', 'say "x" now'),
        ('u,"a ""b"" c"', 'a "b" c'),
        ('u,"never closed', None),
        ('u,"closed" too early', None),
        ('u,"two\nlines"', "two\nlines"),
        ('u,"two\nlines"\nv,5" pipe', "two\nlines"),
    ],
)
def test_a_stray_quotation_mark_costs_at_most_its_own_row(line: str, kept: str | None, tmp_path: Path) -> None:
    before, after = [f"a{i},i{i}" for i in range(50)], [f'b{i},"i{i}"' for i in range(50)]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(["user,item", *before, line, *after, ""]))
    ingest(path, tmp_path / "w")
    snapshot = Snapshot.load(tmp_path / "w")
    events = snapshot.events()
    assert len(events) == 100 + (kept is not None) + ("\nv," in line)
    assert events.filter(user="u")["item"].to_list() == ([] if kept is None else [kept])
    aside = [] if kept is not None else [(52, "a quotation mark that does not fit")]
    assert snapshot.quarantine().select("line", "reason").rows() == aside


def test_a_mark_that_is_closed_thousands_of_rows_later_swallows_nothing(tmp_path: Path) -> None:
    rows = [f"a{i},i{i % 7}" for i in range(3_000)]
    rows[100], rows[2_900] = 'a100,"opened', 'a2900,closed"'
    path = tmp_path / "log.csv"
    path.write_text("\n".join(["user,item", *rows, ""]))
    taken = ingest(path, tmp_path / "w")
    assert (taken.events, taken.reasons) == (2_999, {"a quotation mark that does not fit": 1})


@pytest.mark.parametrize("stray", ['5" pipe', "pipe"])
def test_quoted_empty_consent_is_no_consent_whatever_marks_stand_elsewhere(stray: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(f'user,item,consent\na,{stray},""\nb,y,\nc,z,train\nd,"w",none\n')
    events = read_frames(path).events
    assert events["consent"].to_list() == ["", None, "train", "none"]
    assert read(path).for_purpose("measure").histories.n_events == 1


MARKED = st.text(st.sampled_from('ab,"\n'), max_size=6)


@given(MARKED)
@example('a",,a"')
@settings(max_examples=200, deadline=None)
def test_fields_are_those_of_the_standard_reader_and_bare_nothing_is_missing(text: str) -> None:
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        records = []
    fields = quoted._fields(text, ",")
    if fields is None or not text:
        assert len(records) != 1 or text.endswith("\n")
    else:
        assert [[field or "" for field in fields]] == records
        bare = re.sub(r'(?:^|(?<=,))"(?:[^"]|"")*"', "q", text).split(",")
        assert (None in fields) == ("" in bare)


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize("first", ["seconds", "milliseconds"])
def test_each_row_of_a_log_of_two_units_is_read_by_its_size(first: str, ending: str, tmp_path: Path) -> None:
    """The second unit begins after the rows from which the columns are guessed."""
    seconds = [1_500_000_000 + 60 * i for i in range(2_000)]
    early = 1_200 if first == "seconds" else 1_300
    written = [t * (1_000 if (i < early) == (first == "milliseconds") else 1) for i, t in enumerate(seconds)]
    frame = pl.DataFrame({"user": "a", "item": [f"i{i % 9}" for i in range(2_000)], "ts": written})
    path = tmp_path / f"log.{ending}"
    {"csv": frame.write_csv, "parquet": frame.write_parquet, "jsonl": frame.write_ndjson}[ending](path)
    dataset = read(path)
    assert sorted(dataset.histories.times) == seconds
    assert dataset.report == ()
    n = early if first == "seconds" else 2_000 - early
    note = f"ts mixes units ({n:,} rows in seconds, {2_000 - n:,} rows in milliseconds): each row read as seconds, "
    assert dataset.guess.notes == (note + "its unit told by its size",)
    assert ingest(path, tmp_path / "w").guess.notes == dataset.guess.notes
    assert Snapshot.load(tmp_path / "w").facts["notes"] == list(dataset.guess.notes)


@pytest.mark.parametrize("n_files", [1, 2])
def test_a_late_row_settles_the_order_of_day_and_month(n_files: int, tmp_path: Path, monkeypatch) -> None:
    """The first rows from which the columns are guessed are all of days that could be months."""
    monkeypatch.setattr(log, "BATCH", 700)
    early = [f"a,i{i},01/{i % 12 + 1:02}/2020" for i in range(1_500)]
    rows = [early, [*early[:9], "b,x,01/13/2020", *early[:900]]]
    files = [tmp_path / f"{i}.csv" for i in range(n_files)]
    for file, lines in zip(files, rows if n_files > 1 else [early + rows[1]], strict=True):
        file.write_text("\n".join(["user,item,date", *lines]) + "\n")
    dataset = read(files)
    assert dataset.histories.times.max() == 1_578_873_600  # 13 January 2020
    assert (dataset.report, dataset.guess.notes) == ((), ())
    assert ingest(files, tmp_path / "w").reasons == {}
    files[-1].write_text("\n".join(["user,item,date", *early]) + "\n")
    assert read(files[-1:]).guess.notes == ("date could be day/month or month/day: read as day/month",)


@pytest.mark.parametrize(("per_second", "name"), [(1, ""), (1_000, "milliseconds"), (10**9, "nanoseconds")])
def test_a_log_of_one_unit_says_so_once_and_times_of_no_plausible_date_take_its_unit(
    per_second: int, name: str
) -> None:
    seconds = [1_500_000_000, 1_500_000_060, 20]
    frame = pl.DataFrame({"user": "a", "item": ["x", "y", "z"], "ts": [t * per_second for t in seconds]})
    dataset = read(frame)
    assert dataset.histories.times.tolist() == [20, *seconds[:2]]
    assert dataset.guess.notes == ((f"ts is in {name}: read as seconds",) if name else ())


def test_numbers_are_read_as_people_write_them() -> None:
    written = {"34.79": 34.79, "34,79": 34.79, "1.234,50": 1234.5, "1,234.50": 1234.5, "1,234": 1234.0, "$3.50": 3.5,
               "EUR 4": 4.0, "4,5 €": 4.5, "￥12": 12.0, "12元": 12.0, " -3 ": -3.0, "1e3": 1000.0, "x": None, "": None,
               "1,2,3": None, "12.345.6": None}  # fmt: skip
    frame = pl.DataFrame({"n": list(written)})
    assert frame.select(number("n", pl.String())).to_series().to_list() == list(written.values())

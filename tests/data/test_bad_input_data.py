"""Input that cannot be used ends in one sentence: what was found, what was allowed, what to do; exit code 2."""

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from zhiyin.core.errors import DataError
from zhiyin.data.ingest import ingest
from zhiyin.data.reading import read
from zhiyin.data.snapshots import Snapshot

FILES: dict[str, tuple[str, bytes, str]] = {
    "empty": ("a.csv", b"", r"a.csv is empty; give a file with a header and at least one row"),
    "blank": ("a.csv", b"\n \n", r"a.csv is empty"),
    "cr": ("a.csv", b"user,item\ra,x\r", r"a.csv ends its lines with a carriage return alone; save it with line feeds"),
    "blank first": ("a.csv", b"\r\n\r\nuser,item\r\na,x\r\n", r"a.csv begins with an empty line; take it out"),
    "spaces first": ("a.csv", b"\xef\xbb\xbf  \nuser,item\na,x\n", r"a.csv begins with an empty line; take it out"),
    "header only": ("a.csv", b"user,item\n", r"has no row, its header is: user, item; give a file with at least one"),
    "no item": ("a.csv", b"user,what\na,x\n", r"no column for 'item'; found user, what: say which one it is"),
    "double": ("a.csv", b"user,user,item\na,b,x\n", r"a.csv has column 'user' 2 times; rename all but one of them"),
    "no header": ("a.csv", b"1,2,5\n1,3,4\n", r"has no header, its first line is '1,2,5'; write the columns' names"),
    "random": ("a.parquet", bytes(range(256)) * 4, r"a.parquet cannot be read \(.*\); check that the file is whole"),
    "half parquet": ("a.parquet", b"PAR1" + b"\x00" * 99, r"a.parquet cannot be read"),
    "random csv": ("a.csv", b"\x00\x01\x02\x03" * 99, r"begins with b'\\x00.* and is of no known form; the forms"),
    "broken gzip": ("a.csv.gz", gzip.compress(b"user,item\n" * 99)[:-12], r"a.csv.gz cannot be read \(.*\); check"),
    "no object": ("a.jsonl", b"[1,2]\n[3,4]\n", r"a.jsonl has no line that is a JSON object; write one object a line"),
    "no time": ("a.csv", b"user,item,time\na,x,24Q1\n", r"cannot be read; say how .* --time-format \"%d/%m/%Y\""),
    "all bad": ("a.csv", b"user,item,time\na,x,soon\nb,y,later\n", r"no row of a.csv can be used: 2 × time cannot"),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_cannot_be_used_is_refused(tmp_path, case):
    name, raw, words = FILES[case]
    (tmp_path / name).write_bytes(raw)
    for reading in (lambda: read(tmp_path / name), lambda: ingest(tmp_path / name, tmp_path / "w")):
        with pytest.raises(DataError, match=words) as caught:
            reading()
        assert caught.value.exit_code == 2
    assert not (tmp_path / "w" / "data" / "current").exists()


def test_a_path_that_is_not_there_names_what_is(tmp_path):
    (tmp_path / "orders.csv").write_text("user,item\na,x\n")
    with pytest.raises(DataError, match=r"order.csv does not exist; its folder has orders.csv: give the path"):
        read(tmp_path / "order.csv")
    (tmp_path / "orders.csv").rename(tmp_path / "notes.csv")
    with pytest.raises(DataError, match=r"has no file of events; found notes.csv: name one interactions, events"):
        read(tmp_path)


def test_files_of_two_forms_are_not_one_log(tmp_path):
    (tmp_path / "a.csv").write_text("user,item\na,x\n")
    (tmp_path / "b.csv").write_text("user,item,time\na,x,01/02/2020\n")
    with pytest.raises(DataError, match=r"b.csv has other columns than a.csv: user, item, time instead of user, item"):
        read([tmp_path / "a.csv", tmp_path / "b.csv"])
    with pytest.raises(DataError, match=r"a.csv has other columns than b.csv"):  # whose day and month are open
        read([tmp_path / "b.csv", tmp_path / "a.csv"])


def test_an_empty_frame_is_refused():
    with pytest.raises(DataError, match=r"the frame has no row, its header is: user, item"):
        read(pl.DataFrame(schema={"user": pl.String, "item": pl.String}))


def test_a_side_table_without_an_id_is_refused(tmp_path):
    events = pl.DataFrame({"user": ["a"], "item": ["x"]})
    with pytest.raises(
        DataError, match=r"the items table has no column for 'item'; found colour: rename its id column"
    ):
        read(events, items=pl.DataFrame({"colour": ["red"]}))
    with pytest.raises(DataError, match="rename its id column to user, or to customer, as in the events"):
        read(pl.DataFrame({"customer": ["a"], "item": ["x"]}), users=pl.DataFrame({"age": [40]}))
    with pytest.raises(DataError, match="the table of items 'goods' is no file; give the path of one, or with --data"):
        read(events, items="goods")
    (tmp_path / "shop.db").write_bytes(b"SQLite format 3\x00" + bytes(99))
    for given in ({"path": tmp_path / "shop.db"}, {"path": events, "items": tmp_path / "shop.db"}):
        with pytest.raises(
            DataError, match="shop.db is a database; give it as --database sqlite:////.*shop.db, events"
        ):
            read(**given)


@pytest.mark.parametrize("n", [1, 50_000])
def test_one_user_with_very_many_events(n):
    frame = pl.DataFrame({"user": ["u"] * n, "item": [str(i % 7) for i in range(n)], "time": np.arange(n)[::-1]})
    dataset = read(frame)
    assert dataset.histories.lengths.tolist() == [n]
    assert (np.diff(dataset.histories.times) >= 0).all()


def test_quotes_separators_and_line_breaks_inside_fields(tmp_path):
    (tmp_path / "a.csv").write_bytes(b'user,item,title\r\nu,"x,1","a ""b""\r\nc"\r\nv,y,"d;e"\r\n')
    dataset = read(tmp_path / "a.csv")
    assert list(dataset.catalogue.ids) == ["x,1", "y"]
    assert dataset.catalogue.columns["title"].tolist() == ['a "b"\r\nc', "d;e"]


class Thing:
    def __str__(self) -> str:
        return "a thing"


@pytest.mark.parametrize(
    ("column", "written"),
    [
        (pl.Series([b"\x00\xff", b"x", None], dtype=pl.Binary), "b'x'"),
        (pl.Series([[b"\x00"], [b"x"], None], dtype=pl.List(pl.Binary)), "[b'x']"),
        (pl.Series([Thing(), Thing(), None], dtype=pl.Object), "a thing"),
        (pl.Series(["p", "x", None], dtype=pl.Categorical), "x"),
    ],
)
def test_a_bad_row_is_kept_whatever_its_columns_hold(column: pl.Series, written: str, tmp_path: Path) -> None:
    frame = pl.DataFrame({"user": ["a", None, "b"], "item": ["x", "y", "z"], "extra": column})
    assert read(frame).histories.n_events == 2
    taken = ingest(frame, tmp_path / "w")
    assert (taken.events, taken.reasons) == (2, {"no user": 1})
    kept = json.loads(Snapshot.load(tmp_path / "w").quarantine()["text"][0])
    assert str(kept["extra"]) == written


@pytest.mark.parametrize("kind", ["categorical", "enum", "arrow dictionary", "pandas"])
def test_categories_are_text_in_any_role(kind: str) -> None:
    plain = pl.DataFrame({"user": ["a", "b", "a"], "item": ["x", "y", "z"], "time": ["2020-01-01", "2020-01-03", "7"],
                          "kind": ["view", "buy", "view"], "value": ["1", "2", "3"],
                          "consent": ["train", None, "none"]})  # fmt: skip
    if kind == "enum":
        frame = plain.select(column.cast(pl.Enum(column.drop_nulls().unique())) for column in plain)
    else:
        frame = plain.cast(pl.Categorical)
    given = frame.to_arrow() if kind == "arrow dictionary" else frame.to_pandas() if kind == "pandas" else frame
    assert read(given).digest == read(plain).digest
    assert read(given).report == read(plain).report
    side = pl.DataFrame({"item": ["x"], "price": ["2.5"]}).cast(pl.Categorical)
    assert read(plain, items=side).catalogue.columns["price"].tolist()[:1] == [2.5]


def test_a_period_is_no_time() -> None:
    frame = pd.DataFrame({"user": ["a"], "item": ["x"], "time": pd.PeriodIndex(["2020-01"], freq="M")})
    with pytest.raises(DataError, match=r"taken for 'time' and holds .*pandas.period.*, which is not a time; convert "
                       r"it, in pandas with .dt.to_timestamp\(\), or name another with map="):  # fmt: skip
        read(frame)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"user": "c", "item": "z", "deep": ' + "[" * 3_000 + "]" * 3_000 + "}", "nested too deep"),
        ('{"user": "c", "item": "z", "deep": ' + "[" * 900 + "]" * 900 + ', "value": "?"}', "nested too deep"),
        ('{"user": "c", "item": "\\ud800"}', "half a character"),
        ('{"user": "c", "item": "a\\uDE00"}', "half a character"),
    ],
)
def test_a_line_of_json_that_cannot_be_read_costs_itself(place: int, line: str, reason: str, tmp_path: Path) -> None:
    lines = ['{"user": "a", "item": "x", "value": 1}', '{"user": "b", "item": "\\ud83d\\ude00", "value": 2}']
    (tmp_path / "a.jsonl").write_text("\n".join([*lines[:place], line, *lines[place:], ""]))
    dataset = read(tmp_path / "a.jsonl")
    assert [report.name for report in dataset.report] == [reason]
    assert list(dataset.catalogue.ids) == ["x", "😀"]

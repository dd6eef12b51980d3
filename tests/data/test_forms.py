"""Other libraries' and small shops' forms: the same events whatever they arrive in."""

import datetime
import gzip
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from zhiyin.core.errors import DataError
from zhiyin.data.dataset import Dataset
from zhiyin.data.ingest import ingest
from zhiyin.data.reading import read
from zhiyin.data.snapshots import Snapshot
from zhiyin.data.splits import split


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def histories(dataset: Dataset) -> list[list[str]]:
    offsets = dataset.histories.offsets[1:-1]
    return [dataset.catalogue.ids.take(part) for part in np.split(dataset.histories.items, offsets)]


def recbole(folder: Path) -> Path:
    folder.mkdir()
    inter = "user_id:token\titem_id:token\trating:float\ttimestamp:float\tdwell_s:float\n"
    rows = (
        "196\t242\t3\t881250949\t1.5\n186\t302\t3.5\t891717742.0\t\n196\t51\tx\t881250950\t2\n\t51\t1\t881250950\t2\n"
    )
    written(folder, "ml.inter", inter + rows)
    titles = 'Amélie: 5" (2001)\tComedy  Romance\t3.95\t0.5 -1\n51\t\t\tx\t\n'
    header = "item_id:token\tmovie_title:token_seq\tclass:token_seq\tprice:float\tvector:float_seq\n"
    written(folder, "ml.item", header + "242\t" + titles)
    written(folder, "ml.user", "user_id:token\tage:float\tzip:token\n196\t49\t07072\n")
    return folder


def test_a_folder_of_recbole_files_is_events_items_and_people(tmp_path):
    dataset = read(recbole(tmp_path / "ml"))
    assert list(dataset.users) == ["196", "186"]
    assert [(report.name, report.rows) for report in dataset.report] == [("no user", 1), ("value cannot be read", 1)]
    events = dataset.histories
    assert events.times.tolist() == [881250949, 891717742]
    np.testing.assert_array_equal(events.values, np.float32([3, 3.5]))
    np.testing.assert_array_equal(events.context["dwell_s"], [1.5, np.nan])
    assert dataset.kinds[events.kinds[0]] == "rating"
    assert list(dataset.catalogue.ids) == ["242", "51", "302"]
    columns = dataset.catalogue.columns
    assert columns["title"].tolist() == ['Amélie: 5" (2001)', None, None]
    assert columns["class"].tolist() == [["Comedy", "Romance"], None, None]
    assert columns["vector"].tolist() == [[0.5, -1.0], None, None]
    np.testing.assert_array_equal(dataset.people["age"], [49, np.nan])
    assert dataset.people["zip"].tolist() == ["07072", None]


def test_recbole_files_keep_lines_and_reasons_in_quarantine(tmp_path):
    ingest(recbole(tmp_path / "ml") / "ml.inter", tmp_path / "w")
    aside = Snapshot.load(tmp_path / "w").quarantine()
    assert aside.select("file", "line", "reason").rows() == [
        ("ml.inter", 4, "value cannot be read"), ("ml.inter", 5, "no user"),
    ]  # fmt: skip


def test_a_header_without_types_is_a_plain_table_whatever_its_ending(tmp_path):
    path = written(tmp_path, "log.inter", "user_id\titem_id\na:token\tx\n")
    assert list(read(path).users) == ["a:token"]


def test_a_recbole_set_that_was_split_beforehand_keeps_its_split(tmp_path):
    for part, rows in {"train": "a\tx\nb\tx\n", "valid": "a\ty\nb\ty\n", "test": "a\tz\nb\tz\n"}.items():
        written(tmp_path, f"ml.{part}.inter", "user_id:token\titem_id:token\n" + rows)
    written(tmp_path, "ml.inter", "user_id:token\titem_id:token\na\tx\n")
    dataset = read(tmp_path)
    assert "not read: ml.inter" in str(dataset.guess)
    found = split(dataset, "given")
    assert sorted(found.train.catalogue.ids.take(found.train.histories.items)) == ["x", "x"]
    assert sorted(found.refit.catalogue.ids.take(found.refit.histories.items)) == ["x", "x", "y", "y"]


@pytest.mark.slow
def test_recbole_files_of_a_real_set_give_the_dataset_of_the_set(tmp_path, data_folder):
    """MovieLens 100K as RecBole has it, written from the raw files."""
    source = data_folder / "ml-100k"
    events = pl.read_parquet(source / "interactions.parquet").select("user", "item", "value", "timestamp")
    names = ["user_id:token", "item_id:token", "rating:float", "timestamp:float"]
    events.rename(dict(zip(events.columns, names, strict=True))).write_csv(tmp_path / "ml-100k.inter", separator="\t")
    items = pl.read_parquet(source / "items.parquet").select("item", "title", "genres")
    flat = items.with_columns(pl.col("genres").list.join(" "))
    flat.rename({"item": "item_id:token", "title": "movie_title:token_seq", "genres": "genres:token_seq"}).write_csv(
        tmp_path / "ml-100k.item", separator="\t"
    )
    ours, theirs = read(events.rename({"value": "rating"}), items=items), read(tmp_path)
    assert theirs.digest == ours.digest


def test_a_person_a_line(tmp_path):
    path = written(tmp_path, "Beauty.txt", "1 1 2 3\n2 6  1\n\n3\n4 2 9 2 \r\n")
    dataset = read(path)
    assert list(dataset.users) == ["1", "2", "4"]
    assert histories(dataset) == [
        ["1", "2", "3"], ["6", "1"], ["2", "9", "2"],
    ]  # fmt: skip
    assert dataset.order == "position"
    ingest(path, tmp_path / "w")
    assert Snapshot.load(tmp_path / "w").quarantine().select("line", "reason").rows() == [(4, "no item")]


def test_an_event_a_line_is_the_same_form(tmp_path):
    path = written(tmp_path, "ml.txt", "1 9\n2 7\n1 3\n1 9\n")
    dataset = read(path)
    assert histories(dataset) == [
        ["9", "3", "9"], ["7"],
    ]  # fmt: skip


def test_texts_are_people_and_items_only_where_the_name_of_the_file_says_so(tmp_path):
    prose = "what this is\na text of some kind, and no log\n"
    with pytest.raises(DataError, match="no column for 'user'"):
        read(written(tmp_path, "README.txt", prose))
    dataset = read(written(tmp_path, "sequences.txt", "ann milk bread\nbob milk 5%off\n"))
    assert list(dataset.catalogue.ids) == ["milk", "bread", "5%off"]


def test_a_table_of_numbers_is_not_taken_for_people(tmp_path):
    text = "196 242 3 881250949\n186 302 3 891717742\n"
    with pytest.raises(DataError, match="u.txt has 4 numbers on every line and no header: is it a table, or people"):
        read(written(tmp_path, "u.txt", text))
    assert read(written(tmp_path, "u_sequences.txt", text)).histories.n_events == 6


@pytest.mark.slow
def test_the_sequences_of_s3_rec_are_those_of_the_table(data_folder):
    folder = data_folder / "amazon-beauty"
    ids = dict(pl.read_parquet(folder / "items.parquet").select(pl.col("s3rec_id").cast(pl.String), "item").iter_rows())
    raw, table = read(folder / "raw/Beauty.txt"), read(folder)
    assert sorted([ids[item] for item in row] for row in histories(raw)) == sorted(histories(table))


TABLE = "用户,商品,标题\n甲,x,蓝色杯子\n乙,y,红色盘子\n"
WESTERN = "user,item,title\nann,café,Tête-à-tête\nbob,y,“naïve” – 5 €\n"


@pytest.mark.parametrize(
    ("text", "encoding", "told"),
    [
        (TABLE, "utf-8", ""), (TABLE, "gb18030", "gb18030"), (TABLE, "utf-16", "utf-16"), (WESTERN, "utf-8", ""),
        (WESTERN, "windows-1252", "windows-1252"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_the_encoding_of_text_is_told_and_said(tmp_path, text, encoding, told, ending):
    raw = text.encode(encoding)
    path = written(tmp_path, f"a.{ending}", gzip.compress(raw) if ending == "csv.gz" else raw)
    dataset = read(path)
    assert dataset.digest == read(written(tmp_path, "b.csv", text)).digest
    said = (f"a.{ending} is read as {told}, told from its bytes; say otherwise with --encoding",) if told else ()
    assert dataset.guess.notes == said
    assert read(path, encoding=encoding).guess.notes == ()


def test_a_broken_character_in_one_row_is_no_other_encoding(tmp_path):
    path = written(tmp_path, "a.csv", "user,item\nann,汉字\n".encode() + b"bob,\xff\xfe\ncid,\xb0\n")
    assert [(report.name, report.rows) for report in read(path).report] == [("item is broken UTF-8", 2)]


def test_an_encoding_said_counts_for_tables_of_items_and_leaves_no_copy_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "copies"))
    (tmp_path / "copies").mkdir()
    events = written(tmp_path, "events.csv", "user,item\na,x\n".encode("utf-16-le"))
    items = written(tmp_path, "items.csv", "item,title\nx,Tête\n".encode("utf-16-le"))
    dataset = read(events, items=items, encoding="utf-16-le")
    assert dataset.catalogue.columns["title"].tolist() == ["Tête"]
    assert not list((tmp_path / "copies").iterdir())
    with pytest.raises(DataError, match="begins with .* is of no known form"):
        read(written(tmp_path, "c.csv", b"\0\1"), encoding="windows-1252")
    assert not list((tmp_path / "copies").iterdir())


@pytest.mark.parametrize("encoding", ["klingon", "hex", "rot13", ""])
def test_an_encoding_that_is_none_is_refused(tmp_path, encoding):
    with pytest.raises(DataError, match=f"'{encoding}' is no text encoding; give one such as utf-8, utf-16"):
        read(written(tmp_path, "a.csv", "user,item\na,x\n"), encoding=encoding)


@pytest.mark.parametrize(
    ("cell", "form", "moment"),
    [
        ("02/03/2011", "%m/%d/%Y", (2011, 2, 3)), ("02/03/2011", "%d/%m/%Y", (2011, 3, 2)),
        ("20110302", "%Y%m%d", (2011, 3, 2)), ("3.2.11 04:00 PM", "%m.%d.%y %I:%M %p", (2011, 3, 2, 16)),
        ("2011-03-02 01:00 +0100", "%Y-%m-%d %H:%M %z", (2011, 3, 2)),
    ],
)  # fmt: skip
def test_a_time_format_said_goes_before_the_guess(tmp_path, cell, form, moment):
    path = written(tmp_path, "a.csv", f"user,item,time\na,x,{cell}\nb,y,never\n")
    dataset = read(path, time_format=form)
    assert dataset.histories.times.tolist() == [datetime.datetime(*moment, tzinfo=datetime.UTC).timestamp()]
    assert [report.name for report in dataset.report] == ["time cannot be read"]
    if cell.isdecimal():
        frame = pl.DataFrame({"user": ["a"], "item": ["x"], "time": [int(cell)]})
        assert read(frame, time_format=form).histories.times.tolist() == dataset.histories.times.tolist()


def test_rows_that_a_time_format_does_not_fit_are_guessed_but_day_and_month_stay_where_it_says(tmp_path):
    rows = ["02/03/2011", "2011-02-04", "25/12/2011", "2/5/2011 04:00", "6.2.11"]
    path = written(tmp_path, "a.csv", "user,item,time\n" + "".join(f"a,{i},{cell}\n" for i, cell in enumerate(rows)))
    dataset = read(path, time_format="%m/%d/%Y")
    days = [datetime.datetime.fromtimestamp(t, datetime.UTC).day for t in dataset.histories.times]
    assert days == [3, 4, 5, 6]
    assert [report.name for report in dataset.report] == ["time cannot be read"]


@pytest.mark.parametrize("form", ["%d.%m.%Y", "%Q", "soon"])
def test_a_time_format_that_reads_nothing_is_refused(tmp_path, form):
    path = written(tmp_path, "a.csv", "user,item,time\na,x,2011-03-02\n")
    with pytest.raises(DataError, match=f"time format '{form}' reads none of the first times, such as '2011-03-02'"):
        read(path, time_format=form)


def test_a_time_format_without_a_time_says_so(tmp_path):
    with pytest.raises(DataError, match="format '%d' was given, and no column is taken for the time; name it, --map"):
        read(written(tmp_path, "a.csv", "user,item\na,x\n"), time_format="%d")


PEOPLE = pl.DataFrame(
    {"user": ["a", "b", "c", "d"], "items": [[17, 3, 17], [], [5], [1, 2]], "times": [[30, 20, 10], [], [5], [1]],
     "tags": [["q"], ["r", "s"], [], []]}
)  # fmt: skip


@pytest.mark.parametrize("ending", ["jsonl", "parquet", "frame"])
def test_a_row_a_person_with_a_list_of_items(tmp_path, ending):
    path = tmp_path / f"log.{ending}"
    if ending != "frame":
        (PEOPLE.write_ndjson if ending == "jsonl" else PEOPLE.write_parquet)(path)
    source = PEOPLE if ending == "frame" else path
    dataset = read(source)
    assert (list(dataset.users), histories(dataset)) == (["a", "c"], [["17", "3", "17"], ["5"]])
    assert dataset.histories.times.tolist() == [10, 20, 30, 5]
    assert [(report.name, report.rows) for report in dataset.report] == [
        ("lists of different length", 1),
        ("no item", 1),
    ]
    assert dataset.histories.context["tags"].tolist() == [["q"]] * 3 + [[]]
    ingest(source, tmp_path / "w")
    assert Snapshot.load(tmp_path / "w").events()["item"].to_list() == ["17", "3", "17", "5"]
    if ending == "jsonl":
        assert Snapshot.load(tmp_path / "w").quarantine()["line"].to_list() == [2, 4]
    plain = Dataset.from_frame(PEOPLE.drop("times").rename({"items": "history"}))
    assert histories(plain) == [["17", "3", "17"], ["5"], ["1", "2"]]


def test_lists_beside_single_items_are_what_came_before():
    frame = pl.DataFrame({"user_id": ["a"], "item_id_list": [["x", "y"]], "item_id": ["z"]})
    assert histories(read(frame)) == [["z"]]


def test_random_bytes_called_npz_are_no_matrix_and_nobody_is_told_to_unpickle(tmp_path: Path):
    (tmp_path / "m.npz").write_bytes(bytes(range(256)) * 8)
    with pytest.raises(DataError, match=r"^m\.npz is no sparse matrix; write it with scipy\.sparse\.save_npz"):
        read(tmp_path / "m.npz")


@pytest.mark.parametrize("cells", ["45292,45292.5,45293", '"45292","45292.5","45293"'])
def test_days_as_spreadsheets_count_them_are_dates(tmp_path: Path, cells: str):
    rows = "".join(f"u,i{n},{cell}\n" for n, cell in enumerate(cells.split(",")))
    dataset = read(written(tmp_path, "log.csv", "user,item,time\n" + rows))
    noon = int(datetime.datetime(2024, 1, 1, 12, tzinfo=datetime.UTC).timestamp())
    assert dataset.histories.times.tolist() == [noon - 43_200, noon, noon + 43_200]
    assert any("in days since 1900, as spreadsheets count" in note for note in dataset.guess.notes)


def test_small_numbers_of_every_size_stay_seconds(tmp_path: Path):
    for rows, wanted in (("u,a,29000.5\nu,b,45292\n", [29_000, 45_292]), ("u,a,45291\nu,b,45292\n", [45_291, 45_292])):
        assert read(written(tmp_path, "log.csv", f"user,item,time\n{rows}")).histories.times.tolist() == wanted

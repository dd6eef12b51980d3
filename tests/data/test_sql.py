"""A shop's database: what is read, what is said when it fails, and that nothing is half-written and no secret shown."""

import datetime
import re
import sqlite3
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from zhiyin.core.errors import DataError, ServiceError
from zhiyin.data import ingest as ingesting
from zhiyin.data import log, sql
from zhiyin.data.ingest import ingest
from zhiyin.data.reading import read
from zhiyin.data.snapshots import Snapshot
from zhiyin.data.sql import Query, _column

ROWS = [("ann", "85123A", "2011-03-02 10:00:00", 6, 2.5), (17850, 22752, "2011-03-02 10:30:00", 1, 7),
        (None, "22752", "2011-03-02 11:00:00", 1, 7.0), ("汉 'x'", "a/b", "2011-03-03", 2, None)]  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> str:
    """SQLite, where each cell chooses its type."""
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute('CREATE TABLE "order lines" (customer, product, date, quantity, price)')
        database.executemany('INSERT INTO "order lines" VALUES (?, ?, ?, ?, ?)', ROWS)
        database.execute("CREATE TABLE goods (id TEXT, title TEXT)")
        database.execute("INSERT INTO goods VALUES ('never', 'N'), ('22752', 'Blue mug')")
    database.close()
    return f"sqlite:///{tmp_path / 'shop.db'}"


def test_a_table_and_a_query_give_the_events_and_the_items(shop, tmp_path):
    dataset = read(Query(shop, table="order lines"), items=Query(shop, table="goods"))
    assert list(dataset.users) == ["ann", "17850", "汉 'x'"]
    assert list(dataset.catalogue.ids) == ["never", "22752", "85123A", "a/b"]
    assert dataset.catalogue.columns["title"].tolist() == ["N", "Blue mug", None, None]
    assert dataset.histories.values.tolist() == [6, 1, 2]
    moments = [datetime.datetime(2011, 3, 2, 10), datetime.datetime(2011, 3, 2, 10, 30), datetime.datetime(2011, 3, 3)]
    assert dataset.histories.times.tolist() == [m.replace(tzinfo=datetime.UTC).timestamp() for m in moments]
    assert [report.sentence.en for report in dataset.report] == ["1 lines have no customer: left out"]
    query = "SELECT customer, product FROM \"order lines\" WHERE date < '2011-03-02 10:15:00' AND product LIKE '%A'"
    query += " AND product <> ':no'"
    taken = ingest(Query(shop, sql=query), tmp_path / "w")
    assert Snapshot.load(tmp_path / "w").events().select("user", "item").rows() == [("ann", "85123A")]
    assert taken.events == 1


def test_batches_make_no_difference(shop, tmp_path, monkeypatch):
    query = Query(shop, table="order lines")
    ingest(query, tmp_path / "whole")
    monkeypatch.setattr(ingesting, "BATCH", 1)
    ingest(query, tmp_path / "parts")
    whole, parts = Snapshot.load(tmp_path / "whole"), Snapshot.load(tmp_path / "parts")
    assert len(list((parts.folder / "events").iterdir())) == 3
    assert parts.events().equals(whole.events())
    assert parts.quarantine().select("line", "reason").rows() == [(3, "no user")]
    assert parts.facts["sources"] == [f"order lines of {shop}"]


@pytest.mark.parametrize("answers", [True, False])
def test_a_failure_in_the_middle_leaves_nothing_half_written(shop, tmp_path, monkeypatch, answers):
    """A cell that cannot be computed, and the same as if the database had gone away."""
    first = ingest(Query(shop, table="order lines"), tmp_path / "w")
    monkeypatch.setattr(ingesting, "BATCH", 1)
    monkeypatch.setattr(log, "SAMPLE", 1)
    if not answers:
        monkeypatch.setattr(sql, "_knows", lambda connection: False)
    least = -(2**63)
    query = f'SELECT customer, product, abs(CASE WHEN rowid = 3 THEN {least} ELSE 1 END) AS n FROM "order lines"'  # noqa: S608
    words = (
        r"a query of sqlite:////.*shop.db cannot be read after [12] rows, of which none is kept \(integer overflow\)"
    )
    todo = "mend the query" if answers else "run it again"
    with pytest.raises((DataError, ServiceError), match=f"{words}; {todo}") as caught:
        ingest(Query(shop, sql=query), tmp_path / "w")
    assert caught.value.exit_code == (2 if answers else 3)
    assert Snapshot.load(tmp_path / "w").digest == first.snapshot
    assert [folder.name for folder in (tmp_path / "w/data/snapshots").iterdir()] == [first.snapshot]


def test_what_cannot_be_answered_names_the_tables(shop):
    with pytest.raises(DataError, match=r"no such table: orders\); mend the query; the tables are: goods, order lines"):
        read(Query(shop, table="orders"))
    with pytest.raises(DataError, match=r"a query of .* cannot be read \(near \"FRM\": syntax error\); mend the query"):
        read(Query(shop, sql="SELECT * FRM goods"))
    with pytest.raises(DataError, match="has column 'product' 2 times; rename all but one with AS"):
        read(Query(shop, sql='SELECT customer, product, product FROM "order lines"'))
    with pytest.raises(DataError, match="has no row, its header is: customer, product; give a file with at least one"):
        read(Query(shop, sql='SELECT customer, product FROM "order lines" WHERE 0'))


WRITING = (
    "DROP TABLE goods", "CREATE TABLE hacked (a INT)", 'DELETE FROM "order lines"', "PRAGMA user_version = 7",
    "VACUUM INTO 'copy.db'", "ATTACH 'other.db' AS other", "SELCT 1", "", "-- SELECT\nDROP TABLE goods",
)  # fmt: skip


@pytest.mark.parametrize("statement", WRITING)
def test_only_a_select_is_asked(shop, statement):
    with pytest.raises(DataError, match="only a SELECT is asked of a database, found .*; nothing was run"):
        read(Query(shop, sql=statement))


def test_nothing_in_the_database_is_changed(shop, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = (tmp_path / "shop.db").read_bytes()
    for statement in (*WRITING, 'WITH one AS (SELECT 1) DELETE FROM "order lines"'):
        monkeypatch.setattr("zhiyin.data.sql.READING", re.compile(""))  # the database itself refuses
        with pytest.raises((DataError, ServiceError)):
            read(Query(shop, sql=statement))
    assert (tmp_path / "shop.db").read_bytes() == before
    assert not {"copy.db", "other.db"} & {path.name for path in tmp_path.iterdir()}
    everything = '/* all */ WITH lines AS (SELECT * FROM "order lines") SELECT * FROM lines'
    assert read(Query(shop, sql=everything)).histories.n_events == 3
    with pytest.raises(DataError, match="the database .*other.db does not exist; give the path of its file"):
        read(Query(f"sqlite:///file:{tmp_path}/other.db?uri=true", table="orders"))
    with pytest.raises(DataError, match="the database .*other.db does not exist; give the path of its file"):
        read(Query(f"sqlite:///{tmp_path}/other.db", table="orders"))
    assert not (tmp_path / "other.db").exists()


def test_a_database_that_does_not_answer_is_exit_code_3(tmp_path):
    with pytest.raises(
        ServiceError, match=r"the database sqlite:////.* does not answer \(unable to open database file\)"
    ):
        read(Query(f"sqlite:///{tmp_path}", table="orders"))


PASSWORD = "s3cr3t/wörd"  # noqa: S105
WRITTEN = "s3cr3t%2Fw%C3%B6rd"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("no url at all " + PASSWORD, "the address of the database cannot be read; write it like sqlite:///shop.db or"),
        (f"klingon://ann:{PASSWORD}@host/shop", "of the database cannot be read|no database is called"),
        (f"klingon://ann:{WRITTEN}@host/shop", "no database is called 'klingon'; write its address like"),
        (f"mysql://ann:{WRITTEN}@host/shop", r"mysql://host/shop needs the package MySQLdb; install it: pip"),
        (f"sqlite://?timeout={PASSWORD}", "a setting in the address of sqlite:///, behind the question mark, is none"),
        (f"sqlite://?password={PASSWORD}", "a setting in the address of sqlite:///, behind the question mark, is none"),
    ],
)  # fmt: skip
def test_addresses_that_do_not_work_are_explained_and_no_secret_is_shown(url, words):
    with pytest.raises((DataError, ServiceError), match=words) as caught:
        read(Query(url, table="orders"))
    said = f"{caught.value.message}{caught.value.found}{caught.value.do}{Query(url, table='orders')!r}"
    assert "s3cr3t" not in said
    assert caught.value.__cause__ is None


def test_secrets_stay_out_of_notes_and_snapshots(shop, tmp_path):
    taken = ingest(Query(f"{shop}?timeout=987654", table="order lines"), tmp_path / "w")
    files = [*(tmp_path / "w").rglob("*.json"), *(tmp_path / "w").rglob("current")]
    assert "987654" not in str(taken.guess) + "".join(file.read_text() for file in files)


def test_a_query_is_a_table_or_a_select():
    for given in ({}, {"table": "a", "sql": "SELECT 1"}):
        with pytest.raises(DataError, match=r"a query takes a table or a SELECT, found (neither|both); give one"):
            Query("sqlite://", **given)


def test_cells_of_any_type_become_a_column() -> None:
    zoned = datetime.datetime(2011, 3, 2, 10, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))
    cells = {
        "mixed": ([1, "a", None], ["1", "a", None]), "large": ([2**140, None, 1], [str(2**140), None, "1"]),
        "numbers": ([1, 2.5, None], [1, 2.5, None]), "none": ([None, None, None], [None, None, None]),
        "json": ([{"a": "é"}, [1], None], ['{"a": "é"}', "[1]", None]),
        "exact": ([Decimal("17850"), None, Decimal("2")], [Decimal("17850"), None, Decimal("2")]),
        "moment": ([zoned, None, None], [datetime.datetime(2011, 3, 2, 2), None, None]),
    }  # fmt: skip
    for name, (given, column) in cells.items():
        assert _column(name, given).to_list() == column, name
    exact = pl.DataFrame({"user": _column("user", [Decimal("17850")]), "item": ["x"]})
    assert list(read(exact).users) == ["17850"]

"""``zhiyin ingest`` with what a file does not tell, from a database, and twice."""

import json
import re
import shlex
import sqlite3
from pathlib import Path

import pytest

from zhiyin.cli import app
from zhiyin.data.snapshots import Snapshot

PASSWORD = "s3cr3t"  # noqa: S105


def zhiyin(*arguments: object) -> int:
    return app.main([str(argument) for argument in arguments])


@pytest.fixture
def shop(tmp_path: Path) -> str:
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("CREATE TABLE orders (customer, product)")
        database.executemany("INSERT INTO orders VALUES (?, ?)", [("ann", "x"), ("bob", "y"), (None, "y")])
    database.close()
    return f"sqlite:///{tmp_path / 'shop.db'}"


def test_a_table_and_a_select_of_a_database(shop, tmp_path, capsys, monkeypatch):
    assert zhiyin("ingest", "--database", shop, "--table", "orders", "-w", tmp_path / "w", "--json") == 0
    assert json.loads(capsys.readouterr().out)["events"] == 2
    monkeypatch.setenv("ZHIYIN_DATABASE", shop)
    sql = "SELECT customer, product FROM orders WHERE product = 'x'"
    assert zhiyin("ingest", "--sql", sql, "-w", tmp_path / "v", "--json") == 0
    assert json.loads(capsys.readouterr().out)["events"] == 1
    (tmp_path / "a.csv").write_text("user,item\na,x\n")
    assert zhiyin("ingest", tmp_path / "a.csv", "-w", tmp_path / "u") == 0  # the variable alone is no wish


def test_items_and_people_are_tables_of_the_same_database_or_files(shop, tmp_path, capsys):
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("CREATE TABLE goods (code, title)")
        database.executemany("INSERT INTO goods VALUES (?, ?)", [("y", "Y"), ("x", "X"), ("z", "Z")])
    database.close()
    (tmp_path / "people.csv").write_text("customer,town\nann,Ulm\n")
    select = "SELECT code AS product, title FROM goods WHERE code < 'z' AND title IS NOT NULL" + " AND 1 = 1" * 30
    for items, n in (("goods", 3), (select, 2)):
        arguments = ["--database", shop, "--table", "orders", "--items", items, "--users", tmp_path / "people.csv"]
        assert zhiyin("ingest", *arguments, "-w", tmp_path / "w", "--json") == 0
        assert json.loads(capsys.readouterr().out)["items"] == n
        snapshot = Snapshot.load(tmp_path / "w")
        assert snapshot.items().rows()[:2] == [("y", "Y"), ("x", "X")]
        assert snapshot.users().rows() == [("ann", "Ulm"), ("bob", None)]
    (tmp_path / "a.csv").write_text("user,item\na,x\n")
    assert zhiyin("ingest", tmp_path / "a.csv", "--database", shop, "--items", "goods", "-w", tmp_path / "v") == 0
    assert zhiyin("ingest", tmp_path / "a.csv", "--database", shop, "--items", "good", "-w", tmp_path / "v") == 2
    assert "no such table: good); mend the query; the tables are: goods, orders" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--database", "{shop}", "--table", "order"], 2, "no such table: order); mend the query; the tables are:"),
        (["--database", "sqlite:///{folder}", "--table", "orders"], 3, "does not answer (unable to open"),
        (["--database", "mysql://ann:s3cr3t@host/shop", "--table", "orders"], 2, "needs the package MySQLdb; install"),
        (["--table", "orders"], 2, "read from a database, found no database; give --database sqlite:///shop.db"),
        (["{folder}/a.csv", "--database", "{shop}", "--table", "orders"], 2, "read from a database, found the file"),
        (["--database", "{shop}", "--table", "a", "--sql", "b"], 2, "takes a table or a SELECT, found both"),
        (["{folder}/a.csv", "--sheet", "Orders"], 2, "sheet 'Orders' was asked for, and a.csv is no workbook"),
        (["{folder}/a.csv", "--encoding", "klingon"], 2, "'klingon' is no text encoding; give one such as utf-8"),
        (["{folder}/a.csv", "--time-format", "%Y"], 2, "and no column is taken for the time; name it, --map time="),
        ([], 2, "no file was named, and [data] sources of the recipe is empty; name a file or a folder, or give"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_sentence_and_an_exit_code(shop, tmp_path, capsys, arguments, code, words):
    (tmp_path / "a.csv").write_text("user,item\na,x\n")
    filled = [argument.format(shop=shop, folder=tmp_path) for argument in arguments]
    assert zhiyin("ingest", *filled, "-w", tmp_path / "w") == code
    said = capsys.readouterr()
    assert words in said.err
    assert PASSWORD not in said.err + said.out
    assert not (tmp_path / "w" / "data" / "current").exists()


def test_what_was_told_is_printed_and_what_is_said_goes_before(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_bytes("用户,商品,时间\n甲,杯子,02/03/2011\n乙,盘子,03/03/2011\n".encode("gb18030"))
    assert zhiyin("ingest", path, "-w", tmp_path / "w", "--dry-run") == 0
    said = capsys.readouterr().err
    assert "time = 时间 (%d/%m/%Y)" in said
    assert "a.csv is read as gb18030, told from its bytes; say otherwise with --encoding" in said
    given = ["--encoding", "gb18030", "--time-format", "%m/%d/%Y"]
    assert zhiyin("ingest", path, "-w", tmp_path / "w", "--dry-run", *given) == 0
    said = capsys.readouterr().err
    assert "time = 时间 (%m/%d/%Y)" in said
    assert "told from its bytes" not in said


def test_notes_reasons_and_repeated_files_are_said_in_chinese(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("user,item,quantity\na,x,1\n,y,1\nnan,z,1\n")
    assert zhiyin("ingest", tmp_path / "a.csv", "-w", tmp_path / "w", "--lang", "zh") == 0
    said, noted = capsys.readouterr()
    assert "每个事件都是购买：由 quantity 列可知" in noted
    assert "says so" not in noted
    assert "没有用户" in said
    assert "用户为单词 'nan'，视为缺失" in said
    assert "no user" not in said
    assert zhiyin("ingest", tmp_path / "a.csv", "-w", tmp_path / "w", "--lang", "zh", "--append") == 0
    assert "a.csv 此前已导入（名为 a.csv）：未再导入" in capsys.readouterr().out


def test_the_hint_to_name_a_column_can_be_pasted_and_a_column_of_dates_is_the_time(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text('sold_at,"Customer, ref.",book\n2024-05-03,a,x\n2024-05-04,b,y\n')
    assert zhiyin("ingest", path, "-w", tmp_path / "w") == 2
    hint = re.search("for example (--map .*), in Python", capsys.readouterr().err)
    assert hint is not None
    assert hint[1] == '--map "user=Customer, ref."'
    assert zhiyin("ingest", path, "-w", tmp_path / "w", *shlex.split(hint[1]), "--dry-run") == 0
    assert "time = sold_at (%Y-%m-%d)" in capsys.readouterr().err
    both = ["--map", "user=Customer, ref.,item=book"]
    assert zhiyin("ingest", path, "-w", tmp_path / "w", *both, "--dry-run", "--json") == 0
    assert json.loads(capsys.readouterr().out)["events"] == 2

"""Every note of how a log was understood has its Chinese twin; names of columns and files stay as they are."""

import re
from pathlib import Path

import polars as pl
import pytest

from zhiyin.data.columns import guess
from zhiyin.data.ingest import ingest
from zhiyin.data.noted import note_said

CHINESE = re.compile(r"[一-鿿]")


def one(**cells: object) -> pl.DataFrame:
    return pl.DataFrame({name.replace("__", " "): [cell] for name, cell in cells.items()})


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (one(user="a", item="x", quantity=3), ["每个事件都是购买：由 quantity 列可知"]),
        (one(user="17850.0", item="x"), ["user 列写作 17850.0 的形式：读作 17850"]),
        (one(user="a", item="x", day="2024-05-03"), ["day 列视为时间，因为其内容是日期"]),
        (one(user="a", item="x", ankauf="2024-05-03", shipped="2024-05-04"),
         ["ankauf 列视为时间，因为其内容是日期；但 shipped 也可能是"]),
        (one(user="a", item="x", birth__date="2024-05-03"),
         ['没有时间列；birth date 像是日期：请指明哪一列是事件发生的时间，--map "time=birth date"']),
        (one(user="a", item="x", label=1, position=2),
         ["label 列中 1 为点击，0 为曝光；曝光不表示喜欢或不喜欢该商品",
          "position 列视为页面上的位置，作为上下文保留"]),
        (one(user="nan", session="s", item="x"), ["user 列大多为空", "没有用户列：每个会话视为一位用户",
          "session 列视为用户，但 user 也可能是；若不对，请用 --map user=user"]),
        (one(user_feature_0=1, item="x"), ["没有用户列：特征相同的人视为同一位用户"]),
        (one(user="a", item="x", time=1_500_000_000_000), ["time 列以毫秒为单位：换算为秒"]),
        (one(user="a", item="x", time=44_000.5), ["time 列是电子表格自 1900 年起的天数：读作日期"]),
        (one(user="a", item="x", date="01/02/2020"), ["date 列可能是日/月或月/日：读作日/月"]),
        (one(user="a", item="x", rating=3, count=1),
         ["每个事件都是评分：由 rating 列可知",
          "rating 列视为数值，但 count 也可能是；若不对，请用 --map value=count"]),
    ],
    ids=lambda case: "" if isinstance(case, list) else ",".join(case.columns),
)  # fmt: skip
def test_notes_of_columns_in_chinese(frame: pl.DataFrame, said: list[str]) -> None:
    assert [note_said(note).zh for note in guess(frame).notes] == said


def test_notes_of_tables_and_files_in_chinese(tmp_path: Path) -> None:
    events, items, users = (tmp_path / name for name in ("events.csv", "goods.csv", "people.csv"))
    events.write_bytes("user,item,UnitPrice,time\na,咖,free,1500000000\na,茶,2,1500000000000\n".encode("gb18030"))
    items.write_text("id,price\n咖,3\n茶,ask\n,1\n咖,4\n")
    users.write_text("user,age\nz,3\n")
    notes = ingest(events, tmp_path / "w", items=items, users=users).guess.notes
    said = [note_said(note).zh for note in notes]
    assert "events.csv 按 gb18030 编码读取，由其字节判断；若不对，请用 --encoding" in said
    assert "time 列混用单位（1 行为秒，1 行为毫秒）：每行都换算为秒，单位由数值大小判断" in said
    assert "UnitPrice 列有 1 行不是可读的数：视为缺失" in said
    assert "商品表：price 列有 1 行不是可读的数：视为缺失" in said
    assert "商品表中 1 行没有商品标识：已去除" in said
    assert "商品表中 1 行重复了商品标识：各保留第一行" in said
    assert "用户表：最初的事件中没有一个用户出现在 user 列里" in said
    assert all(CHINESE.search(re.sub("[咖茶]", "", one)) for one in said)


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("a.xlsx: sheet 'Sales' is read, not read: Books, People; say otherwise with --sheet",
         "a.xlsx：读取工作表“Sales”，未读：Books, People；若不对，请用 --sheet"),
        ("a.xlsx: sheet 'Sales' is read, not read: Books", "a.xlsx：读取工作表“Sales”，未读：Books"),
        ("a.xlsx: the header is row 3; what stands above it is left out", "a.xlsx：表头在第 3 行；其上内容未读"),
        ("a.xlsx: rows 1 and 2 are the header together: A, B", "a.xlsx：第 1 行与第 2 行合为表头：A, B"),
        ("items: name is taken for the item, as the events' items stand in it",
         "商品表：name 列视为商品标识，因为事件中的商品都在其中"),
        ("events are read from log.csv; not read: more.txt", "事件读自 log.csv；未读：more.txt"),
        ("item numbers repeat in each shop: shop and item together are the id",
         "商品编号在每个 shop 中重复：shop 与商品编号合为标识"),
    ],
)  # fmt: skip
def test_notes_of_readers_in_chinese(note: str, said: str) -> None:
    assert note_said(note) == (note, said)


def test_what_a_plug_in_says_stays_as_it_is() -> None:
    assert note_said("read by moonlight: a.csv") == ("read by moonlight: a.csv", "read by moonlight: a.csv")

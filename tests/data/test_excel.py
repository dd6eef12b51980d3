"""Workbooks: what a small shop keeps its orders in."""

import datetime
import itertools
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import polars as pl
import pytest

from zhiyin.core.errors import DataError
from zhiyin.data.bundled import online_retail
from zhiyin.data.ingest import ingest
from zhiyin.data.readers.heading import heading
from zhiyin.data.reading import read
from zhiyin.data.snapshots import Snapshot
from zhiyin.data.sources import Sheet

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
EPOCH = datetime.datetime(1899, 12, 30)
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml."
SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def cell(value: Any) -> str:
    """Numbers as numbers, dates as days since 1899 in a date format, the rest as text."""
    if value is None:
        return "<c/>"
    if isinstance(value, datetime.datetime):
        return f'<c s="1"><v>{(value - EPOCH).total_seconds() / 86_400!r}</v></c>'
    if isinstance(value, int | float):
        return f"<c><v>{value!r}</v></c>"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def workbook(
    path: Path, sheets: Mapping[str, Iterable[Sequence[Any]]], merged: Mapping[str, Sequence[str]] | None = None
) -> Path:
    """A workbook of these sheets, its merged areas like ``A2:A4``: the least that is one by ECMA-376."""
    n = range(1, len(sheets) + 1)
    parts = "".join(f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{TYPES}worksheet+xml"/>' for i in n)
    names = "".join(f'<sheet name={quoteattr(name)} sheetId="{i}" r:id="rId{i}"/>' for i, name in enumerate(sheets, 1))
    link = '<Relationship Id="rId{}" Type="' + OFFICE + '/{}" Target="{}"/>'
    links = "".join(link.format(i, "worksheet", f"worksheets/sheet{i}.xml") for i in n)
    links += link.format(len(sheets) + 1, "styles", "styles.xml")
    files = {
        "[Content_Types].xml": f'<Types xmlns="{RELATIONS.replace("relationships", "content-types")}">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TYPES}sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{TYPES}styles+xml"/>{parts}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{RELATIONS}">{link.format(1, "officeDocument", "xl/workbook.xml")}'
        "</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{SPACE}" xmlns:r="{OFFICE}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELATIONS}">{links}</Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{SPACE}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="2"><xf/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, text in files.items():
            book.writestr(name, HEAD + text)
        for i, (name, rows) in zip(n, sheets.items(), strict=True):
            with book.open(f"xl/worksheets/sheet{i}.xml", "w") as sheet:
                sheet.write(f'{HEAD}<worksheet xmlns="{SPACE}"><sheetData>'.encode())
                for row in rows:
                    sheet.write(f"<row>{''.join(map(cell, row))}</row>".encode())
                areas = "".join(f'<mergeCell ref="{area}"/>' for area in (merged or {}).get(name, ()))
                cells = f'<mergeCells count="{areas.count("ref=")}">{areas}</mergeCells>' if areas else ""
                sheet.write(f"</sheetData>{cells}</worksheet>".encode())
    return path


DAY = datetime.datetime(2010, 12, 1, 8, 26)
HEADER = ["Invoice", "Customer ID", "Product", "Date", "Quantity"]


EVENTS = pl.DataFrame({"user": ["7"], "item": ["B1"]})


def retail(path: Path, rows: int | None = None) -> Path:
    """Online Retail as its authors gave it: one sheet, codes of digits and customers as numbers, real dates."""
    table = pl.read_parquet(online_retail()).head(rows or 1 << 30)

    def original(row: tuple[Any, ...]) -> list[Any]:
        cells = [int(v) if isinstance(v, str) and v.isdecimal() and not v.startswith("0") else v for v in row]
        return [cell.replace(tzinfo=None) if isinstance(cell, datetime.datetime) else cell for cell in cells]

    rows = itertools.chain([table.columns], map(original, table.iter_rows()))
    return workbook(path, {"Online Retail": rows})


def same(workbook: Path, table: pl.DataFrame) -> None:
    ours, theirs = read(workbook, fixes="shop"), read(table, fixes="shop")
    assert [report.rows for report in ours.report] == [report.rows for report in theirs.report]
    assert list(ours.users) == list(theirs.users)
    assert ours.catalogue.ids.digest == theirs.catalogue.ids.digest
    assert ours.catalogue.columns["title"].tolist() == theirs.catalogue.columns["title"].tolist()
    np.testing.assert_array_equal(ours.histories.times, theirs.histories.times)
    np.testing.assert_array_equal(ours.histories.values, theirs.histories.values)


def test_a_shop_s_workbook_gives_what_its_table_gives(tmp_path):
    same(retail(tmp_path / "shop.xlsx", 3_000), pl.read_parquet(online_retail()).head(3_000))


@pytest.mark.slow
def test_the_whole_of_online_retail_as_a_workbook(tmp_path):
    same(retail(tmp_path / "Online Retail.xlsx"), pl.read_parquet(online_retail()))


def test_dates_as_text_among_dates_and_rows_that_cannot_be_used_keep_their_number(tmp_path):
    rows = [HEADER, [1, 17850, "85123A", DAY, 6], [2, 17851, 22752, "2010-12-01 08:28", 2],
            [3, 17851, 22752, "soon", 1], [None] * 5, [4, None, 22752, DAY, 1]]  # fmt: skip
    ingest(workbook(tmp_path / "a.xlsx", {"Sheet1": rows}), tmp_path / "w")
    snapshot = Snapshot.load(tmp_path / "w")
    assert snapshot.events().select("user", "item", "time", "value").rows() == [
        ("17850", "85123A", 1_291_191_960, 6.0), ("17851", "22752", 1_291_192_080, 2.0),
    ]  # fmt: skip
    assert snapshot.quarantine().select("line", "reason").rows() == [(4, "time cannot be read"), (6, "no user")]


def test_cells_merged_over_rows_count_for_each_and_a_title_above_the_header_is_no_header(tmp_path):
    rows = [["Orders of 2010", None, None, None, None], [None] * 5, HEADER, [1, 17850, "A", DAY, 6],
            [None, None, "B", DAY, 1], [None, None, "C", DAY, 1], [2, 17851, "A", DAY, 2],
            ["Total", None, None, None, 10]]  # fmt: skip
    merged = ["A1:E1", "A4:A6", "B4:B6", "A8:D8"]
    path = workbook(tmp_path / "a.xlsx", {"Orders": rows}, {"Orders": merged})
    dataset = read(path)
    assert [report.sentence.en for report in dataset.report] == ["1 lines have no customer: left out"]
    assert np.diff(dataset.histories.offsets).tolist() == [3, 1]
    assert dataset.histories.context["session"].tolist() == ["1", "1", "1", "2"]
    assert "a.xlsx: the header is row 3; what stands above it is left out" in dataset.guess.notes


def test_of_two_sheets_one_is_read_and_named(tmp_path):
    sheets = {"Notes": [["made by Ann"]], "Orders & co": [HEADER, [1, 1, "A", DAY, 6]],
              "2011": [HEADER, [2, 2, "B", DAY, 1], [3, 2, "C", DAY, 1]]}  # fmt: skip
    path = workbook(tmp_path / "a.xlsx", sheets, {"2011": ["B2:B3"]})
    first, second = read(path), read(path, sheet="2011")
    assert (list(first.catalogue.ids), list(second.catalogue.ids)) == (["A"], ["B", "C"])
    said = "a.xlsx: sheet 'Orders & co' is read, not read: Notes, 2011; say otherwise with --sheet"
    assert said in first.guess.notes
    with pytest.raises(DataError, match="a.xlsx has no sheet '2012'; did you mean '2011'.* its sheets are: Notes"):
        read(path, sheet="2012")
    (tmp_path / "a.csv").write_text("user,item\na,x\n")
    with pytest.raises(DataError, match="sheet 'Orders' was asked for, and a.csv is no workbook; leave"):
        read(tmp_path / "a.csv", sheet="Orders")


def test_items_and_people_are_further_sheets_of_the_workbook(tmp_path):
    sheets = {"Sales": [HEADER, [1, 7, "B1", DAY, 6]], "Books": [["code", "title"], ["B1", "Dune"], ["B2", "Emma"]],
              "People": [["Customer ID", "town"], [7, "Ulm"]]}  # fmt: skip
    path = workbook(tmp_path / "a.xlsx", sheets)
    dataset = read(path, items="Books", users="People")
    assert list(dataset.catalogue.ids) == ["B1", "B2"]
    assert dataset.catalogue.columns["title"].tolist() == ["Dune", "Emma"]
    assert dataset.people["town"].tolist() == ["Ulm"]
    with pytest.raises(DataError, match="a.xlsx has no sheet 'Boks'; did you mean 'Books'"):
        read(path, items="Boks")
    with pytest.raises(DataError, match="the items are looked for in a.xlsx, where the events are; name their sheet"):
        read(path, items=path)
    notes = read(EVENTS, items=Sheet(path, "Books")).guess.notes
    assert not [note for note in notes if "sheet" in note]
    assert "a.xlsx: sheet 'Sales' is read, not read: Books, People" in read(EVENTS, items=path).guess.notes


@pytest.mark.parametrize("before", [0, 2])
def test_an_empty_margin_moves_no_merged_cell(tmp_path, before):
    rows = [[None] * 5, *([None] * before + row for row in [["user", "item"], ["a", "x"], [None, "y"]])]
    column = "ABC"[before]
    path = workbook(tmp_path / "a.xlsx", {"S": rows}, {"S": [f"{column}3:{column}4"]})
    dataset = read(path)
    assert (list(dataset.users), dataset.histories.n_events, dataset.report) == (["a"], 2, ())


def test_a_code_of_letters_far_below_numbers_is_read(tmp_path):
    """Types told from first rows would lose it."""
    rows = [["user", "item"], *([i % 7, 22752] for i in range(1_200)), [1, "85123A"]]
    assert list(read(workbook(tmp_path / "a.xlsx", {"S": rows})).catalogue.ids) == ["22752", "85123A"]


def test_full_rows_above_the_header_are_no_header(tmp_path):
    rows = [["printed", "by", "Ann"], ["2011", "4", "5"], ["user", "item", "note"], ["a", "x", "n"]]
    dataset = read(workbook(tmp_path / "a.xlsx", {"S": rows}))
    assert (list(dataset.users), list(dataset.catalogue.ids)) == (["a"], ["x"])


GROUPS = ["Sale", "Customer", None, "Book", None, "Money"]
UNDER = ["Date", "No", "Name", "Code", "Title", "Paid"]
SOLD = [[DAY, 7, "Ann", "B1", "Dune", 3.5], [DAY, 8, "Bob", "B2", "Emma", 4]]
ACROSS = ["B{0}:C{0}", "D{0}:E{0}"]


@pytest.mark.parametrize("above", [0, 2])
@pytest.mark.parametrize("groups", [GROUPS, ["Verkauf", "Kunde", None, "Buch", None, "Geld"]])
def test_a_header_in_two_rows_is_joined(tmp_path, above, groups):
    """Whether the groups or the names below them are usual names."""
    under = UNDER if groups is GROUPS else ["Date", "Customer", "Name", "Book", "Title", "Price"]
    title = [["Sales of 2010", *[None] * 5], [None] * 6][:above]
    areas = [area.format(above + 1) for area in ACROSS] + (["A1:F1"] if above else [])
    path = workbook(tmp_path / "a.xlsx", {"S": [*title, groups, under, *SOLD]}, {"S": areas})
    given = {} if groups is GROUPS else {"user": "Kunde Customer", "item": "Buch Book"}
    dataset = read(path, map=given)
    assert dataset.histories.times.tolist() == [1_291_191_960] * 2
    assert (list(dataset.users), list(dataset.catalogue.ids)) == (["7", "8"], ["B1", "B2"])
    assert (dataset.report, dataset.histories.n_events) == ((), 2)
    if groups is GROUPS:
        said = f"rows {above + 1} and {above + 2} are the header together: Sale Date, Customer No, Customer Name, "
        assert f"a.xlsx: {said}Book Code, Book Title, Money Paid" in dataset.guess.notes
    ingest(path, tmp_path / "w", map=given)


def test_cells_merged_over_both_rows_of_a_header_and_the_numbers_of_rows_below_it(tmp_path):
    rows = [
        ["Date", "Customer", None, "Book"],
        [None, "No", "Name", None],
        [DAY, 7, "Ann", "B1"],
        ["soon", 8, "Bob", "B2"],
    ]
    path = workbook(tmp_path / "a.xlsx", {"S": rows}, {"S": ["A1:A2", "B1:C1", "D1:D2"]})
    ingest(path, tmp_path / "w")
    snapshot = Snapshot.load(tmp_path / "w")
    assert snapshot.facts["names"] == {"user": "Customer No", "item": "Book", "time": "Date"}
    assert snapshot.quarantine().select("line", "reason").rows() == [(4, "time cannot be read")]


@pytest.mark.parametrize(
    ("rows", "areas", "n_events"),
    [
        ([["Date", "Customer", "Book", None], [DAY, 7, "B1", "Dune"]], ["C1:D1"], 1),
        ([["Customer", "Book", None], ["ann", "b1", "note"], ["bob", "b2", "note"]], [], 2),
        ([["Sales of 2010", None, None, "x"], ["Date", "Customer", "Book", "N"], [DAY, 7, "B1", "D"]], ["A1:B1"], 1),
        ([["Customer", "Book"], ["ann", "b1"]], ["A1:B1"], 1),
        ([["Customer", "Book", None], ["ann", "dune", None], ["bob", "emma", "lent"]], ["B1:C1"], 2),
    ],
)  # fmt: skip
def test_what_is_no_second_row_of_a_header_stays_what_it_is(tmp_path, rows, areas, n_events):
    dataset = read(workbook(tmp_path / "a.xlsx", {"S": rows}, {"S": areas}))
    assert dataset.histories.n_events == n_events
    assert not [note for note in dataset.guess.notes if "header together" in note]


def test_where_nothing_tells_what_is_merged_usual_names_below_gaps_are_a_header(tmp_path):
    cells = pl.DataFrame([GROUPS, ["Date", "No", "Name", "Code", "Title", "Price"]], orient="row")
    assert heading(cells, []).names == (
        "Sale Date",
        "Customer No",
        "Customer Name",
        "Book Code",
        "Book Title",
        "Money Price",
    )


def test_a_workbook_that_is_none_or_empty_says_so(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(b"PK\x03\x04 no zip")
    with pytest.raises(DataError, match=r"a.xlsx cannot be read \(.*\); save it again as .xlsx, without a password"):
        read(tmp_path / "a.xlsx")
    damaged = workbook(tmp_path / "d.xlsx", {"S": [["user", "item"], *[[f"u{n}", f"i{n % 7}"] for n in range(500)]]})
    with zipfile.ZipFile(damaged) as book:
        sheet = next(one for one in book.infolist() if "worksheets/" in one.filename)
    content = bytearray(damaged.read_bytes())
    middle = sheet.header_offset + 30 + len(sheet.filename) + sheet.compress_size // 2
    content[middle : middle + 8] = b"\xff" * 8
    damaged.write_bytes(content)
    with pytest.raises(DataError, match=r"d.xlsx cannot be read \(.*\); save it again as .xlsx, without a password"):
        read(damaged)
    with pytest.raises(DataError, match=r"b.xlsx has no cell in its sheet; choose another with --sheet"):
        read(workbook(tmp_path / "b.xlsx", {"S": []}))
    with pytest.raises(DataError, match="c.xlsx has column 'item' 2 times; rename all but one"):
        read(workbook(tmp_path / "c.xlsx", {"S": [["user", "item", "item"], ["a", "b", "c"]]}))


def test_a_sheet_of_libreoffice_is_read(tmp_path):
    rows = [HEADER, ["1", "17850", "85123A", "2010-12-01 08:26", "6"]]
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    cells = "".join(f"<table:table-row>{''.join(map(cell.format, row))}</table:table-row>" for row in rows)
    space = "urn:oasis:names:tc:opendocument:xmlns:"
    names = "".join(f' xmlns:{name}="{space}{name}:1.0"' for name in ("office", "table", "text", "manifest"))
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("META-INF/manifest.xml", f"{HEAD}<manifest:manifest{names}/>")
        book.writestr(
            "content.xml", f'{HEAD}<office:document-content{names}><office:body><office:spreadsheet><table:table '
            f'table:name="S">{cells}</table:table></office:spreadsheet></office:body></office:document-content>',
        )  # fmt: skip
    dataset = read(tmp_path / "a.ods")
    assert (list(dataset.users), list(dataset.catalogue.ids)) == (["17850"], ["85123A"])
    assert dataset.histories.times.tolist() == [1_291_191_960]

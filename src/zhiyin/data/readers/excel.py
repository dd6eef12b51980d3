"""Excel workbooks, one sheet of them, by fastexcel: every cell as text, dates as ``2010-12-01 08:26:00``.

The header may stand below a title. A cell that is merged over several rows counts for each of them, as it looks; one
merged over columns, a title or a total, stays where it is.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import fastexcel
import polars as pl

from zhiyin.core.errors import DataError
from zhiyin.data.clues import folded
from zhiyin.data.columns import USUAL
from zhiyin.data.readers.reader import LINE

ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
TOP = 20
"""First rows among which the header is."""
FULL = 0.8
"""Of the cells of the fullest row, as many as the header has where no name tells."""
ONE_COLUMN = re.compile(rb'<mergeCell ref="([A-Z]+)(\d+):\1(\d+)"')
SHEET = re.compile(rb"<sheet [^>]*>")


class ExcelReader:
    """Recognised by its ending, so that a damaged file is said to be damaged."""

    first_line = 2

    def __init__(self, sheet: str | None = None) -> None:
        self.sheet = sheet

    def reads(self, path: Path, head: bytes) -> bool:
        return path.suffix.lower() in ENDINGS

    def careful(self, path: Path) -> pl.LazyFrame:
        return self._read(path)[0].lazy()

    def ends_early(self, path: Path) -> bool:
        return False

    def quick(self, path: Path, types: Mapping[str, pl.DataType]) -> pl.LazyFrame:
        return self.careful(path).drop(LINE)

    def notes(self, path: Path) -> tuple[str, ...]:
        """Which sheet is read, where there are several, and where the header is, if not on top."""
        _, name, others, header = self._read(path)
        said = f"{path.name}: sheet {name!r} is read, not read: {', '.join(others)}; say otherwise with --sheet"
        below = f"{path.name}: the header is row {header + 1}; what stands above it is left out"
        return (*([said] if others else []), *([below] if header else []))

    @cached_property
    def _kept(self) -> dict[Path, tuple[pl.DataFrame, str, list[str], int]]:
        return {}

    def _read(self, path: Path) -> tuple[pl.DataFrame, str, list[str], int]:
        """The rows below the header, the sheet's name, the others' names, the header's row: a file is read once."""
        if path not in self._kept:
            book = _opened(path)
            name = self._chosen(path, book)
            sheet = book.load_sheet(name, header_row=None, dtypes="string", skip_rows=0)
            cells, letters = sheet.to_polars(), [column.absolute_index for column in sheet.available_columns()]
            others = [other for other in book.sheet_names if other != name]
            header = _header(cells)
            self._kept[path] = _table(path, _unmerged(path, name, cells, letters), header), name, others, header
        return self._kept[path]

    def _chosen(self, path: Path, book: Any) -> str:
        """The sheet that was named, else the first with two rows."""
        names: list[str] = book.sheet_names
        if self.sheet is None:
            return next((name for name in names if book.load_sheet(name, header_row=None).height > 1), names[0])
        if self.sheet not in names:
            raise DataError.unknown(f"{path.name} has no sheet {self.sheet!r}", self.sheet, names, "its sheets are")
        return self.sheet


def _opened(path: Path) -> Any:
    try:
        return fastexcel.read_excel(path)
    except fastexcel.FastExcelError as error:
        said = str(error).splitlines()[0]
        todo = "save it again as .xlsx, without a password, or as CSV"
        raise DataError(f"{path.name} cannot be read ({said}); {todo}", found=said, do=todo) from error


def _header(cells: pl.DataFrame) -> int:
    """The row of the header: the first with two usual names, else the first that is nearly as full as any."""
    rows = [[cell for cell in row if cell] for row in cells.head(TOP).iter_rows()]
    named = (i for i, row in enumerate(rows) if sum(folded(cell) in USUAL for cell in row) > 1)
    fullest = max(map(len, rows), default=0)
    return next(named, next((i for i, row in enumerate(rows) if row and len(row) >= FULL * fullest), 0))


def _table(path: Path, cells: pl.DataFrame, header: int) -> pl.DataFrame:
    """The rows below the header under its names, each with its number in the sheet."""
    if not len(cells):
        raise DataError(f"{path.name} has no cell in its sheet; choose another with --sheet", found="nothing")
    used = [name for name in cells.columns if cells[name].null_count() < len(cells)]
    cells = cells.select(used)
    written = cells.row(header)
    names = [(name or "").strip() or f"column_{number}" for number, name in enumerate(written, start=1)]
    for name in names:
        if names.count(name) > 1:
            raise DataError(
                f"{path.name} has column {name!r} {names.count(name)} times; rename all but one of them", found=name
            )
    rows = cells.with_row_index(LINE, offset=1).slice(header + 1).with_columns(pl.col(LINE).cast(pl.Int64))
    return rows.rename(dict(zip(used, names, strict=True)))


def _unmerged(path: Path, sheet: str, cells: pl.DataFrame, letters: list[int]) -> pl.DataFrame:
    """The same cells, those merged over several rows of one column filled; ``letters``: which column each is."""
    areas: dict[int, list[tuple[int, int]]] = {}
    for column, first, last in _merged(path, sheet):
        if column in letters:
            areas.setdefault(letters.index(column), []).append((first, last))
    for column, found in areas.items():
        values = cells[:, column].to_list()
        for first, last in found:
            values[first:last] = [values[first]] * len(values[first:last])
        cells = cells.with_columns(pl.Series(cells.columns[column], values, dtype=pl.String))
    return cells


def _merged(path: Path, sheet: str) -> Iterator[tuple[int, int, int]]:
    """Column, first row and row after the last (from 0) of each merged area of one column; none in other formats."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as book:
        if "xl/workbook.xml" not in book.namelist():
            return
        position = _opened(path).sheet_names.index(sheet)
        link = re.search(rb'r:id="([^"]+)"', SHEET.findall(book.read("xl/workbook.xml"))[position])
        links = book.read("xl/_rels/workbook.xml.rels")
        relation = next(
            (one for one in re.findall(rb"<Relationship [^>]*>", links) if link and b'Id="' + link[1] + b'"' in one),
            b"",
        )
        target = re.search(rb'Target="/?(?:xl/)?([^"]+)"', relation)
        if target is None:
            return
        for letters, first, last in ONE_COLUMN.findall(_ending(book, f"xl/{target[1].decode()}")):
            column = 0
            for letter in letters:
                column = column * 26 + letter - ord("A") + 1
            yield column - 1, int(first) - 1, int(last)


def _ending(book: zipfile.ZipFile, name: str) -> bytes:
    """What a sheet says after its cells, where its merged areas stand, in the memory of two blocks."""
    kept = b""
    with book.open(name) as sheet:
        while block := sheet.read(1 << 20):
            kept = kept[-64:] + block if b"</sheetData>" not in kept else kept + block
    return kept[kept.find(b"</sheetData>") :] if b"</sheetData>" in kept else b""

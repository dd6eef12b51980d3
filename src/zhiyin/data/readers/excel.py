"""Excel workbooks, one sheet of them, by fastexcel: every cell as text, dates as ``2010-12-01 08:26:00``.

The header may stand below a title, or in two rows (`heading`). A cell that is merged over several rows counts for each
of them, as it looks; one merged over columns, a title or a total, stays where it is.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import fastexcel
import polars as pl

from zhiyin.core.errors import DataError
from zhiyin.data.readers.heading import Area, Heading, heading
from zhiyin.data.readers.reader import LINE

ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
AREA = re.compile(rb'<mergeCell ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
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
        """Which sheet is read, where there are several, and where the header is, if not in the first row alone."""
        _, name, others, header = self._read(path)
        said = f"{path.name}: sheet {name!r} is read, not read: {', '.join(others)}; say otherwise with --sheet"
        return (*([said] if others else []), *([f"{path.name}: {header.note}"] if header.note else []))

    @cached_property
    def _kept(self) -> dict[Path, tuple[pl.DataFrame, str, list[str], Heading]]:
        return {}

    def _read(self, path: Path) -> tuple[pl.DataFrame, str, list[str], Heading]:
        """The rows below the header, the sheet's name, the others' names, its header: a file is read once."""
        if path not in self._kept:
            book = _opened(path)
            with _readable(path):
                name = self._chosen(path, book)
                sheet = book.load_sheet(name, header_row=None, dtypes="string", skip_rows=0)
            cells, letters = sheet.to_polars(), [column.absolute_index for column in sheet.available_columns()]
            if not len(cells):
                raise DataError(f"{path.name} has no cell in its sheet; choose another with --sheet", found="nothing")
            others = [other for other in book.sheet_names if other != name]
            areas = [
                Area(row, letters.index(column), last_row, letters.index(last_column))
                for row, column, last_row, last_column in _merged(path, name)
                if column in letters and last_column in letters
            ]
            header = heading(cells, areas)
            self._kept[path] = _table(path, _unmerged(cells, areas), header), name, others, header
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
    with _readable(path):
        return fastexcel.read_excel(path)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """A workbook, or a sheet of one, that is none."""
    try:
        yield
    except fastexcel.FastExcelError as error:
        said = str(error).splitlines()[0]
        todo = "save it again as .xlsx, without a password, or as CSV"
        raise DataError(f"{path.name} cannot be read ({said}); {todo}", found=said, do=todo) from error


def _table(path: Path, cells: pl.DataFrame, header: Heading) -> pl.DataFrame:
    """The rows below the header under its names, each with its number in the sheet."""
    named = zip(cells.columns, header.names, strict=True)
    used = {column: name for column, name in named if cells[column].null_count() < len(cells)}
    names = list(used.values())
    for name in names:
        if names.count(name) > 1:
            raise DataError(
                f"{path.name} has column {name!r} {names.count(name)} times; rename all but one of them", found=name
            )
    numbered = cells.select(*used).rename(used).with_row_index(LINE, offset=1).with_columns(pl.col(LINE).cast(pl.Int64))
    return numbered.slice(header.rows[-1] + 1)


def _unmerged(cells: pl.DataFrame, areas: Iterable[Area]) -> pl.DataFrame:
    """The same cells, those merged over several rows of one column filled."""
    tall: dict[int, list[Area]] = {}
    for area in areas:
        if area.column == area.last_column and area.row < area.last_row:
            tall.setdefault(area.column, []).append(area)
    for column, found in tall.items():
        values = cells[:, column].to_list()
        for area in found:
            below = slice(area.row, area.last_row + 1)
            values[below] = [values[area.row]] * len(values[below])
        cells = cells.with_columns(pl.Series(cells.columns[column], values, dtype=pl.String))
    return cells


def _merged(path: Path, sheet: str) -> Iterator[Area]:
    """The merged areas of a sheet; none in formats other than .xlsx."""
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
        for left, first, right, last in AREA.findall(_ending(book, f"xl/{target[1].decode()}")):
            yield Area(int(first) - 1, _column(left), int(last) - 1, _column(right))


def _column(letters: bytes) -> int:
    """The number, from 0, of column ``AB``."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1


def _ending(book: zipfile.ZipFile, name: str) -> bytes:
    """What a sheet says after its cells, where its merged areas stand, in the memory of two blocks."""
    kept = b""
    with book.open(name) as sheet:
        while block := sheet.read(1 << 20):
            kept = kept[-64:] + block if b"</sheetData>" not in kept else kept + block
    return kept[kept.find(b"</sheetData>") :] if b"</sheetData>" in kept else b""

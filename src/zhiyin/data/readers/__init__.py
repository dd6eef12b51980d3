"""File formats, one small file each. A new one: a file with a `Reader`, and its line in the table below.

A plug-in registers in the entry-point group ``zhiyin.readers``. The first reader that recognises a file reads it.
"""

import shutil
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from zhiyin.core.errors import DataError
from zhiyin.core.plugins import registered
from zhiyin.data.readers.encoding import UTF8, copied, encoding_of
from zhiyin.data.readers.reader import UNSAID, Form, Reader, beginning

GROUP = "zhiyin.readers"

READERS: Mapping[str, str] = {
    "excel": "zhiyin.data.readers.excel:ExcelReader",
    "matrix": "zhiyin.data.readers.matrix:MatrixReader",
    "parquet": "zhiyin.data.readers.parquet:ParquetReader",
    "movielens": "zhiyin.data.readers.movielens:MovieLensReader",
    "recbole": "zhiyin.data.readers.recbole:RecBoleReader",
    "json": "zhiyin.data.readers.json_lines:JsonLinesReader",
    "sequences": "zhiyin.data.readers.sequences:SequencesReader",
    "delimited": "zhiyin.data.readers.delimited:DelimitedReader",
}
"""Name → where it is, in the order in which they are asked; those of plug-ins are asked first."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Opened:
    """A file and who reads it. A copy in UTF-8 lives as long as this."""

    source: Path
    """The file that was named."""
    path: Path
    """What is read: it, or its copy."""
    reader: Reader
    notes: tuple[str, ...] = ()
    """What was told of it, to be said."""


def open_file(path: Path, form: Form = UNSAID) -> Opened:
    """The file with the reader that recognises it.

    Raises `DataError` where it is absent, empty or of no known form, or where ``form`` says what it cannot be.
    """
    if not path.is_file():
        raise DataError(f"{path} is no file; give the path of an events file or of a folder with one", found=str(path))
    head = beginning(path)
    if not head.strip():
        raise DataError(f"{path} is empty; give a file with a header and at least one row", found="nothing")
    encoding = encoding_of(head, form.encoding)
    if encoding == UTF8:
        return _opened(path, path, head, form, ())
    copy = copied(path, encoding)
    told = f"{path.name} is read as {encoding}, told from its bytes; say otherwise with --encoding"
    try:
        opened = _opened(path, copy, beginning(copy), form, () if form.encoding else (told,))
    except BaseException:
        shutil.rmtree(copy.parent, ignore_errors=True)
        raise
    weakref.finalize(opened, shutil.rmtree, copy.parent, ignore_errors=True)
    return opened


def _opened(source: Path, path: Path, head: bytes, form: Form, notes: tuple[str, ...]) -> Opened:
    reader = _recognised(path, head)
    if form.sheet is not None:
        if not hasattr(reader, "sheet"):
            raise DataError(
                f"sheet {form.sheet!r} was asked for, and {source.name} is no workbook; leave the sheet out, or name "
                "an .xlsx file", found=source.name, allowed=".xlsx",
            )  # fmt: skip
        reader.sheet = form.sheet
    said = getattr(reader, "notes", None)
    return Opened(source, path, reader, (*notes, *(said(path) if said else ())))


def _recognised(path: Path, head: bytes) -> Reader:
    for name in (*sorted(set(registered(GROUP)) - set(READERS)), *READERS):
        reader = _loaded(name)
        if reader.reads(path, head):
            return reader
    if head.startswith(b"SQLite format 3"):
        raise DataError(
            f"{path.name} is a database; give it as --database sqlite:///{path}, events in it as --table NAME, items "
            "and people as --items NAME and --users NAME, in Python as zhiyin.data.sql.Query", found="SQLite",
        )  # fmt: skip
    raise DataError(
        f"{path.name} begins with {head[:16]!r} and is of no known form; the forms are: CSV, TSV, JSON lines (plain, "
        ".gz or .zst), Parquet, Excel, MovieLens, RecBole, a person a line, and sparse matrices (.npz); convert it to "
        "one of them",
        found=repr(head[:16]), allowed=", ".join(READERS),
    )  # fmt: skip


def _loaded(name: str) -> Reader:
    if name not in READERS:
        plugged: Reader = registered(GROUP)[name].load()()
        return plugged
    module, _, attribute = READERS[name].partition(":")
    built_in: Reader = getattr(import_module(module), attribute)()
    return built_in

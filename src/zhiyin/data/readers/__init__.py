"""File formats, one small file each. A new one: a file with a `Reader`, and its line in the table below.

A plug-in registers in the entry-point group ``zhiyin.readers``. The first reader that recognises a file reads it.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from zhiyin.core.errors import DataError
from zhiyin.core.plugins import registered
from zhiyin.data.readers.reader import Reader, beginning

GROUP = "zhiyin.readers"

READERS: Mapping[str, str] = {
    "parquet": "zhiyin.data.readers.parquet:ParquetReader",
    "movielens": "zhiyin.data.readers.movielens:MovieLensReader",
    "recbole": "zhiyin.data.readers.recbole:RecBoleReader",
    "json": "zhiyin.data.readers.json_lines:JsonLinesReader",
    "sequences": "zhiyin.data.readers.sequences:SequencesReader",
    "delimited": "zhiyin.data.readers.delimited:DelimitedReader",
}
"""Name → where it is, in the order in which they are asked; those of plug-ins are asked first."""


def reader_for(path: Path) -> Reader:
    """The reader that recognises this file; raises `DataError` where the file is absent, empty or of no known form."""
    if not path.is_file():
        raise DataError(f"{path} is no file; give the path of an events file or of a folder with one", found=str(path))
    head = beginning(path)
    if not head.strip():
        raise DataError(f"{path} is empty; give a file with a header and at least one row", found="nothing")
    for name in (*sorted(set(registered(GROUP)) - set(READERS)), *READERS):
        reader = _loaded(name)
        if reader.reads(path, head):
            return reader
    raise DataError(
        f"{path.name} begins with {head[:16]!r} and is of no known form; the forms are: CSV, TSV, JSON lines (plain, "
        ".gz or .zst), Parquet, MovieLens, RecBole and a person a line; convert it to one of them",
        found=repr(head[:16]), allowed=", ".join(READERS),
    )  # fmt: skip


def _loaded(name: str) -> Reader:
    if name not in READERS:
        plugged: Reader = registered(GROUP)[name].load()()
        return plugged
    module, _, attribute = READERS[name].partition(":")
    built_in: Reader = getattr(import_module(module), attribute)()
    return built_in

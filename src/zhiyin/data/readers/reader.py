"""What a reader of a file format is, and what readers share."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl
import pyarrow as pa

from zhiyin.core.errors import DataError

TROUBLE = "__trouble__"
"""Column of `Reader.careful`: why a row cannot be read, null for a row that can."""
LINE = "__line__"
"""Column of `Reader.careful`: the line of the file (from 1), where the reader knows it better than by counting."""
BEGINNING = 1 << 16
"""Bytes of a file from which its form is told."""


@dataclass(frozen=True, slots=True)
class Form:
    """What is said of a file; what is not said is told from it."""

    sheet: str | None = None
    """Of a workbook, the sheet to read."""
    encoding: str | None = None
    """Of text, Python's name of its encoding."""
    time_format: str | None = None
    """How its times are written, for example ``%d.%m.%Y %H:%M``."""


UNSAID = Form()


class Reader(Protocol):
    """One file format."""

    first_line: int
    """The line of the first row: 2 after a header, 1 without."""

    def reads(self, path: Path, head: bytes) -> bool:
        """Whether this is a file of its form; ``head`` is its beginning, uncompressed."""
        ...

    def careful(self, path: Path) -> pl.LazyFrame:
        """Every row, the unreadable ones with a reason in `TROUBLE`; columns of a format without types are text."""
        ...

    def ends_early(self, path: Path) -> bool:
        """Whether the last row is only the beginning of one: a log that was copied while it was written."""
        ...

    def quick(self, path: Path, types: Mapping[str, pl.DataType]) -> pl.LazyFrame:
        """The same rows with these columns read as these types; raises a `polars.exceptions.PolarsError` when collected
        if any row does not fit, and the caller then reads again with care."""
        ...


def beginning(path: Path) -> bytes:
    """The first bytes of a file, uncompressed by its ending (.gz, .zst)."""
    with unreadable(path), pa.input_stream(str(path), compression="detect") as stream:
        return bytes(stream.read(BEGINNING))


@contextmanager
def unreadable(path: Path) -> Iterator[None]:
    """What a library says of a broken file, as one sentence."""
    try:
        yield
    except (pl.exceptions.PolarsError, pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, OSError) and not path.is_file():
            raise
        said = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
        todo = "check that the file is whole and what its ending says"
        raise DataError(f"{path.name} cannot be read ({said}); {todo}", found=said, do=todo) from error

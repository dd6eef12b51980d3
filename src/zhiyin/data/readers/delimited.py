"""CSV, TSV and their kin with a header, plain or compressed, by Polars; the separator is told from the first lines."""

import csv
import re
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from zhiyin.core.errors import DataError
from zhiyin.data.readers.quoted import fits, row_by_row
from zhiyin.data.readers.reader import BEGINNING, TROUBLE, beginning

SEPARATORS = (",", "\t", ";", "|")
MORE = "__more__"
BROKEN = "\ufffd"
"""What a byte that is no UTF-8 is read as."""


class DelimitedReader:
    """Whatever is text and no JSON."""

    first_line = 2

    def reads(self, path: Path, head: bytes) -> bool:
        if path.suffix == ".json" and head.lstrip()[:1] == b"[":
            raise DataError(f"{path.name} is one JSON array; write one object a line (JSON lines)", found="an array")
        return b"\x00" not in head

    def careful(self, path: Path) -> pl.LazyFrame:
        separator, names = _header(path)
        if not fits(path, separator, len(names)):
            return row_by_row(path, separator, names)
        schema = dict.fromkeys([*names, MORE], pl.String)
        frame = pl.scan_csv(
            path, separator=separator, has_header=False, skip_lines=1, schema=schema, encoding="utf8-lossy",
            truncate_ragged_lines=True, missing_columns="insert", glob=False,
        )  # fmt: skip
        trouble = pl.when(pl.col(MORE).is_not_null()).then(pl.lit(f"more fields than the header's {len(names)}"))
        return frame.with_columns(trouble.alias(TROUBLE)).drop(MORE)

    def ends_early(self, path: Path) -> bool:
        """No line end, and fewer fields than the header. A compressed file that is cut cannot be unpacked."""
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - BEGINNING))
            tail = file.read()
        if path.suffix in (".gz", ".zst") or tail.endswith((b"\n", b"\r")):
            return False
        separator, names = _header(path)
        last = tail.splitlines()[-1].decode("utf-8", errors="replace")
        return len(next(csv.reader([last], delimiter=separator))) < len(names)

    def quick(self, path: Path, types: Mapping[str, pl.DataType]) -> pl.LazyFrame:
        separator, names = _header(path)
        if not fits(path, separator, len(names)):
            raise pl.exceptions.ComputeError("quotation marks that do not fit")  # to be read with care
        schema: dict[str, pl.DataType] = {name: types.get(name, pl.String()) for name in names}
        return pl.scan_csv(path, separator=separator, schema=schema, glob=False)


def _header(path: Path) -> tuple[str, list[str]]:
    """Separator and column names, checked."""
    text = beginning(path).decode("utf-8", errors="replace").removeprefix("\ufeff")
    lines = text.splitlines()[:20]
    if not lines[0].strip():
        raise DataError(
            f"{path.name} begins with an empty line; take it out, so that the header is the first", found="''"
        )
    if "\n" not in text and len(lines) > 1 and "\r" in text:
        raise DataError(
            f"{path.name} ends its lines with a carriage return alone; save it with line feeds",
            found="\\r",
            allowed="\\n",
        )
    separator = max(SEPARATORS, key=lambda mark: (lines[0].count(mark), -SEPARATORS.index(mark)))
    names = next(csv.reader([lines[0]], delimiter=separator))
    names = [name or f"column_{number}" for number, name in enumerate(names, start=1)]
    for name in names:
        if names.count(name) > 1:
            raise DataError(
                f"{path.name} has column {name!r} {names.count(name)} times; rename all but one of them", found=name
            )
    if all(re.fullmatch(r"-?\d+(\.\d+)?", name.strip()) for name in names):
        raise DataError(
            f"{path.name} has no header, its first line is {lines[0]!r}; write the columns' names above it, "
            "for example " + separator.join(["user", "item", "time"][: max(2, len(names))]),
            found=lines[0],
        )  # fmt: skip
    return separator, names

"""Delimited text whose quotation marks do not fit (``5" pipe``, a field that is opened and never closed), row by row.

RFC 4180: a quotation mark opens a field at its beginning, is doubled inside, and closes the field at its end, over
line breaks too. A file that keeps to it, no field longer than `LONGEST` lines, is read as it says. In any other a mark
inside a field stands for itself, and a row whose field never closes is set aside, the others kept: the lines up to the
next mark, be it thousands of rows later, are not taken for one field.
"""

import io
import mmap
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import polars as pl
import pyarrow as pa

from zhiyin.data.readers.reader import LINE, TROUBLE

LONGEST = 20
"""Lines that one field may have."""
ROWS = 100_000
"""Rows that are made into columns at once."""
UNCLOSED = "a quotation mark that does not fit"


def fits(path: Path, separator: str, n: int) -> bool:
    """Whether quotation marks stand where RFC 4180 has them, so that any reader agrees; ``n`` fields a row."""
    stat = path.stat()
    return _fits(path, separator, n, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)
def _fits(path: Path, separator: str, n: int, modified: int, size: int) -> bool:
    if not _has_quotes(path):
        return True
    mark = re.escape(separator)
    field = f'(?:"(?:[^"]|"")*"|[^"{mark}]*)'
    sound = re.compile(f"{field}(?:{mark}{field})*\r?")
    record: list[str] = []
    for line in _lines(path):
        if not record and '"' not in line:
            continue
        record.append(line)
        text = "\n".join(record)
        if text.count('"') % 2:
            if len(record) == LONGEST:
                return False
            continue
        if not sound.fullmatch(text) or (len(record) > 1 and len(_fields(text, separator) or ()) != n):
            return False
        record = []
    return not record


def _lines(path: Path) -> Iterator[str]:
    """Lines without their end; a carriage return before it stays."""
    with pa.input_stream(str(path), compression="detect") as stream:
        for line in io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline="\n"):
            yield line.removesuffix("\n")


def _has_quotes(path: Path) -> bool:
    if path.suffix in (".gz", ".zst"):
        with pa.input_stream(str(path), compression="detect") as stream:
            return any(b'"' in block for block in iter(lambda: stream.read(1 << 22), b""))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(b'"') >= 0


def row_by_row(path: Path, separator: str, names: list[str]) -> pl.LazyFrame:
    """Every row as text, with its line; those whose quotation marks do not fit in trouble, their text in front."""
    schema = {**dict.fromkeys(names, pl.String()), TROUBLE: pl.String(), LINE: pl.Int64()}
    frames, waiting = [pl.DataFrame(schema=schema)], []
    for row in _rows(path, separator, len(names)):
        waiting.append(row)
        if len(waiting) == ROWS:
            frames.append(pl.DataFrame(waiting, schema=schema, orient="row"))
            waiting = []
    return pl.concat([*frames, pl.DataFrame(waiting, schema=schema, orient="row")]).lazy()


def _rows(path: Path, separator: str, n: int) -> Iterator[tuple[str | int | None, ...]]:
    """Fields (n of them), trouble, line."""
    lines = list(_lines(path))
    at = 1
    while at < len(lines):
        start = at
        fields, at = _record(lines, at, separator, n)
        if fields is None:
            yield lines[start].removesuffix("\r"), *[None] * (n - 1), UNCLOSED, start + 1
        elif fields:
            trouble = f"more fields than the header's {n}" if len(fields) > n else None
            kept = fields[:n]
            yield *kept, *[None] * (n - len(kept)), trouble, start + 1


def _record(lines: list[str], start: int, separator: str, n: int) -> tuple[list[str | None] | None, int]:
    """The fields of the row that begins here (None: it has no end that fits) and the line after it."""
    fields = _fields(lines[start], separator)
    if fields is not None:
        return fields, start + 1
    for end in range(start + 1, min(start + LONGEST, len(lines))):
        fields = _fields("\n".join(lines[start : end + 1]), separator)
        if fields is not None and len(fields) == n:
            return fields, end + 1
        if len(_fields(lines[end], separator) or ()) == n:
            break  # a whole row by itself: the field was never meant to go on
    return None, start + 1


def _fields(text: str, separator: str) -> list[str | None] | None:
    """The fields of exactly one record, null where nothing is written and ``""`` where empty text is, as Polars has it.

    None where it has no end, or does not end with it.
    """
    text = text.removesuffix("\r")
    if not text:
        return []
    found: list[str | None] = []
    at, one = 0, _one_field(separator)
    while (match := one.match(text, at)) is not None:
        quoted, bare = match.groups()
        found.append(bare or None if quoted is None else quoted.replace('""', '"'))
        if match.end() == len(text):
            return found
        at = match.end() + 1
    return None


@lru_cache
def _one_field(separator: str) -> re.Pattern[str]:
    """One field up to the separator or the end: quoted, or bare. A bare one has marks, though not in front."""
    mark = re.escape(separator)
    return re.compile(rf'(?:"([^"]*(?:""[^"]*)*)"|((?:[^"{mark}\n][^{mark}\n]*)?))(?={mark}|\Z)')

"""JSON lines, plain or compressed, by Polars; line by line only where a line is no JSON."""

import json
import re
from collections.abc import Mapping
from glob import escape
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from zhiyin.core.errors import DataError
from zhiyin.data.clues import folded
from zhiyin.data.readers.reader import LINE, TROUBLE, beginning
from zhiyin.data.unrolled import ITEMS

HALF = re.compile(rb"(?i)\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])|(?<!\\ud[89ab][0-9a-f][0-9a-f])\\ud[c-f]")
"""One half of a surrogate pair without the other."""

LOOK = 20
"""First lines of which the form is told."""
DEEPEST = 200
"""Levels of lists and objects in one line."""


class JsonLinesReader:
    """One object a line."""

    first_line = 1

    def reads(self, path: Path, head: bytes) -> bool:
        return (
            ".jsonl" in path.suffixes or ".ndjson" in path.suffixes or head.lstrip(b"\xef\xbb\xbf \n\r\t")[:1] == b"{"
        )

    def careful(self, path: Path) -> pl.LazyFrame:
        """Text and numbers as they are written: an id 17850 and an id "17850" are one, and neither becomes 17850.0."""
        rows: list[dict[str, Any]] = []
        with pa.input_stream(str(path), compression="detect") as stream:
            for number, line in enumerate(bytes(stream.read()).split(b"\n"), start=1):
                if line.strip():
                    rows.append({**_object(line), LINE: number})
        names = list(dict.fromkeys(name for row in rows for name in row))
        if not set(names) - {LINE, TROUBLE}:
            raise _no_object(path)
        columns = {name: [row.get(name) for row in rows] for name in names}
        return pl.LazyFrame({name: _column(values, name) for name, values in columns.items()})

    def ends_early(self, path: Path) -> bool:
        return False  # half an object is no JSON

    def quick(self, path: Path, types: Mapping[str, pl.DataType]) -> pl.LazyFrame:
        text = {name: pl.String() for name in _names(path)}
        if _has_lists(path):
            raise pl.exceptions.ComputeError("lists")  # as text they would be one item
        if _has_halves(path):
            raise pl.exceptions.ComputeError("half a character")  # Polars would make another of it
        # Polars takes this path for a pattern: * and [ in it are to stand for themselves
        return pl.scan_ndjson(escape(str(path)), schema={**text, **{n: t for n, t in types.items() if n in text}})


def _names(path: Path) -> list[str]:
    lines = beginning(path).split(b"\n")
    rows = [_object(line) for line in lines[: max(1, len(lines) - 1)] if line.strip()]
    names = list(dict.fromkeys(name for row in rows for name in row if name != TROUBLE))
    if not names:
        raise _no_object(path)
    return names


def _has_lists(path: Path) -> bool:
    lines = beginning(path).split(b"\n")
    rows = [_object(line) for line in lines[:LOOK] if line.strip()]
    return any(isinstance(value, list) and folded(name) in ITEMS for row in rows for name, value in row.items())


def _has_halves(path: Path) -> bool:
    line = b""
    with pa.input_stream(str(path), compression="detect") as stream:
        for block in iter(lambda: stream.read(1 << 22), b""):
            text = line + block
            line = text[text.rfind(b"\n") + 1 :]
            if (b"\\ud" in text or b"\\uD" in text) and HALF.search(text, 0, len(text) - len(line)):
                return True
    return HALF.search(line) is not None


def _too_deep(found: Any) -> bool:
    level = [found]
    for _ in range(DEEPEST):
        level = [inner for value in level if isinstance(value, (list, dict))
                 for inner in (value.values() if isinstance(value, dict) else value)]  # fmt: skip
    return bool(level)


def _no_object(path: Path) -> DataError:
    return DataError(f"{path.name} has no line that is a JSON object; write one object a line", found="no object")


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line.removeprefix(b"\xef\xbb\xbf").decode())
        if line.count(b"[") + line.count(b"{") > DEEPEST and _too_deep(found):
            return {TROUBLE: "nested too deep"}
        if HALF.search(line):
            json.dumps(found, ensure_ascii=False).encode()
    except UnicodeDecodeError:
        return {TROUBLE: "broken UTF-8"}
    except UnicodeEncodeError:
        return {TROUBLE: "half a character"}
    except RecursionError:
        return {TROUBLE: "nested too deep"}
    except ValueError:
        return {TROUBLE: "not JSON"}
    return found if isinstance(found, dict) else {TROUBLE: "not a JSON object"}


def _column(values: list[Any], name: str) -> pl.Series:
    if name == LINE:
        return pl.Series(values, dtype=pl.Int64)
    if any(isinstance(value, list) for value in values):
        return pl.Series(values, strict=False)
    written = [value if value is None or isinstance(value, str) else json.dumps(value) for value in values]
    return pl.Series(written, dtype=pl.String)

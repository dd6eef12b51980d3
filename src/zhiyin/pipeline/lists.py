"""Lists of many people as one file, written block by block: Parquet, CSV, or JSON lines of slates.

A block is an Arrow table: user, rank (from 1), item, score, source, and reason where it was asked for.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import polars as pl
import pyarrow
import pyarrow.parquet

from zhiyin.core.errors import SettingsError
from zhiyin.core.files import whole_file
from zhiyin.core.wire import ModelName, SlateItem, SlateJSON

LARGEST_DICTIONARY = 64 << 20
"""Bytes of ids up to which Parquet names them by number: writing text again and again is slow and large."""


class Lists(Protocol):
    """Where blocks go."""

    def write(self, users: list[str], table: pyarrow.Table) -> None:
        """The lists of these people, in their order; of whom there is no row, nothing can be recommended."""
        ...


class ParquetLists:
    """One row an item."""

    def __init__(self, path: Path, schema: pyarrow.Schema, stack: ExitStack) -> None:
        texts = [name for name in schema.names if name != "score"]
        self.writer = stack.enter_context(
            pyarrow.parquet.ParquetWriter(
                path, schema, use_dictionary=texts, dictionary_pagesize_limit=LARGEST_DICTIONARY, store_schema=False
            )
        )

    def write(self, users: list[str], table: pyarrow.Table) -> None:
        self.writer.write_table(table)


class CSVLists:
    """One row an item, under a header."""

    def __init__(self, path: Path, schema: pyarrow.Schema, stack: ExitStack) -> None:
        self.file = stack.enter_context(path.open("wb"))
        self.file.write((",".join(schema.names) + "\n").encode())

    def write(self, users: list[str], table: pyarrow.Table) -> None:
        frame = pl.from_arrow(table)
        assert isinstance(frame, pl.DataFrame)  # noqa: S101
        frame.write_csv(self.file, include_header=False)


class JSONLists:
    """One line a person: a slate as `zhiyin recommend --json` gives it."""

    def __init__(self, put: Callable[[str], object], model: ModelName) -> None:
        """``put`` takes one line after the other, each with its end."""
        self.put, self.model = put, model

    def write(self, users: list[str], table: pyarrow.Table) -> None:
        columns = [name for name in table.column_names if name not in ("user", "rank")]
        cells = list(zip(*(table[name].to_pylist() for name in columns), strict=True))
        ends = _ends(table["rank"].to_pylist(), table["user"].to_pylist(), users)
        for user, (start, end) in zip(users, ends, strict=True):
            items: list[Any] = [dict(zip(columns, cell, strict=True)) for cell in cells[start:end]]
            self.put(json.dumps(self._slate(user, items), ensure_ascii=False, allow_nan=False) + "\n")

    def _slate(self, user: str, items: list[SlateItem]) -> SlateJSON:
        return {"user": user, "request_id": None, "model": self.model, "rung": None, "items": items,
                "unknown_items": [], "notes": []}  # fmt: skip


def schema_of(reasons: bool) -> pyarrow.Schema:
    """Columns and their types."""
    text = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    fields = [("user", text), ("rank", pyarrow.int32()), ("item", text), ("score", pyarrow.float32()), ("source", text)]
    return pyarrow.schema([*fields, *([("reason", pyarrow.string())] if reasons else [])])


@contextmanager
def lists_in(path: Path, model: ModelName, reasons: bool) -> Iterator[Lists]:
    """The file, whole or not at all, in the form its name ends with."""
    form = checked_form(path)
    with whole_file(path) as part, ExitStack() as stack:
        if form == ".jsonl":
            yield JSONLists(stack.enter_context(part.open("w", encoding="utf-8")).write, model)
        else:
            yield (ParquetLists if form == ".parquet" else CSVLists)(part, schema_of(reasons), stack)


def checked_form(path: Path) -> str:
    """``.parquet``, ``.csv`` or ``.jsonl``. Raises `SettingsError` for another, and for a folder."""
    forms = (".parquet", ".csv", ".jsonl")
    if path.suffix.lower() not in forms or path.is_dir():
        found = "a folder" if path.is_dir() else repr(path.suffix)
        raise SettingsError(
            f"--out {path} is {found}; give a file that ends with one of: {', '.join(forms)}",
            found=found, allowed=", ".join(forms),
        )  # fmt: skip
    return path.suffix.lower()


def _ends(ranks: list[int], owners: list[str], users: list[str]) -> Iterator[tuple[int, int]]:
    """Where each person's rows begin and end."""
    end = 0
    for user in users:
        start = end
        while end < len(ranks) and owners[end] == user and (end == start or ranks[end] > 1):
            end += 1
        yield start, end

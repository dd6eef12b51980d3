"""Where the events, the items and the people are: a file, a folder whose file names tell, or a frame."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

import narwhals as nw
import polars as pl
import pyarrow as pa

from zhiyin.core.errors import DataError
from zhiyin.data.readers import open_file
from zhiyin.data.readers.reader import LINE, TROUBLE, Form, unreadable
from zhiyin.data.readers.recbole import SPLIT

Source: TypeAlias = Any
"""A path, a pandas, Polars or Arrow frame, or what comes in batches (`Streamed`)."""


@runtime_checkable
class Streamed(Protocol):
    """Rows that come in batches from elsewhere: `zhiyin.data.sql.Query`, or one's own."""

    @property
    def name(self) -> str:
        """For people."""
        ...

    def first(self, rows: int) -> pl.DataFrame:
        """The first rows; without rows the columns alone."""
        ...

    def frames(self, rows: int) -> Iterator[pl.DataFrame]:
        """All rows in batches, at least one batch."""
        ...


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook, as a table of items or people: ``Sheet(Path("shop.xlsx"), "Books")``."""

    path: Path
    name: str


FILE_NAMES: Mapping[str, tuple[str, ...]] = {
    "events": (
        "interactions", "events", "impressions", "transactions", "sessions", "ratings", "u.data", "purchases", "orders",
        "purchase", "clicks", "logs", "log", "users_interactions", "usage", "reviews", "random", "online_retail",
        "sequences", ".inter",
    ),
    "items": ("items", "u.item", "movies", "products", "articles", "books", "catalogue", "catalog", "item_context",
              ".item"),
    "users": ("users", "u.user", "people", "customers", "members", ".user"),
}  # fmt: skip
"""What a file of a folder holds → how its name begins (or, behind a dot, ends), the preferred first."""


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """The three parts of what was given."""

    events: tuple[Source, ...]
    items: Source | None = None
    users: Source | None = None
    notes: tuple[str, ...] = ()


def find_sources(source: Source, items: Source | None = None, users: Source | None = None) -> Sources:
    """Files of a folder by their names; one file, several files or a frame as they are."""
    if isinstance(source, (list, tuple)):
        if not source:
            raise DataError("found an empty list; give at least one file or frame", found="[]")
        return Sources(tuple(source), items, users)
    if not isinstance(source, (str, Path)):
        return Sources((source,), items, users)
    path = Path(source)
    if not path.exists():
        near = ", ".join(sorted(file.name for file in path.parent.glob("*"))[:8]) if path.parent.is_dir() else "nothing"
        raise DataError(
            f"{path} does not exist; its folder has {near}: give the path of a file or folder", found=str(path)
        )
    if path.is_dir():
        return _of_folder(path, items, users)
    return Sources((path,), items, users)


def _of_folder(folder: Path, items: Source | None, users: Source | None) -> Sources:
    files = sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
    found = {part: _named(files, names) for part, names in FILE_NAMES.items()}
    if not found["events"]:
        raise DataError(
            f"{folder} has no file of events; found {', '.join(file.name for file in files) or 'no file'}: name one "
            f"{', '.join(FILE_NAMES['events'][:5])} …, or give its path",
            found=", ".join(file.name for file in files), allowed=", ".join(FILE_NAMES["events"]),
        )  # fmt: skip
    events = [file for file in found["events"] if SPLIT.search(file.name)] or found["events"][:1]
    left = [file.name for file in found["events"] if file not in events]
    found = {part: [file for file in named if file not in events] for part, named in found.items()}
    read = ", ".join(file.name for file in events)
    notes = (f"events are read from {read}; not read: {', '.join(left)}",) if left else ()
    return Sources(tuple(events), items or _first(found["items"]), users or _first(found["users"]), notes)


def _named(files: list[Path], names: tuple[str, ...]) -> list[Path]:
    ranked = []
    for file in files:
        rank = next((i for i, name in enumerate(names) if _is_named(file.name.lower(), name)), None)
        if rank is not None:
            ranked.append((rank, file))
    return [file for _, file in sorted(ranked)]


def _is_named(file: str, name: str) -> bool:
    if name.startswith("."):
        return file.removesuffix(".gz").removesuffix(".zst").endswith(name)
    return re.match(rf"{re.escape(name)}([._-]|$)", file) is not None


def _first(files: list[Path]) -> Path | None:
    return files[0] if files else None


def whole_frame(source: Source, encoding: str | None = None) -> pl.DataFrame:
    """All rows of a small source (items, people), columns as the format gives them."""
    return whole_table(source, encoding)[0]


def whole_table(source: Source, encoding: str | None = None) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The same, and what its reader says of it."""
    if isinstance(source, Streamed):
        return pl.concat(source.frames(1 << 20), how="diagonal_relaxed"), ()
    if not isinstance(source, (str, Path, Sheet)):
        return as_polars(source), ()
    path, sheet = (source.path, source.name) if isinstance(source, Sheet) else (Path(source), None)
    file = open_file(path, Form(sheet, encoding))
    with unreadable(file.source):
        frame = file.reader.careful(file.path).collect()
    # the one option --sheet is for the events
    notes = [
        note.split("; say otherwise with --sheet")[0] for note in file.notes if sheet is None or "sheet" not in note
    ]
    return frame.drop(TROUBLE, LINE, strict=False), tuple(notes)


def as_polars(frame: Any) -> pl.DataFrame:
    """Any eager frame as Polars; raises `DataError` for what is none, or for a column of mixed types."""
    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    names = _column_names(frame)
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise DataError(
            f"the frame has column {double!r} {names.count(double)} times; rename all but one of them", found=double
        )
    try:
        narwhal = nw.from_native(frame, eager_only=True)
    except TypeError:
        raise DataError(
            f"found {type(frame).__name__}; give a path, or a pandas, Polars or Arrow table", found=type(frame).__name__
        ) from None
    try:
        made: pl.DataFrame = narwhal.to_polars()
        return made
    except (pa.ArrowException, pl.exceptions.PolarsError, TypeError):
        mixed = _mixed(narwhal)
        raise DataError(
            f"{mixed}; a column has one type, ids are text: convert it first, for example with .astype(str)",
            found=mixed,
        ) from None


def _column_names(frame: Any) -> list[str]:
    """As the frame itself gives them: pandas' may be doubled, and Arrow's ``columns`` are the data."""
    names = getattr(frame, "column_names", getattr(frame, "columns", ()))
    return [str(name) for name in names]


def _mixed(frame: nw.DataFrame[Any]) -> str:
    """The first column of several types, with an example of each."""
    for name in frame.columns:
        examples = {type(value).__name__: value for value in frame[name].to_list() if value is not None}
        if len(examples) > 1:
            return f"column {name!r} mixes types ({', '.join(f'{t} {v!r}' for t, v in sorted(examples.items()))})"
    return "a column cannot be converted"

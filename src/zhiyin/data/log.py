"""What was given, opened: the files or frames of events, what their columns are, the tables of items and people."""

import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import polars as pl

from zhiyin.core.errors import DataError
from zhiyin.core.files import sha256
from zhiyin.data.canonical import number_types
from zhiyin.data.columns import Guess, guess, spelled_out
from zhiyin.data.readers import Opened, open_file
from zhiyin.data.readers.reader import LINE, TROUBLE, UNSAID, Form, unreadable
from zhiyin.data.report import counted
from zhiyin.data.side import Known, Side, side_table
from zhiyin.data.sources import Sheet, Source, Sources, Streamed, as_polars, whole_table
from zhiyin.data.times import time_form
from zhiyin.data.unrolled import unrolled

Made = TypeVar("Made")
SAMPLE = 1_000
"""First rows of a file from which its columns are guessed."""
BATCH = 1 << 17
"""Rows that are looked at together where those do not tell the order of day and month."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One file (or frame, or table of a database) of events."""

    name: str
    file: Opened | None = None
    frame: pl.DataFrame | None = None
    query: Streamed | None = None

    @property
    def first_line(self) -> int:
        return 1 if self.file is None else self.file.reader.first_line

    @property
    def digest(self) -> str | None:
        """Of its bytes, so that it is known again; None for a query, whose answer changes."""
        if self.file is not None:
            sheet = getattr(self.file.reader, "sheet", None)
            return sha256(self.file.source) + (f":{sheet}" if sheet else "")
        if self.frame is None:
            return None
        content = io.BytesIO()
        spelled_out(self.frame).write_ipc(content)
        return hashlib.sha256(content.getbuffer()).hexdigest()

    @property
    def notes(self) -> tuple[str, ...]:
        return () if self.file is None else self.file.notes

    def sample(self) -> pl.DataFrame:
        """Its first rows, as text where the format has no types."""
        return unrolled(self._first())

    def _first(self) -> pl.DataFrame:
        if self.query is not None:
            return self.query.first(SAMPLE)
        if self.file is None:
            assert self.frame is not None  # noqa: S101  a part is a file, a frame or a query
            return self.frame.head(SAMPLE)
        with unreadable(self.file.source):
            return self.file.reader.careful(self.file.path).head(SAMPLE).collect()

    def each(self, make: Callable[[pl.DataFrame], Made], guess: Guess, rows: int) -> list[Made]:
        """What ``make`` makes of each batch: quickly, numbers read as numbers, or again with care where one is none."""
        try:
            if self.file is not None and not self.file.reader.ends_early(self.file.path):
                scan = self.file.reader.quick(self.file.path, number_types(guess))
                return [make(unrolled(raw)) for raw in _batches(scan, rows)]
        except pl.exceptions.PolarsError:
            pass
        return [make(raw) for raw in self.frames(rows)]

    def frames(self, rows: int) -> Iterator[pl.DataFrame]:
        """All rows in batches, the unreadable ones too."""
        yield from map(unrolled, self._frames(rows))

    def _frames(self, rows: int) -> Iterator[pl.DataFrame]:
        if self.query is not None:
            yield from self.query.frames(rows)
            return
        if self.file is None:
            assert self.frame is not None  # noqa: S101
            yield from self.frame.iter_slices(rows)
            return
        with unreadable(self.file.source):
            scan = self.file.reader.careful(self.file.path)
            yield from _last_marked(_batches(scan, rows), self.file.reader.ends_early(self.file.path))

    def lines_inside(self, raw: pl.DataFrame) -> pl.Series | None:
        """Line breaks inside the fields of each row, for the numbers of lines; None where there can be none."""
        if self.file is None or TROUBLE not in raw.columns or LINE in raw.columns:
            return None
        text = [name for name, dtype in raw.schema.items() if dtype == pl.String and not name.startswith("__")]
        breaks = pl.sum_horizontal(pl.col(name).str.count_matches("\n", literal=True) for name in text)
        return raw.select(breaks.cast(pl.Int64).alias("breaks")).to_series()


def _last_marked(frames: Iterator[pl.DataFrame], ends_early: bool) -> Iterator[pl.DataFrame]:
    """The same frames; where the file ends early and the last row lacks its end, that row is in trouble."""
    last: pl.DataFrame | None = None
    for frame in frames:
        if last is not None:
            yield last
        last = frame
    if last is None:
        return
    if ends_early and len(last) and last[_shown(last)[-1]][-1] is None:
        is_last = pl.int_range(pl.len()) == pl.len() - 1
        last = last.with_columns(pl.when(is_last).then(pl.lit("half a last line")).otherwise(TROUBLE).alias(TROUBLE))
    yield last


def _batches(scan: pl.LazyFrame, rows: int) -> Iterator[pl.DataFrame]:
    """Batches of exactly ``rows`` rows and a rest, in file order: the same file always gives the same batches."""
    waiting: list[pl.DataFrame] = []
    for batch in scan.collect_batches(chunk_size=rows, maintain_order=True):
        waiting.append(batch)
        while sum(map(len, waiting)) >= rows:
            joined = pl.concat(waiting)
            yield joined.head(rows)
            waiting = [joined.slice(rows)]
    if sum(map(len, waiting)):
        yield pl.concat(waiting)


@dataclass(frozen=True, slots=True, eq=False)
class Log:
    """What was given, opened: its parts, what their columns are, and the tables of items and people."""

    parts: tuple[Part, ...]
    guess: Guess
    items: Side | None
    users: Side | None


def open_log(sources: Sources, given: Mapping[str, str], form: Form = UNSAID) -> Log:
    """Guess the columns; read the tables of items and people."""
    parts = tuple(_part(source, form) for source in sources.events)
    sample = parts[0].sample()
    if not sample.width or not len(sample):
        columns = ", ".join(_shown(sample)) or "no column"
        raise DataError(
            f"{parts[0].name} has no row, its header is: {columns}; give a file with at least one event", found="0 rows"
        )
    found = guess(sample, given, time_format=form.time_format)
    for part in parts[1:]:
        _the_same(parts[0].name, sample, part)
    found = _order_settled(parts, found)
    items = users = None
    if sources.items is not None:
        raw, told = whole_table(_table(sources.items, parts[0], "items"), form.encoding)
        items = side_table(raw, "item", given, sample.columns, Known.of(sample, found, "item"))
        items = replace(items, notes=(*told, *items.notes))
        if items.joined:
            key = tuple(found.names["item"] if name == "item" else name for name in items.joined)
            found = replace(found, joined_item=key, names={o: t for o, t in found.names.items() if o != "item"})
    if sources.users is not None:
        people, told = whole_table(_table(sources.users, parts[0], "users"), form.encoding)
        users = side_table(people, "user", given, sample.columns, Known.of(sample, found, "user"))
        users = replace(users, notes=(*told, *users.notes))
    notes = (
        *sources.notes,
        *(note for part in parts for note in part.notes),
        *found.notes,
        *(items.notes if items else ()),
        *(users.notes if users else ()),
    )
    return Log(parts, replace(found, notes=notes), items, users)


def _order_settled(parts: Iterable[Part], found: Guess) -> Guess:
    """Where the first rows leave open which is the day and which the month, the rows that settle it, or all."""
    if found.time is None or not found.time.is_open:
        return found
    column, seen = found.names["time"], pl.Series([], dtype=pl.String)
    form = found.time
    for frame in (frame for part in parts for frame in part.frames(BATCH)):
        seen = pl.concat([seen, frame[column].cast(pl.String).unique()]).unique()
        form = time_form(seen)
        if not form.is_open:
            break
    notes = [note for note in found.notes if note != f"{column} {found.time.note}"]
    return replace(found, time=form, notes=(*notes, *([f"{column} {form.note}"] if form.note else ())))


def _table(named: Source, events: Part, what: str) -> Source:
    """A table of items or people: where it is named and is no file, a sheet of the workbook with the events."""
    if not isinstance(named, (str, Path)):
        return named
    book = events.file.source if events.file is not None and hasattr(events.file.reader, "sheet") else None
    if os.path.exists(named):  # as a long SELECT makes pathlib's fail
        if book is not None and Path(named).samefile(book):
            raise DataError(
                f"the {what} are looked for in {book.name}, where the events are; name their sheet instead, --{what} "
                "SHEET", found=book.name,
            )  # fmt: skip
        return named
    if book is not None:
        return Sheet(book, str(named))
    raise DataError(
        f"the table of {what} {str(named)!r} is no file; give the path of one, or with --database a table of it or a "
        f"SELECT, or a sheet of the workbook with the events", found=str(named),
    )  # fmt: skip


def _shown(frame: pl.DataFrame) -> list[str]:
    """The file's own columns, without those in which a reader says how it went."""
    return [name for name in frame.columns if not name.startswith("__")]


def _the_same(name: str, sample: pl.DataFrame, part: Part) -> None:
    there, wanted = _shown(part.sample()), _shown(sample)
    if set(there) != set(wanted):
        raise DataError(
            f"{part.name} has other columns than {name}: {', '.join(there)} instead of {', '.join(wanted)}; "
            "read files of one form together", found=", ".join(there), allowed=", ".join(wanted),
        )  # fmt: skip


def _part(source: Source, form: Form) -> Part:
    if isinstance(source, (str, Path)):
        return Part(Path(source).name, open_file(Path(source), form))
    if isinstance(source, Streamed):
        return Part(source.name, query=source)
    return Part("the frame", frame=as_polars(source))


def needed(n_good: int, bad: pl.DataFrame, name: str) -> None:
    """`DataError` where not one row can be used."""
    if n_good == 0:
        reasons = counted(bad)
        said = ", ".join(f"{rows:,} × {reason}" for reason, rows in reasons.items()) or "no row"
        todo = "check which columns are meant with --dry-run"
        if any(reason.startswith("time ") for reason in reasons):
            todo = (
                'say how its times are written, for example --time-format "%d/%m/%Y", in Python time_format=…, or '
                "which column they are, --map time=COLUMN"
            )
        raise DataError(f"no row of {name} can be used: {said}; {todo}", found=said, do=todo)

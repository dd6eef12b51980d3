"""`read`: one line from a dirty file to a `Dataset`, with a report of every row left out. No workspace is needed."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from zhiyin.core.errors import DataError
from zhiyin.data.canonical import Separated, separate
from zhiyin.data.cleaning import clean
from zhiyin.data.columns import Guess, guess
from zhiyin.data.dataset import Dataset, dataset_of
from zhiyin.data.readers import reader_for
from zhiyin.data.readers.reader import LINE, TROUBLE, Reader, unreadable
from zhiyin.data.report import counted, left_out
from zhiyin.data.side import Side, items_of_events, joined_columns, side_table, users_of_events
from zhiyin.data.sources import Source, Sources, as_polars, find_sources, whole_frame
from zhiyin.data.weighting import Weighting

SAMPLE = 1_000
"""First rows of a file from which its columns are guessed."""


def read(
    path: Source, *, fixes: Iterable[str] | str = (), map: Mapping[str, str] | None = None,
    items: Source | None = None, users: Source | None = None, weighting: Weighting | None = None,
    now: int | None = None,
) -> Dataset:  # fmt: skip
    """The dataset in a file, a folder or a frame.

    ``map`` (ours: yours) goes before the guessed columns; ``fixes`` are those of `zhiyin.data.cleaning` (``"shop"`` is
    a set of them). Rows that cannot be used are left out and counted in ``dataset.report``, as is what each fix did.
    Without a table of items, items are those of the events, before any fix also those that only lines without a user
    have. ``now`` (s UTC, default the clock) decides what is in the future. Raises `DataError` where no row can be used.
    """
    log = open_log(find_sources(path, items, users), map or {})
    parts = [(part, log.separate(raw, now)) for part in log.parts for raw in part.frames()]
    good = pl.concat([separated.good for _, separated in parts], how="diagonal_relaxed")
    bad = pl.concat([separated.bad for _, separated in parts])
    needed(len(good), bad, str(log.parts[0].name))
    cleaned = clean(good, fixes, None if log.items is None else log.items.frame, now=now)
    report = (*left_out(bad, len(good)), *cleaned.reports)
    events = cleaned.events
    sold = (
        events
        if cleaned.reports
        else pl.concat([good, *(separated.nameless for _, separated in parts)], how="diagonal_relaxed")
    )
    dataset = dataset_of(
        events,
        items_of_events(sold.lazy()) if log.items is None else log.items.frame,
        users_of_events(events.lazy()) if log.users is None else log.users.frame,
        weighting or Weighting(),
    )
    return replace(dataset, report=report, guess=log.guess)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One file (or frame) of events."""

    name: str
    path: Path | None
    frame: pl.DataFrame | None
    reader: Reader | None

    @property
    def first_line(self) -> int:
        return 1 if self.reader is None else self.reader.first_line

    def sample(self) -> pl.DataFrame:
        """Its first rows, as text where the format has no types."""
        if self.reader is None or self.path is None:
            assert self.frame is not None  # noqa: S101  a part is a file or a frame
            return self.frame.head(SAMPLE)
        with unreadable(self.path):
            return self.reader.careful(self.path).head(SAMPLE).collect()

    def frames(self, rows: int | None = None) -> Iterator[pl.DataFrame]:
        """All rows, the unreadable ones too; in batches of ``rows`` where a number is given."""
        if self.reader is None or self.path is None:
            assert self.frame is not None  # noqa: S101
            yield from (self.frame,) if rows is None else self.frame.iter_slices(rows)
            return
        with unreadable(self.path):
            scan = self.reader.careful(self.path)
            frames = iter([scan.collect()]) if rows is None else _batches(scan, rows)
            yield from _last_marked(frames, self.reader.ends_early(self.path))

    def lines_inside(self, raw: pl.DataFrame) -> pl.Series | None:
        """Line breaks inside the fields of each row, by which the file has more lines than rows; None where none can be."""
        if self.reader is None or TROUBLE not in raw.columns or LINE in raw.columns:
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
    shown = [name for name in last.columns if not name.startswith("__")]
    if ends_early and len(last) and last[shown[-1]][-1] is None:
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

    def separate(self, raw: pl.DataFrame, now: int | None) -> Separated:
        return separate(raw, self.guess, int(time.time()) if now is None else now)


def open_log(sources: Sources, given: Mapping[str, str]) -> Log:
    """Guess the columns; read the tables of items and people."""
    parts = tuple(_part(source) for source in sources.events)
    sample = parts[0].sample()
    if not sample.width or not len(sample):
        columns = ", ".join(name for name in sample.columns if not name.startswith("__")) or "no column"
        raise DataError(
            f"{parts[0].name} has no row, its header is: {columns}; give a file with at least one event", found="0 rows"
        )
    found = guess(sample, given)
    for part in parts[1:]:
        _the_same(parts[0].name, sample, part)
    items = users = None
    if sources.items is not None:
        raw = whole_frame(sources.items)
        items = side_table(raw, "item", given, sample.columns)
        key = _joined_key(raw, items, sample, found)
        if key:
            found = replace(found, joined_item=key, names={o: t for o, t in found.names.items() if o != "item"})
    if sources.users is not None:
        users = side_table(whole_frame(sources.users), "user", given, sample.columns)
    notes = (*sources.notes, *found.notes, *(items.notes if items else ()), *(users.notes if users else ()))
    return Log(parts, replace(found, notes=notes), items, users)


def _joined_key(raw: pl.DataFrame, items: Side, sample: pl.DataFrame, found: Guess) -> tuple[str, ...]:
    """The events' columns that make an item's id together, where the table of items needs two."""
    if not any("together are the id" in note for note in items.notes):
        return ()
    column = found.names["item"]
    named = raw if "item" in raw.columns else raw.rename({column: "item"})
    return tuple(column if name == "item" else name for name in joined_columns(named, sample.columns))


def _the_same(name: str, sample: pl.DataFrame, part: Part) -> None:
    other = part.sample().columns
    if set(other) != set(sample.columns):
        raise DataError(
            f"{part.name} has other columns than {name}: {', '.join(other)} instead of {', '.join(sample.columns)}; "
            "read files of one form together", found=", ".join(other), allowed=", ".join(sample.columns),
        )  # fmt: skip


def _part(source: Source) -> Part:
    if isinstance(source, (str, Path)):
        path = Path(source)
        return Part(path.name, path, None, reader_for(path))
    return Part("the frame", None, as_polars(source), None)


def needed(n_good: int, bad: pl.DataFrame, name: str) -> None:
    """`DataError` where not one row can be used."""
    if n_good == 0:
        reasons = counted(bad)
        said = ", ".join(f"{rows:,} × {reason}" for reason, rows in reasons.items()) or "no row"
        raise DataError(
            f"no row of {name} can be used: {said}; check which columns are meant with --dry-run", found=said
        )

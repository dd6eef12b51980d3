"""`ingest`: a log into the workspace, batch by batch; bad rows are set aside with file, line and reason, none is lost.

Memory is that of one batch of rows and of the distinct ids, whatever the length of the log.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import polars as pl

from zhiyin.core.errors import DataError
from zhiyin.core.progress import Progress, Silent
from zhiyin.data.canonical import Separated, as_id, separate
from zhiyin.data.columns import Guess
from zhiyin.data.forgetting import forgotten, is_of, remember
from zhiyin.data.log import Log, Part, needed, open_log
from zhiyin.data.readers.reader import UNSAID, Form
from zhiyin.data.report import counted
from zhiyin.data.side import items_of_events, users_of_events
from zhiyin.data.snapshots import FACTS, FORMAT, TIES, Snapshot, linked, new_snapshot, scan_parts
from zhiyin.data.sources import Source, find_sources
from zhiyin.data.ties import Ties, read_ties

BATCH = 1 << 20
"""Rows held in memory at once, and of one Parquet file."""


@dataclass(frozen=True, slots=True, eq=False)
class Ingested:
    """What was taken in."""

    snapshot: str | None
    """Digest of the snapshot; None after a dry run."""
    events: int
    """Events in the snapshot, earlier ones included."""
    users: int
    items: int
    quarantined: int
    """Rows set aside in this run."""
    reasons: Mapping[str, int]
    """The same by reason."""
    guess: Guess
    repeated: Mapping[str, str] = field(default_factory=dict)
    """Files that were taken in before, and are left out → the name they had then."""
    forgotten: int = 0
    """Rows of people who were forgotten, which were left out."""


@dataclass(slots=True)
class _Tally:
    """What went by."""

    events: int = 0
    bad: Counter[str] = field(default_factory=Counter)
    users: set[str] = field(default_factory=set)
    items: set[str] = field(default_factory=set)
    units: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    forgotten: int = 0

    def add(self, separated: Separated) -> None:
        self.events += len(separated.good)
        self.forgotten += separated.forgotten
        self.bad.update(counted(separated.bad))
        self.units.update(separated.units)
        self.unread.update(separated.unread)

    def end(self, log: Log) -> Guess:
        """What was guessed and met, once all rows were seen; raises `DataError` where none can be used."""
        if log.parts:  # else all was taken in before
            needed(self.events, pl.DataFrame({"reason": list(self.bad.elements())}), log.parts[0].name)
        return log.guess.after(self.units, self.unread)


def ingest(
    sources: Source, folder: Path | str, *, map: Mapping[str, str] | None = None, items: Source | None = None,
    users: Source | None = None, on_error: Literal["quarantine", "strict"] = "quarantine", dry_run: bool = False,
    append: bool = False, progress: Progress | None = None, now: int | None = None, form: Form = UNSAID,
    edges: Source | None = None, with_forgotten: bool = False,
) -> Ingested:  # fmt: skip
    """Take a file, several, a folder or a frame into the workspace ``folder`` as a new snapshot.

    ``edges`` is a table ``user, friend``: social ties.

    ``append`` adds to the current snapshot: ids keep their rows, and a file (or frame) that was taken in before, told
    by its digest, is left out and named in ``repeated``. Rows of people who were forgotten are not taken in, unless
    ``with_forgotten``. ``on_error="strict"`` stops at the first bad row.
    ``form`` says what a file does not tell. ``dry_run`` counts and writes nothing. Raises `DataError` where no row can
    be used; the old snapshot then stays.
    """
    if on_error not in ("quarantine", "strict"):
        raise DataError(f"on_error is {on_error!r}; it is quarantine or strict", found=str(on_error))
    log = open_log(find_sources(sources, items, users), map or {}, form)
    ties = None if edges is None else read_ties(edges, form.encoding)
    if ties is not None:
        log = replace(log, guess=replace(log.guess, notes=(*log.guess.notes, *ties.notes)))
    now = int(time.time()) if now is None else now
    digests_gone = frozenset() if with_forgotten else forgotten(Path(folder))
    if log.users is not None:
        log = replace(log, users=replace(log.users, frame=_others(log.users.frame, digests_gone)))
    old = Snapshot.load(folder) if append else None

    def further() -> tuple[Log, dict[str, str], dict[str, str], Iterator[tuple[Part, Separated]]]:
        """What is new beside ``old``: its log, what was known, the digests of both, its batches."""
        digests = dict(old.facts.get("digests", {})) if old else {}
        left, repeated = _without_known(log, digests)
        return left, repeated, digests, _separated(left, now, on_error == "strict", progress or Silent(), digests_gone)

    if dry_run:
        log, repeated, _, batches = further()
        return _counted(log, batches, repeated)
    with new_snapshot(Path(folder)) as new:
        old = Snapshot.load(folder) if append else None  # another may have appended until we had the lock
        log, repeated, digests, batches = further()
        tally = _written(new, batches, old)
        n_events = scan_parts(new / "events").select(pl.len()).collect().item() if tally.events or old else 0
        guess = tally.end(log)
        n_items, n_users = _tables(new, log, old)
        _ties(new, ties, old)
        _facts(new, replace(log, guess=guess), old, tally.bad, (n_events, n_users, n_items), digests)
    digest, reasons = Snapshot.load(folder).digest, dict(tally.bad.most_common())
    if with_forgotten:
        remember(Path(folder))
    return Ingested(
        digest, n_events, n_users, n_items, tally.bad.total(), reasons, guess, repeated, tally.forgotten
    )  # fmt: skip


def _without_known(log: Log, digests: dict[str, str]) -> tuple[Log, dict[str, str]]:
    """The log without what was taken in before or stands twice, and that; ``digests`` (→ name) learns the others."""
    kept, repeated = [], {}
    for part in log.parts:
        digest = part.digest
        if digest in digests:
            repeated[part.name] = digests[digest]
        else:
            kept.append(part)
            if digest is not None:
                digests[digest] = part.name
    return replace(log, parts=tuple(kept)), repeated


def _separated(
    log: Log, now: int, strict: bool, progress: Progress, gone: frozenset[str]
) -> Iterator[tuple[Part, Separated]]:
    """Good and bad rows of each batch; the bad ones with their line. Rows of people who are ``gone`` are in neither."""
    for part in log.parts:
        line = part.first_line
        for raw in progress.track(part.frames(rows=BATCH), f"reading {part.name}"):
            separated = separate(raw, log.guess, now)
            if gone:
                separated = _without_gone(separated, _ids(raw, log.guess), gone)
            further = part.lines_inside(raw)
            lines = separated.bad["row"].cast(pl.Int64) + line
            if further is not None:
                lines = lines + further.cum_sum().shift(1, fill_value=0).gather(separated.bad["row"])
            bad = separated.bad.with_columns(pl.coalesce("line", lines.alias("counted")).alias("line"))
            if strict and len(bad):
                first = bad.row(0, named=True)
                raise DataError(
                    f"{part.name} line {first['line']}: {first['reason']}: {first['text']}; mend it, or let bad rows "
                    "be set aside with --on-error quarantine", found=first["reason"],
                )  # fmt: skip
            line += len(raw) + (0 if further is None else int(further.sum()))
            yield part, replace(separated, bad=bad)


def _ids(raw: pl.DataFrame, guess: Guess) -> pl.Series:
    """The person of each row, as text."""
    name = guess.names["user"]
    return raw.select(as_id(name, raw.schema[name], name in guess.whole)).to_series()


def _without_gone(separated: Separated, users: pl.Series, gone: frozenset[str]) -> Separated:
    """Without the rows of people who were forgotten, good and bad; ``users``: of each row that was read."""
    good = separated.good.filter(~is_of(separated.good["user"], gone))
    bad = separated.bad.filter(~is_of(users.gather(separated.bad["row"]), gone))
    n = len(separated.good) + len(separated.bad) - len(good) - len(bad)
    return replace(separated, good=good, bad=bad, forgotten=n)


def _others(table: pl.DataFrame, gone: frozenset[str]) -> pl.DataFrame:
    return table.filter(~is_of(table["user"], gone)) if gone else table


def _counted(log: Log, batches: Iterator[tuple[Part, Separated]], repeated: Mapping[str, str]) -> Ingested:
    """A dry run."""
    tally = _Tally()
    for _, separated in batches:
        tally.add(separated)
        tally.users.update(separated.good["user"].unique())
        tally.items.update(separated.good["item"].unique(), separated.nameless["item"].unique())
    guess = tally.end(log)
    n_users = len(tally.users.union(log.users.frame["user"] if log.users else ()))
    n_items = len(tally.items.union(log.items.frame["item"])) if log.items else len(tally.items)
    reasons = dict(tally.bad.most_common())
    return Ingested(
        None, tally.events, n_users, n_items, tally.bad.total(), reasons, guess, repeated, tally.forgotten
    )  # fmt: skip


def _written(new: Path, batches: Iterator[tuple[Part, Separated]], old: Snapshot | None) -> _Tally:
    """Each batch in a file of its own, after those of the old snapshot."""
    tally, start = _Tally(), 0
    for name in ("events", "quarantine", "nameless"):
        (new / name).mkdir()
        if old is not None and (old.folder / name).is_dir():
            start = max(start, linked(old.folder / name, new / name))
    for number, (part, separated) in enumerate(batches, start=start):
        tally.add(separated)
        aside = separated.bad.select(pl.lit(part.name).alias("file"), "line", "reason", "text")
        useful = separated.nameless.select([c for c in ("item", "title", "price") if c in separated.nameless.columns])
        for name, frame in (("events", separated.good), ("quarantine", aside), ("nameless", useful)):
            if len(frame) or (name == "quarantine" and number == 0):
                frame.write_parquet(new / name / f"{number:05}.parquet")
    return tally


def _tables(new: Path, log: Log, old: Snapshot | None) -> tuple[int, int]:
    """``items.parquet`` and ``users.parquet``: every id in row order. Returns how many of each."""
    events = scan_parts(new / "events")
    sold = pl.concat([scan_parts(new / part) for part in ("events", "nameless") if any((new / part).iterdir())],
                     how="diagonal_relaxed")  # fmt: skip
    items = items_of_events(sold) if log.items is None else _complete(log.items.frame, events, "item")
    users = users_of_events(events) if log.users is None else _complete(log.users.frame, events, "user")
    if old is not None:
        items, users = _after(old.items(), items, "item"), _after(old.users(), users, "user")
    items.write_parquet(new / "items.parquet")
    users.write_parquet(new / "users.parquet")
    return len(items), len(users)


def _ties(new: Path, ties: Ties | None, old: Snapshot | None) -> None:
    """``ties.parquet``: the old ties, then new ones; no file where nobody has any."""
    frames = [frame for frame in (old.ties() if old else None, ties.frame if ties else None) if frame is not None]
    if frames:
        pl.concat(frames).unique(maintain_order=True).write_parquet(new / TIES)


def _complete(table: pl.DataFrame, events: pl.LazyFrame, id_: str) -> pl.DataFrame:
    """The table, then the ids that only the events have."""
    others = (
        events.select(id_).unique(maintain_order=True).collect().join(table, on=id_, how="anti", maintain_order="left")
    )
    return pl.concat([table, others], how="diagonal_relaxed")


def _after(old: pl.DataFrame, new: pl.DataFrame, id_: str) -> pl.DataFrame:
    """The old ids in their rows, then new ones. Of an old id the new table counts, else the old one."""
    ids = pl.concat([old.select(id_), new.select(id_).join(old, on=id_, how="anti", maintain_order="left")])
    now, before = (ids.join(table, on=id_, how="left", maintain_order="left") for table in (new, old))
    both = [pl.coalesce(table[name] for table in (now, before) if name in table.columns) for name in now.columns]
    return pl.select(both).hstack(before.drop(now.columns, strict=False))


def _facts(
    new: Path, log: Log, old: Snapshot | None, bad: Counter[str], counts: tuple[int, int, int],
    digests: Mapping[str, str],
) -> None:  # fmt: skip
    events, users, items = counts
    given = {"items": log.items, "users": log.users}
    derived = [name for name, table in given.items() if table is None and (old is None or name in old.facts["derived"])]
    before = old.facts if old is not None else {"sources": [], "quarantined": {}}
    facts = {
        "format": FORMAT, "events": events, "users": users, "items": items, "derived": derived,
        "sources": [*before["sources"], *(part.name for part in log.parts)],
        "names": dict(log.guess.names), "notes": list(log.guess.notes),
        "quarantined": dict(Counter(before["quarantined"]) + bad), "digests": dict(digests),
    }  # fmt: skip
    (new / FACTS).write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")

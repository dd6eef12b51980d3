"""Snapshots: a log as it was taken in, in Parquet, named by the digest of its content, written whole or not at all.

``WORKSPACE/data/snapshots/DIGEST/`` holds ``events/00000.parquet …``, ``items.parquet``, ``users.parquet``,
``ties.parquet`` where friends are known, the rows set aside in ``quarantine/`` and ``snapshot.json``;
``WORKSPACE/data/current`` names the one in use.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from zhiyin.core.errors import DataError
from zhiyin.core.files import locked, sha256, whole_file, whole_folder
from zhiyin.data.cleaning import clean
from zhiyin.data.dataset import Dataset, dataset_of
from zhiyin.data.report import left_out
from zhiyin.data.side import items_of_events, users_of_events
from zhiyin.data.ties import with_friends
from zhiyin.data.weighting import Weighting

FORMAT = 1
"""Version of the layout; a snapshot of a newer one is refused."""
FACTS = "snapshot.json"
TIES = "ties.parquet"


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One snapshot on disk."""

    folder: Path
    facts: Mapping[str, Any]
    """events, users, items (counts), names, notes, derived, sources, quarantined (rows by reason)."""

    @classmethod
    def load(cls, folder: Path | str) -> "Snapshot":
        """The current snapshot of a workspace, or the one in this folder. Raises `DataError` where there is none."""
        workspace = folder = Path(folder)
        pointer = folder / "data" / "current"
        if pointer.is_file():
            with _undamaged(pointer):
                folder = folder / "data" / "snapshots" / pointer.read_text("utf-8").strip()
        if not (folder / FACTS).is_file():
            raise DataError(f"{folder} has no snapshot of a log; take one in first: zhiyin ingest FILE -w {workspace}")
        with _undamaged(folder / FACTS):
            facts = json.loads((folder / FACTS).read_text("utf-8"))
            int(facts["format"])
        if facts["format"] > FORMAT:
            raise DataError(
                f"{folder} was written by a newer version (layout {facts['format']}, this one reads {FORMAT}); "
                "upgrade zhiyin, or ingest again", found=str(facts["format"]), allowed=str(FORMAT),
            )  # fmt: skip
        return cls(folder, facts)

    @property
    def digest(self) -> str:
        """Its name: the digest of events, items and users."""
        return self.folder.name

    def scan(self) -> pl.LazyFrame:
        """The events under our names, lazily."""
        return scan_parts(self.folder / "events")

    def events(self) -> pl.DataFrame:
        """The events under our names."""
        with _undamaged(self.folder / "events"):
            return self.scan().collect()

    def items(self) -> pl.DataFrame:
        """Every item, in row order, and what is known of it."""
        with _undamaged(self.folder / "items.parquet"):
            return pl.read_parquet(self.folder / "items.parquet", glob=False)

    def users(self) -> pl.DataFrame:
        """Everybody, in row order, and what is known of them."""
        with _undamaged(self.folder / "users.parquet"):
            return pl.read_parquet(self.folder / "users.parquet", glob=False)

    def ties(self) -> pl.DataFrame | None:
        """Who is a friend of whom (user, friend), where that was taken in."""
        if not (self.folder / TIES).is_file():
            return None
        with _undamaged(self.folder / TIES):
            return pl.read_parquet(self.folder / TIES, glob=False)

    def quarantine(self) -> pl.DataFrame:
        """The rows set aside: file, line, reason, text."""
        with _undamaged(self.folder / "quarantine"):
            return scan_parts(self.folder / "quarantine").collect()

    def dataset(
        self, weighting: Weighting | None = None, fixes: Iterable[str] | str = (), *, now: int | None = None
    ) -> Dataset:
        """The dataset after these fixes, with the report of every row left out.

        Tables of items and people that were made from the events are made again from what the fixes left.
        """
        events, items, users = self.events(), self.items(), self.users()
        cleaned = clean(events, fixes, items, now=now)
        derived = self.facts["derived"]
        left = cleaned.events
        if cleaned.reports:
            items = items_of_events(left.lazy()) if "items" in derived else _told(items, "item", left["item"])
            users = users_of_events(left.lazy()) if "users" in derived else _told(users, "user", left["user"])
        if (ties := self.ties()) is not None:
            users = with_friends(users, ties)
        dataset = dataset_of(cleaned.events, items, users, weighting or Weighting())
        bad = self.quarantine().select("reason")
        return replace(dataset, report=(*left_out(bad, len(events)), *cleaned.reports))


def _told(table: pl.DataFrame, key: str, ids: pl.Series) -> pl.DataFrame:
    """The given table without ids that only events had which a fix has taken away (or merged): nothing is known of
    them, and no event is left."""
    known = [pl.col(name).is_not_null() for name in table.columns if name != key]
    return table.filter(pl.any_horizontal(known) | pl.col(key).is_in(ids.unique().implode())) if known else table


@contextmanager
def _undamaged(path: Path) -> Iterator[None]:
    """A file of a snapshot that was changed or lost."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError, ValueError, KeyError, TypeError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path} is damaged ({said}); take the log in again with zhiyin ingest", found=said) from error


def scan_parts(folder: Path) -> pl.LazyFrame:
    """The numbered Parquet files of a folder end to end; a column that a part lacks is missing there."""
    files = sorted(folder.glob("*.parquet"))
    return pl.concat([pl.scan_parquet(file, glob=False) for file in files], how="diagonal_relaxed")


@contextmanager
def new_snapshot(workspace: Path) -> Iterator[Path]:
    """A folder to write a snapshot into; it becomes the current one when the block ends well, and nothing else changes
    before. A killed run leaves the old one in use and a hidden folder that the next run removes."""
    snapshots = workspace / "data" / "snapshots"
    with locked(workspace / "data" / ".lock"):
        for left in snapshots.glob(".incoming.*"):
            shutil.rmtree(left, ignore_errors=True)
        incoming = snapshots / "incoming"
        with whole_folder(incoming) as folder:
            yield folder
            digest = content_digest(folder)
        target = snapshots / digest
        if target.exists():
            _take_over(target, incoming)
        else:
            incoming.rename(target)
        with whole_file(workspace / "data" / "current") as pointer:
            pointer.write_text(digest + "\n")


def _take_over(target: Path, incoming: Path) -> None:
    """The same events once more: every file anew, since what is said of them (files, rows set aside) may differ, and a
    damaged file is mended so."""
    new = [path.relative_to(incoming) for path in sorted(incoming.rglob("*")) if path.is_file()]
    for name in new:
        (target / name).parent.mkdir(exist_ok=True)
        (incoming / name).replace(target / name)
    for path in [path for path in target.rglob("*") if path.is_file() and path.relative_to(target) not in new]:
        path.unlink()
    shutil.rmtree(incoming)


def content_digest(folder: Path) -> str:
    """sha256 over the names and digests of all files of events, items, users and, where there are any, ties."""
    digest = hashlib.sha256()
    tables = [folder / "items.parquet", folder / "users.parquet", *folder.glob(TIES)]
    for file in [*sorted((folder / "events").glob("*.parquet")), *tables]:
        digest.update(f"{file.name}:{sha256(file)}\n".encode())
    return digest.hexdigest()


def linked(source: Path, target: Path) -> int:
    """The parts of an earlier snapshot in the folder of a new one, without copying where the disk can; how many."""
    target.mkdir(parents=True, exist_ok=True)
    files = sorted(source.glob("*.parquet"))
    for file in files:
        try:
            os.link(file, target / file.name)
        except OSError:
            shutil.copyfile(file, target / file.name)
    return len(files)

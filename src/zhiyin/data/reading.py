"""`read`: one line from a dirty file to a `Dataset`, with a report of every row left out. No workspace is needed."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from zhiyin.data.cleaning import FixReport, clean
from zhiyin.data.columns import Guess
from zhiyin.data.dataset import Dataset, dataset_of
from zhiyin.data.log import needed, open_log
from zhiyin.data.report import left_out
from zhiyin.data.side import items_of_events, users_of_events
from zhiyin.data.sources import Source, find_sources
from zhiyin.data.weighting import Weighting


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
    frames = read_frames(path, map=map, items=items, users=users, now=now)
    cleaned = clean(frames.events, fixes, frames.items, now=now)
    return frames.dataset(cleaned.events, cleaned.reports, weighting or Weighting())


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """A log under our names, before any fix: what the checks look at."""

    events: pl.DataFrame
    nameless: pl.DataFrame
    """Rows that lack nothing but a user."""
    items: pl.DataFrame | None
    """The table of items that was given."""
    users: pl.DataFrame | None
    report: tuple[FixReport, ...]
    """What was left out."""
    guess: Guess

    def dataset(self, events: pl.DataFrame, fixed: tuple[FixReport, ...], weighting: Weighting) -> Dataset:
        """The dataset of ``events``, which ``fixed`` says how they were mended."""
        items = _items(events, self.nameless.clear() if fixed else self.nameless) if self.items is None else self.items
        users = _users(events) if self.users is None else self.users
        dataset = dataset_of(events, items, users, weighting)
        return replace(dataset, report=(*self.report, *fixed), guess=self.guess)


def read_frames(
    path: Source, *, map: Mapping[str, str] | None = None, items: Source | None = None, users: Source | None = None,
    now: int | None = None,
) -> Frames:  # fmt: skip
    """The first half of `read`: rows that cannot be used apart, nothing mended."""
    log = open_log(find_sources(path, items, users), map or {})
    parts = [part.separated(log.guess, int(time.time()) if now is None else now) for part in log.parts]
    events = pl.concat([part.good for part in parts], how="diagonal_relaxed") if len(parts) > 1 else parts[0].good
    bad = pl.concat([part.bad for part in parts])
    needed(len(events), bad, log.parts[0].name)
    nameless = pl.concat([part.nameless for part in parts], how="diagonal_relaxed")
    return Frames(
        events, nameless, log.items.frame if log.items else None, log.users.frame if log.users else None,
        left_out(bad, len(events)), log.guess,
    )  # fmt: skip


def _items(events: pl.DataFrame, nameless: pl.DataFrame) -> pl.DataFrame | None:
    """What events say of their items; None where that is no more than their ids."""
    if not len(nameless) and not {"title", "price"} & set(events.columns):
        return None
    return items_of_events(pl.concat([events, nameless], how="diagonal_relaxed").lazy())


def _users(events: pl.DataFrame) -> pl.DataFrame | None:
    return users_of_events(events.lazy()) if "country" in events.columns else None

"""`read`: one line from a dirty file to a `Dataset`, with a report of every row left out. No workspace is needed."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl

from zhiyin.data.canonical import Separated, separate
from zhiyin.data.checks.quality import Quality, run_checks
from zhiyin.data.cleaning import Cleaned, FixReport, chosen, clean
from zhiyin.data.columns import Guess
from zhiyin.data.dataset import Dataset, dataset_of
from zhiyin.data.log import needed, open_log
from zhiyin.data.numbers import Numbered, Numbers
from zhiyin.data.readers.reader import UNSAID, Form
from zhiyin.data.report import left_out
from zhiyin.data.side import items_of_events, users_of_events
from zhiyin.data.sources import Source, find_sources
from zhiyin.data.weighting import Weighting


def read(
    path: Source, *, fixes: Iterable[str] | str = (), map: Mapping[str, str] | None = None,
    items: Source | None = None, users: Source | None = None, weighting: Weighting | None = None,
    now: int | None = None, sheet: str | None = None, encoding: str | None = None, time_format: str | None = None,
) -> Dataset:  # fmt: skip
    """The dataset in a file, a folder or a frame.

    ``map`` (ours: yours) goes before the guessed columns; ``fixes`` are those of `zhiyin.data.cleaning` (``"shop"`` is
    a set of them). Rows that cannot be used are left out and counted in ``dataset.report``, as is what each fix did.
    Without a table of items, items are those of the events, before any fix also those that only lines without a user
    have. ``now`` (s UTC, default the clock) decides what is in the future. ``sheet`` of a workbook, ``encoding`` of
    text and ``time_format`` (``%d.%m.%Y %H:%M``) go before what is told from the file, which ``dataset.guess`` says.
    Raises `DataError` where no row can be used.
    """
    form = Form(sheet, encoding, time_format)
    frames = read_frames(path, map=map, items=items, users=users, now=now, form=form)
    names = chosen(fixes)
    cleaned = clean(frames.events, names, frames.items, now=now) if names else None
    return frames.dataset(weighting or Weighting(), cleaned)


BATCH = 1 << 18
"""Rows held as text at once."""


@dataclass(frozen=True, eq=False)
class Frames:
    """A log under our names, before any fix: what the checks look at."""

    user: Numbered
    """The events' users."""
    item: Numbered
    """Their items."""
    others: pl.DataFrame
    """Their other columns."""
    nameless: pl.DataFrame
    """Rows that lack nothing but a user."""
    items: pl.DataFrame | None
    """The table of items that was given."""
    users: pl.DataFrame | None
    report: tuple[FixReport, ...]
    """What was left out."""
    guess: Guess

    @cached_property
    def events(self) -> pl.DataFrame:
        """All columns, ids as text."""
        ids = [self.user.texts.alias("user"), self.item.texts.alias("item")]
        return pl.DataFrame([*ids, *self.others.get_columns()])

    def quality(self, now: int | None = None) -> Quality:
        """What all checks say of it; ``now`` (s UTC, default the clock) is the present."""
        return run_checks(self.events, self.items, self.users, now=now, ids=(self.user, self.item))

    def dataset(self, weighting: Weighting, cleaned: Cleaned | None = None) -> Dataset:
        """The dataset of all events, or of those that fixes left."""
        events = self.others if cleaned is None else cleaned.events
        fixed = () if cleaned is None else cleaned.reports
        items, users = self.items, self.users
        if items is None and ((self.nameless.height and not fixed) or {"title", "price"} & set(events.columns)):
            known = self.events if cleaned is None else events
            sold = [known] if fixed else [known, self.nameless]
            items = items_of_events(pl.concat(sold, how="diagonal_relaxed").lazy())
        if users is None and "country" in events.columns:
            users = users_of_events((self.events if cleaned is None else events).lazy())
        ids = (self.user, self.item) if cleaned is None else None
        dataset = dataset_of(events, items, users, weighting, ids)
        return replace(dataset, report=(*self.report, *fixed), guess=self.guess)


def read_frames(
    path: Source, *, map: Mapping[str, str] | None = None, items: Source | None = None, users: Source | None = None,
    now: int | None = None, form: Form = UNSAID,
) -> Frames:  # fmt: skip
    """The first half of `read`: rows that cannot be used apart, nothing mended."""
    log = open_log(find_sources(path, items, users), map or {}, form)
    now = int(time.time()) if now is None else now

    numbers = {"user": Numbers(), "item": Numbers()}

    def taken(raw: pl.DataFrame) -> Separated:
        """Ids leave the batch as numbers: their text is most of a log's memory."""
        found = separate(raw, log.guess, now)
        ids = [pl.Series(name, of.of(found.good[name])) for name, of in numbers.items()]
        return replace(found, good=found.good.with_columns(ids))

    batches = [batch for part in log.parts for batch in part.each(taken, log.guess, BATCH)]
    events = _end_to_end([batch.good for batch in batches])
    bad = pl.concat([batch.bad for batch in batches])
    needed(len(events), bad, log.parts[0].name)
    user, item = (Numbered(events[name].to_numpy(), of.distinct()) for name, of in numbers.items())
    guess = log.guess.after(_summed(b.units for b in batches), _summed(b.unread for b in batches))
    return Frames(
        user, item, events.drop("user", "item"), _end_to_end([batch.nameless for batch in batches]),
        log.items.frame if log.items else None, log.users.frame if log.users else None,
        left_out(bad, len(events)), guess,
    )  # fmt: skip


def _summed(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    return sum(map(Counter, counts), Counter())


def _end_to_end(frames: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(frames, how="diagonal_relaxed") if len(frames) > 1 else frames[0]

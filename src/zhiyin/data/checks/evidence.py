"""A log as the checks see it: the frames, and what several checks need of them, each computed once when asked for.

Letters: E events, I distinct ids, T events that have a user and a time.
"""

import time
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from zhiyin.data.coding import in_order
from zhiyin.data.numbers import Numbered, numbered

DAY = 86_400


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A column of ids as small numbers."""

    codes: np.ndarray
    """int32 (E,): number of each row's id in order of first appearance, -1 where it is missing."""
    ids: pl.Series
    """The distinct ids, String (I,)."""
    counts: np.ndarray
    """int64 (I,): rows of each id."""

    def rows_of(self, wanted: np.ndarray) -> np.ndarray:
        """Rows of the ids where ``wanted`` (bool, (I,)) is true, int64 ascending."""
        if not wanted.any():
            return np.zeros(0, np.int64)
        return np.flatnonzero(np.append(wanted, False)[self.codes])


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The timed events person by person, oldest first, ties in the order of the rows.

    A moment is one person at one time; events that share theirs are tied.
    """

    rows: np.ndarray
    """int (T,): rows of the events."""
    users: np.ndarray
    """int32 (T,): codes of the users."""
    times: np.ndarray
    """int64 (T,)"""
    starts: np.ndarray
    """bool (T,): whether the event is the first of its moment."""
    tied: np.ndarray
    """Places in the timeline of tied events, int64 ascending."""


class Evidence:
    """The frames and the facts that checks share. ``now`` (s UTC) is the present, by default the clock."""

    def __init__(
        self, events: pl.DataFrame, items: pl.DataFrame | None = None, users: pl.DataFrame | None = None, *,
        now: int | None = None, ids: tuple[Numbered, Numbered] | None = None,
    ) -> None:  # fmt: skip
        self.events = events
        self.items = items
        self.users = users
        self._ids = ids
        self.now = int(time.time()) if now is None else now

    @property
    def n(self) -> int:
        """E, the number of events."""
        return len(self.events)

    def has(self, column: str) -> bool:
        """Whether the events have this column with at least one value in it."""
        return column in self.events.columns and self.events[column].null_count() < self.n

    def numbers(self, column: str) -> pl.Series:
        """A column as Float64; what is no number is null."""
        return self.events[column].cast(pl.Float64, strict=False)

    @cached_property
    def times(self) -> pl.Series:
        """Column ``time`` as Int64; what is no whole number is null."""
        column = self.events["time"]
        return column.dt.epoch("s") if column.dtype.is_temporal() else column.cast(pl.Int64, strict=False)

    @cached_property
    def user(self) -> Coded:
        """Column ``user``, coded."""
        return _coded(self.events["user"]) if self._ids is None else _counted(self._ids[0])

    @cached_property
    def item(self) -> Coded:
        """Column ``item``, coded."""
        return _coded(self.events["item"]) if self._ids is None else _counted(self._ids[1])

    @cached_property
    def timeline(self) -> Timeline:
        """Needs ``user`` and ``time``."""
        times, users, rows = self.times, self.user.codes, None
        if times.null_count() or users.min(initial=0) < 0:
            rows = np.flatnonzero(times.is_not_null().to_numpy() & (users >= 0))
            users, times = users[rows], times.gather(rows)
        found = in_order(users, [times.to_numpy()])
        users, seconds = found.placed(users), found.keys[0]
        rows = found.placed(np.arange(self.n, dtype=np.int32) if rows is None else rows)
        starts = np.ones(len(rows), bool)
        starts[1:] = (users[1:] != users[:-1]) | (seconds[1:] != seconds[:-1])
        tied = np.flatnonzero(~(starts & np.append(starts[1:], True)))
        return Timeline(rows, users, seconds, starts, tied)

    @cached_property
    def tick(self) -> int:
        """The finest step of the clock: 86,400 where times are whole days, 3,600, 60, else 1."""
        times = self.times.drop_nulls()
        first = times.head(1_000)  # nearly always enough to say no
        return next(
            (u for u in (DAY, 3_600, 60) if len(times) and (first % u == 0).all() and (times % u == 0).all()), 1
        )


def _coded(column: pl.Series) -> Coded:
    known = column.is_not_null().to_numpy()
    found = _counted(numbered(column.drop_nulls().cast(pl.String)))
    if known.all():
        return found
    with_gaps = np.full(len(column), -1, np.int32)
    with_gaps[known] = found.codes
    return replace(found, codes=with_gaps)


def _counted(ids: Numbered) -> Coded:
    return Coded(ids.codes, ids.distinct, np.bincount(ids.codes, minlength=len(ids.distinct)))

"""Whoever asks now: a person of the log with what came in since, somebody the log never met, or a bare history.

Letters: E events that came in.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import polars as pl

from zhiyin.answering.answer import Answerer
from zhiyin.answering.questions import excluded, of_history, on_catalogue, requests_of
from zhiyin.core.errors import DataError
from zhiyin.core.ids import UNKNOWN
from zhiyin.data.consent import ALL, CONSENT, allows, consent_bits
from zhiyin.data.contracts import KINDS, Histories, Ragged, Requests, Table, column_array
from zhiyin.data.dataset import Encoded

DAY_S = 86_400
OLD_DAYS = 30
"""A log whose newest event is older than this is asked as if it had ended when the first question came: windows such as
"in the last 7 days" would otherwise be empty, and everything be equally long ago."""


class Happening(Protocol):
    """An event as it came in."""

    @property
    def item(self) -> str: ...
    @property
    def time(self) -> int | None: ...
    @property
    def kind(self) -> str | None: ...
    @property
    def value(self) -> float | None: ...
    @property
    def context(self) -> Mapping[str, Any] | None: ...


class Asking:
    """Questions to one `Answerer`, at the time of a clock."""

    def __init__(self, answerer: Answerer, clock: Callable[[], float] = time.time) -> None:
        self.catalogue, self.exclude = answerer.assembly.catalogue, answerer.assembly.exclude
        self.clock = clock
        model, _ = next(iter(answerer.assembly.sources.values()))
        log = answerer.dataset
        self.dataset = None if log is None else on_catalogue(log, self.catalogue)
        self.kinds = KINDS if log is None else log.kinds
        self.weighting = model.weighting if log is None else log.weighting
        self.newest = 0 if log is None else int(log.histories.times.max(initial=0))
        self.timed = log is None or log.order == "time"
        age_s = int(clock()) - self.newest
        self.lag_s = age_s if log is not None and self.timed and age_s > OLD_DAYS * DAY_S else 0
        """What is taken off the clock, for a log that ended long ago."""

    @property
    def now(self) -> int:
        """The time of asking; the log's last place where it has no times."""
        return max(int(self.clock()) - self.lag_s, self.newest) if self.timed else self.newest

    def person(
        self, user: str, events: Sequence[Happening] = (), never: Sequence[str] = (), *,
        said: Mapping[str, Any] | None = None, forgotten: bool = False,
    ) -> Encoded:  # fmt: skip
        """This person of the log and the ``events`` that came in since, in order; somebody new where neither is.

        An event that the log has taken in meanwhile counts once. ``never``: ids of items that are not returned;
        ``said``: what is known of the person, by column, before what the log says; ``forgotten``: the log is not read.
        """
        before, known = self._of_log(None if forgotten else user)
        allowed = [event for event in events if _personal(event.context)]
        rows = self.catalogue.ids.rows(event.item for event in allowed)
        readable = [event for event, row in zip(allowed, rows, strict=True) if row != UNKNOWN]
        histories = before.histories
        if readable:
            histories = histories.joined(self._histories(readable, before))
        seen = excluded(histories, self.exclude, self.kinds)
        unknown = list(dict.fromkeys(event.item for event, row in zip(allowed, rows, strict=True) if row == UNKNOWN))
        requests = Requests(histories, np.array([self.now]), self._and_never(seen, never), _with(before.person, said))
        new = [] if known or allowed else [f"nothing is known of {user!r} yet: answered as for somebody new"]
        return Encoded(requests, [user], [unknown], [new])

    def history(self, items: Sequence[str], never: Sequence[str] = ()) -> Encoded:
        """Somebody of whom only these items are known, oldest first."""
        asked = of_history(self.catalogue, self.weighting, items, self.now)
        exclude = self._and_never(asked.requests.exclude, never)
        return replace(asked, requests=replace(asked.requests, exclude=exclude))

    def at(self, question: Encoded, moment: Mapping[str, Any]) -> Encoded:
        """The same question with what is known of the ``moment`` of asking, by column."""
        if not moment:
            return question
        said = {name: column_array([value]) for name, value in moment.items()}
        return replace(question, requests=replace(question.requests, moment=said))

    def check(self, event: Happening) -> None:
        """Raises `DataError` for an event that no answer could read: of a kind or a consent that nobody knows."""
        if event.kind is not None and event.kind not in self.kinds:
            raise DataError.unknown(f"there is no kind {event.kind!r}", event.kind, self.kinds, "the kinds are")
        _personal(event.context)

    def _of_log(self, user: str | None) -> tuple[Requests, bool]:
        """What the log knows of this person (None: nothing), and whether it knows them."""
        if self.dataset is None:
            return Requests.of(Histories.empty(1)), False
        row = UNKNOWN if user is None else self.dataset.users.row(user)
        return requests_of(self.dataset, np.array([row]), self.exclude, self.newest), row != UNKNOWN

    def _histories(self, events: Sequence[Happening], before: Requests) -> Histories:
        """These events (items known) as the history of one person who did what is ``before``."""
        log = before.histories
        last = int(log.times.max(initial=0))
        rows = self.catalogue.ids.rows(event.item for event in events)
        codes = np.array([self._code(event.kind) for event in events], np.uint8)
        values = np.array([np.nan if event.value is None else event.value for event in events], np.float32)
        stamps = np.array([event.time or 0 for event in events], np.int64) - self.lag_s
        # the order is the one in which they came: a client's clock that is behind or ahead moves none of them
        times = np.maximum.accumulate(np.clip(stamps, last, max(self.now, last)))
        times = times if self.timed else last + 1 + np.arange(len(events))
        weights = self.weighting.weights(codes, values, self.kinds)
        context = {name: _said(name, column, events) for name, column in log.context.items()}
        came = Histories(np.array([0, len(events)]), rows, times, codes, values, weights, context)
        if not self.timed or not log.n_events:
            return came
        taken_in = set(zip(log.items.tolist(), log.times.tolist(), log.kinds.tolist(), strict=True))
        what = zip(rows.tolist(), stamps.tolist(), codes.tolist(), strict=True)
        return came.keep(np.array([one not in taken_in for one in what], bool))

    def _code(self, kind: str | None) -> int:
        return self.kinds.index(kind) if kind in self.kinds else 0

    def _and_never(self, seen: Ragged, never: Sequence[str]) -> Ragged:
        rows = self.catalogue.ids.rows(never)
        return Ragged.of([np.concatenate([seen.rows, rows[rows != UNKNOWN]])])


def _with(person: Table | None, said: Mapping[str, Any] | None) -> Table | None:
    """What is known of the one person, with what was ``said`` since; a number stays one where the log has numbers."""
    if not said:
        return person
    return {**(person or {}), **{name: column_array([value]) for name, value in said.items()}}


def _personal(context: Mapping[str, Any] | None) -> bool:
    """Whether the person lets the event be used for their own answers. Raises `DataError` for another word."""
    said = (context or {}).get(CONSENT)
    if said is not None and not isinstance(said, str):
        raise DataError(f"consent is {said!r}; give purposes joined by |, or none", found=repr(said))
    return said is None or bool(allows(consent_bits(pl.Series([said], dtype=pl.String)), "personalise")[0])


def _said(name: str, like: np.ndarray, events: Sequence[Happening]) -> np.ndarray:
    """A context column of events that came in; missing where they say nothing, or no number where there are numbers.
    Those whose consent is missing are allowed everything."""
    if name == CONSENT:
        return np.full(len(events), ALL, like.dtype)
    said = [(event.context or {}).get(name) for event in events]
    if like.dtype == object:
        return np.array([*(value if value is None else str(value) for value in said), None], dtype=object)[:-1]
    return np.array([value if isinstance(value, (int, float)) else np.nan for value in said], np.float64)

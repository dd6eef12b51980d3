"""An answer within a time budget: the first rung that gives one in time.

``full``: the whole assembly. ``retrieval``: the candidates of one of its sources. ``cached``: what was last answered to
this person. ``context``: what most people took of the categories that the person met last. ``popular``: what most
people took. The last three were made before, so that they need no model and cannot be late. House rules hold on each.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import replace
from threading import Lock
from typing import Literal, get_args

import numpy as np
from pydantic import Field

from zhiyin.answering.answer import Answerer, Shown
from zhiyin.answering.candidates import moved_up
from zhiyin.answering.exploration import NEW, Exploration
from zhiyin.answering.questions import on_catalogue
from zhiyin.answering.rising import SOURCE as RISING
from zhiyin.answering.rising import Taken, rising
from zhiyin.answering.wishes import NONE, Wishes
from zhiyin.core.ids import UNKNOWN
from zhiyin.core.settings import Config
from zhiyin.core.wire import Recommendations, SlateItem, SlateJSON
from zhiyin.data.contracts import FILL, Candidates, Histories, Requests
from zhiyin.data.contracts.slates import slate_length
from zhiyin.data.dataset import Encoded
from zhiyin.data.popularity import counts

Rung = Literal["full", "retrieval", "cached", "context", "popular"]
GIVEN = "given"
"""The source of an item of a list that was asked about."""
RUNGS: tuple[Rung, ...] = get_args(Rung)
WIDTH = 200
"""Candidates of the lower rungs, of which the house rules may drop some."""
PEOPLE = 10_000
"""Of whom the last answer is remembered."""
LAST = 10
"""Events whose categories are the context."""
CATEGORY = "category"
log = logging.getLogger("zhiyin.answering")


class Budget(Config):
    """Seconds that each rung may take before the next one answers."""

    full_s: float = Field(default=1.0, gt=0)
    """The whole assembly."""
    reasons_s: float = Field(default=10.0, gt=0)
    """The whole assembly where reasons were asked for: each is tried by asking again."""
    retrieval_s: float = Field(default=0.25, gt=0)
    """One source."""
    workers: int = Field(default=2, gt=0)
    """Threads of each rung, and as many for reasons, which nobody else waits for. A thread that is late is not stopped,
    so that as many late ones close their rung."""


class Ladder:
    """One `Answerer` that always answers."""

    def __init__(
        self, answerer: Answerer, budget: Budget | None = None, explore: float = 0.0,
        chance: Callable[[], np.random.Generator] = np.random.default_rng,
    ) -> None:  # fmt: skip
        """Counts what is popular, and reads the house rules: raises `SettingsError` for one that cannot be kept.

        ``explore``: share of slates in which a new item is tried at one place, by ``chance``.
        """
        self.answerer, self.budget = answerer, budget or Budget()
        sources = answerer.assembly.sources
        reading = [name for name, (model, _) in sources.items() if model.reads_history]
        self.source = (reading or list(sources))[0]
        """NAME of the source that answers the second rung."""
        self.popular = _by_popularity(answerer)
        self.counts = np.zeros(len(self.popular[0]), np.float32)
        self.counts[self.popular[0]] = self.popular[1]
        self.exploration, self.chance = Exploration(explore, self.counts < NEW), chance
        self._last: OrderedDict[str, Candidates] = OrderedDict()
        self._remembering = Lock()
        self._threads = {
            name: ThreadPoolExecutor(self.budget.workers, name) for name in ("full", "reasons", "retrieval")
        }

    def answer(
        self, question: Encoded, k: int | None = None, *, reasons: bool = False, wishes: Wishes = NONE,
        first: Rung = "full",
    ) -> Recommendations:  # fmt: skip
        """A slate for the one request of the question, naming its rung; ``first``: the rung that is tried first.

        Raises `ModelError` for a wrong ``k``, `SettingsError` for a wish about a column that the items do not have.
        """
        answerer = self.answerer.under(wishes)
        k = slate_length(answerer.k if k is None else k, len(answerer.assembly.catalogue))
        slate = self._climbed(
            {
                "full": lambda: self._full(answerer, question, k, reasons),
                "retrieval": lambda: self._retrieval(answerer, question, k),
                "cached": lambda: self._cached(answerer, question, k),
                "context": lambda: self._context(answerer, question, k),
                "popular": lambda: self._popular(answerer, question, k),
            },
            first, reasons,
        )  # fmt: skip
        return {"recommendations": [slate]}

    def rerank(self, question: Encoded, items: Sequence[str]) -> SlateJSON:
        """These items, best first for the one request of the question: all that are known, whatever the house rules."""
        answerer, catalogue = self.answerer, self.answerer.assembly.catalogue
        given = list(dict.fromkeys(items))
        all_rows = catalogue.ids.rows(given)
        rows = all_rows[all_rows != UNKNOWN]
        unknown = [item for item, row in zip(given, all_rows, strict=True) if row == UNKNOWN]
        asked = replace(question, unknown=[[*question.unknown[0], *unknown]])
        requests, model = question.requests, answerer.assembly.sources[self.source][0]

        def by(scores: Callable[[], np.ndarray]) -> Callable[[], SlateJSON]:
            def slate() -> SlateJSON:
                found = scores() if len(rows) else np.zeros(0, np.float32)
                best = np.argsort(-found, kind="stable")
                shown = [answerer.item(Shown(int(rows[c]), float(found[c]), (GIVEN,))) for c in best]
                return answerer.slate(asked, 0, shown, len(given))

            return slate

        return self._climbed(
            {
                "full": by(lambda: answerer.scored(requests, rows)),
                "retrieval": by(lambda: model.score(requests, rows[None])[0]),
                "popular": by(lambda: self.counts[rows]),
            }
        )

    def rising(self, k: int, now: int, days: float, live: Taken, wishes: Wishes = NONE) -> SlateJSON:
        """What is taken more in the last ``days`` than in those before, for everybody alike."""
        answerer = self.answerer.under(wishes)
        question = Encoded(Requests.of(Histories.empty(1)), [None], [[]], [[]])
        found = rising(answerer, now, days, live)
        if answerer.allowed is not None:
            found = moved_up(found, answerer.allowed[found.rows])
        k = slate_length(k, len(answerer.assembly.catalogue))
        slate = _plain(answerer, question, answerer.capped(found), k)
        slate["rung"] = RISING
        return slate

    def warm(self, question: Encoded) -> None:
        """Give the answer of each rung, however long it takes. Raises what a rung raises."""
        one = self.answerer
        k = slate_length(one.k, len(one.assembly.catalogue))
        for rung in (
            self._full(one, question, k, False), self._retrieval(one, question, k),
            self._context(one, question, k) or self._popular(one, question, k),
        ):  # fmt: skip
            log.debug("warm: %d items", len(rung["items"]))

    def similar(self, item: str, k: int) -> SlateJSON:
        """The items that fit best to a history of just this one; none, and it is said so, for an unknown item."""
        catalogue = self.answerer.assembly.catalogue
        row = catalogue.ids.row(item)
        known = row >= 0
        notes = [] if known else [f"item {catalogue.ids.hint(item)}"]
        asked = Requests.of(Histories.of([[row] if known else []]))
        question = Encoded(asked, [None], [[] if known else [item]], [notes])
        found = self._of_source(self.answerer, asked, slate_length(k, len(catalogue)))
        slate = _plain(self.answerer, question, found, k if known else 0)
        slate["rung"] = "retrieval"
        return slate

    def close(self) -> None:
        """Begin nothing more."""
        for threads in self._threads.values():
            threads.shutdown(wait=False, cancel_futures=True)

    def _climbed(
        self, rungs: Mapping[Rung, Callable[[], SlateJSON | None]], first: Rung = "full", reasons: bool = False
    ) -> SlateJSON:
        """The slate of the first rung that has one in time, of ``first`` and those below it."""
        for rung in RUNGS[RUNGS.index(first) :]:
            asked = rungs.get(rung)
            if asked is None:
                continue
            limits = {
                "full": ("reasons", self.budget.reasons_s) if reasons else ("full", self.budget.full_s),
                "retrieval": ("retrieval", self.budget.retrieval_s),
            }
            slate = self._tried(rung, *limits[rung], asked) if rung in limits else asked()
            if slate is not None:
                slate["rung"] = rung
                return slate
        raise AssertionError  # the last rung has one always

    def _tried(
        self, rung: str, threads: str, within_s: float, asked: Callable[[], SlateJSON | None]
    ) -> SlateJSON | None:
        """The rung's slate, None where it is late or fails."""
        begun: Future[SlateJSON | None] = self._threads[threads].submit(asked)
        try:
            return begun.result(within_s)
        except Late:
            begun.cancel()  # where it has not begun: the threads are busy
            log.warning("rung %s took longer than %g s; the next one answers", rung, within_s)
        except Exception as error:
            log.error("rung %s failed (%s); the next one answers", rung, type(error).__name__, exc_info=error)
        return None

    def _full(self, answerer: Answerer, question: Encoded, k: int, reasons: bool) -> SlateJSON:
        if reasons:
            return answerer.answer(question, k)["recommendations"][0]
        requests, depth = question.requests, answerer.depth(k)
        found = answerer.assembly.ranked(requests, depth, answerer.counters, answerer.allowed)
        if answerer.wishes.filter is None:
            self._remember(question.users[0], found)
        return self._slate(answerer, question, answerer.capped(found), k)

    def _remember(self, user: str | None, found: Candidates) -> None:
        if user is None:
            return
        one = slice(0, WIDTH)
        kept = Candidates(found.rows[:, one], found.scores[:, one], found.sources[:, one], found.source_names)
        with self._remembering:
            self._last[user] = kept
            self._last.move_to_end(user)
            if len(self._last) > PEOPLE:
                self._last.popitem(last=False)

    def forget(self, user: str) -> None:
        """Remember nothing of this person."""
        with self._remembering:
            self._last.pop(user, None)

    def _retrieval(self, answerer: Answerer, question: Encoded, k: int) -> SlateJSON:
        return self._slate(answerer, question, self._of_source(answerer, question.requests, answerer.depth(k)), k)

    def _of_source(self, answerer: Answerer, requests: Requests, k: int) -> Candidates:
        model, _ = answerer.assembly.sources[self.source]
        found = model.candidates(requests, max(k, WIDTH), answerer.allowed)
        return answerer.capped(Candidates(found.rows, found.scores, found.sources, (self.source,)))

    def _cached(self, answerer: Answerer, question: Encoded, k: int) -> SlateJSON | None:
        """What was last answered to this person, without what they met since; None where too little is left."""
        found = self._last.get(question.users[0] or "")
        if found is None:
            return None
        may = ~np.isin(found.rows, question.requests.exclude[0])
        if answerer.allowed is not None:
            may &= answerer.allowed[np.maximum(found.rows, 0)]
        left = answerer.capped(moved_up(found, may & (found.rows != FILL)))
        return self._slate(answerer, question, left, k) if left.rows.shape[1] >= answerer.depth(k) else None

    def _context(self, answerer: Answerer, question: Encoded, k: int) -> SlateJSON | None:
        """What most people took of the categories that the person met last, then what most people took; None where
        nothing is known of categories."""
        items = question.requests.histories.newest(LAST).items
        if CATEGORY not in answerer.shelf.columns or not len(items):
            return None
        cells = answerer.columns.cells(CATEGORY, CATEGORY)
        near = answerer.columns.having(CATEGORY, {word for row in items for word in cells[row]}, CATEGORY)
        return self._counted(answerer, question, k, near) if near.any() else None

    def _popular(self, answerer: Answerer, question: Encoded, k: int) -> SlateJSON:
        return self._counted(answerer, question, k)

    def _counted(self, answerer: Answerer, question: Encoded, k: int, near: np.ndarray | None = None) -> SlateJSON:
        """By how often items were taken, those that are ``near``, bool (N,), first."""
        rows, scores = self.popular
        may = np.ones(len(rows), bool) if answerer.allowed is None else answerer.allowed.copy()
        may[question.requests.exclude[0]] = False
        n = max(answerer.depth(k), WIDTH)
        parts = [may] if near is None else [may & near, may & ~near]
        left = np.concatenate([np.flatnonzero(part[rows])[:n] for part in parts])[:n]
        found = Candidates(rows[None, left], scores[None, left], np.ones((1, len(left)), np.uint32), ("popular",))
        return self._slate(answerer, question, answerer.capped(found), k)

    def _slate(self, answerer: Answerer, question: Encoded, found: Candidates, k: int) -> SlateJSON:
        """The asked page of ``k`` of the one request's candidates, now and then with a new item, without reasons."""
        page = self.exploration.tried(answerer, question.requests, answerer.page(found, k), self.chance())
        items: list[SlateItem] = [{**answerer.item(one), "propensity": one.propensity} for one in page]
        return answerer.slate(question, 0, items, k)


def _plain(answerer: Answerer, question: Encoded, found: Candidates, k: int) -> SlateJSON:
    """The asked page of ``k`` candidates that are the same for everybody."""
    return answerer.slate(question, 0, [answerer.item(one) for one in answerer.page(found, k)], k)


def _by_popularity(answerer: Answerer) -> tuple[np.ndarray, np.ndarray]:
    """Rows int32 (N,) and counts float32 (N,) of all items, most popular first. Raises `SettingsError` for a house rule
    that cannot be kept."""
    catalogue, log = answerer.assembly.catalogue, answerer.dataset
    taken = np.zeros(len(catalogue)) if log is None else counts(on_catalogue(log, catalogue))
    order = np.argsort(-taken, kind="stable")
    answerer.rules.check(answerer.columns)
    return order.astype(np.int32), taken[order].astype(np.float32)

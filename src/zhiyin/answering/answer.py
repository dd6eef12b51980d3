"""A question to an explained slate: candidates, ranker, house rules, reasons.

Letters: B requests, N items, C candidates, K items of a slate.
"""

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zhiyin.answering.assembly import Assembly, Plan
from zhiyin.answering.columns import Columns
from zhiyin.answering.pool import Pool
from zhiyin.answering.questions import of_history, of_people, on_catalogue
from zhiyin.answering.wishes import NONE, Wishes
from zhiyin.core.errors import DataError, ModelError
from zhiyin.core.ids import UNKNOWN
from zhiyin.core.languages import Language, Sentence
from zhiyin.core.wire import Reason, Recommendations, SlateItem, SlateJSON
from zhiyin.data.contracts import FILL, Candidates, Catalogue, Histories, Requests, column_array
from zhiyin.data.contracts.slates import slate_length
from zhiyin.data.dataset import Dataset, Encoded, encode_histories
from zhiyin.data.snapshots import Snapshot
from zhiyin.explanation import Score, reasons_for
from zhiyin.features import EventCounters

SHOWN = ("title", "category", "price")
"""Item columns that a slate shows."""
PINNED = "pinned"
"""The source of an item that was wished first."""
SLATE = 10
"""Its length where nobody says."""
POPULAR = Sentence("taken {n} times before now", "此前共被选取 {n} 次")
POPULAR_LATELY = Sentence("taken {n} times in the last {days} days", "最近 {days} 天内被选取 {n} 次")
NOTHING_ALLOWED = Sentence("the house rules leave nothing to show; see [answer.rules]",
                           "店规之下没有可展示的商品；见 [answer.rules]")  # fmt: skip
NOTHING_LEFT = Sentence("the filter leaves nothing to show", "筛选条件之下没有可展示的商品")
NO_HISTORY = Sentence("nothing is known of this person yet: everybody new is shown this",
                      "尚无此人的历史：所有新用户看到的都是这些")  # fmt: skip
BY_WISH = Sentence("put first by the shop", "由商家置顶")
NO_EVENT = Sentence("nothing in the history speaks for it more than for others", "历史中没有特别支持它的内容")


class Shown(NamedTuple):
    """An item of a slate."""

    row: int
    score: float
    """NaN where nobody scored it."""
    sources: tuple[str, ...]
    """Who proposed it."""
    propensity: float = 1.0
    """How likely it was that it would stand there."""


class Answerer:
    """One assembly, answering for people of a log, for bare histories, and for nobody known."""

    def __init__(
        self, assembly: Assembly, dataset: Dataset | None = None, language: Language = "en", k: int = SLATE
    ) -> None:  # fmt: skip
        """``dataset``: the log; without it nobody is known by name and no item has a count."""
        self.assembly, self.language, self.k = assembly, language, k
        self.wishes, self.rules, self.lift = NONE, assembly.rules, np.zeros(0)
        self.withdrawn = np.zeros(0, np.int32)
        self.dataset = None if dataset is None else dataset.for_purpose("personalise")

    @classmethod
    def of(cls, folder: Path, language: Language = "en") -> "Answerer | None":
        """What the last whole run of this workspace put together, over the log as it is now; None before a run."""
        plan = Plan.read_from(folder)
        if plan is None:
            return None
        return cls(Assembly.of(plan, folder), Snapshot.load(folder).dataset(plan.weights, plan.fixes), language, plan.k)

    def people(self, users: Sequence[str], k: int | None = None, without: Sequence[str] = ()) -> Recommendations:
        """Slates for people of the log, now; ``without``: as if all events of these items had not been."""
        return self.answer(self._of_people(users, without), k)

    def history(self, items: Sequence[str], k: int | None = None) -> Recommendations:
        """A slate for somebody of whom only a history is known."""
        return self.answer(self.question(None, items), k)

    def question(self, user: str | None, items: Sequence[str] = ()) -> Encoded:
        """What is asked about a person of the log, now; without a ``user``, about a bare history of ``items``."""
        if user is not None:
            return self._of_people([user])
        now = 0 if self.dataset is None else int(self.dataset.histories.times.max(initial=0))
        model, _ = next(iter(self.assembly.sources.values()))
        return of_history(self.assembly.catalogue, model.weighting, items, now)

    def _of_people(self, users: Sequence[str], without: Sequence[str] = ()) -> Encoded:
        if self.dataset is None:
            raise DataError("no log is there, so nobody is known by name; give a history of item ids")
        return of_people(self.dataset, self.assembly.catalogue, users, self.assembly.exclude, without)

    def answer(self, question: Encoded, k: int | None = None) -> Recommendations:
        """A slate for each request of the question."""
        k = slate_length(self.k if k is None else k, len(self.assembly.catalogue))
        pool = self.assembly.pool(question.requests, self.depth(k), self.counters, self.allowed)
        return {"recommendations": [self._slate(question, b, pool.take(b), k) for b in range(len(question.requests))]}

    def depth(self, k: int) -> int:
        """Items that a page of ``k`` needs: with those of the pages before it."""
        return k + self.wishes.offset

    def ranked(self, requests: Requests, k: int) -> Candidates:
        """All candidates of each request, best first, as the house rules have them."""
        return self.capped(self.assembly.ranked(requests, k, self.counters, self.allowed))

    def under(self, wishes: Wishes) -> "Answerer":
        """The same, answering as one request wishes. Raises `SettingsError` for a column that the items do not have."""
        if wishes == NONE:
            return self
        columns, allowed, _ = self.columns, self.allowed, self.counters  # read once, for all that come after
        wished = copy(self)
        wished.wishes = wishes
        if wishes.filter is not None:
            mask = wishes.filter.allowed(columns)
            wished.allowed = mask if allowed is None else allowed & mask
        wished.rules = self.rules.with_most(wishes.most)
        for column in wishes.most:
            columns.cells(column, "most")
        wished.lift = sum((boost.by * boost.filter.allowed(columns) for boost in wishes.boost), np.zeros(len(columns)))
        return wished

    def with_items(self, said: Mapping[str, Mapping[str, Any]], withdrawn: Collection[str] = ()) -> "Answerer":
        """The same with what was said of items since the log: columns that stand before the log's, items that are
        not shown any more. Items that no model knows are left out."""
        changed = copy(self)
        for name in ("shelf", "columns", "house", "allowed"):
            changed.__dict__.pop(name, None)  # read again at first use
        changed.shelf = _told(self.shelf, {item: cells for item, cells in said.items() if item in self.shelf.ids})
        changed.withdrawn = self.shelf.ids.rows(item for item in withdrawn if item in self.shelf.ids)
        return changed

    def scored(self, requests: Requests, rows: np.ndarray) -> np.ndarray:
        """float32 (C,) of one request for the items in ``rows`` (C,): each as it scores among what is proposed."""
        pool = self.assembly.pool(requests, len(rows), self.counters)
        known = pool.found.rows[0]
        added = rows[~np.isin(rows, known)]
        bits, scores = pool.found.sources[0], np.zeros(len(known) + len(added), np.float32)
        found = Candidates(
            np.concatenate([known, added])[None], scores[None], np.pad(bits, (0, len(added)))[None],
            pool.found.source_names,
        )  # fmt: skip
        counted = np.pad(pool.counted[0], (0, len(added)))[None]
        by_row = dict(zip(found.rows[0].tolist(), self.assembly.scores(requests, found, self.counters, counted)[0],
                          strict=True))  # fmt: skip
        return np.array([by_row[row] for row in rows.tolist()], np.float32)

    def capped(self, found: Candidates) -> Candidates:
        """Boosted as wished, then without what exceeds the most of one kind."""
        return self.rules.capped(self._boosted(found), self.columns)

    def _boosted(self, found: Candidates) -> Candidates:
        """Best first after items were lifted by spreads of the request's scores."""
        if not self.wishes.boost or not found.rows.size:
            return found
        there = found.rows != FILL
        spread = np.std(found.scores, axis=1, where=there & np.isfinite(found.scores), keepdims=True)
        lift = self.lift[np.maximum(found.rows, 0)] * np.where(spread > 0, spread, 1)
        return found.ordered(np.where(there, found.scores + lift, -np.inf).astype(np.float32))

    @cached_property
    def counters(self) -> EventCounters | None:
        """How often each item was taken, as of any moment."""
        return None if self.dataset is None else EventCounters(on_catalogue(self.dataset, self.assembly.catalogue))

    def taken(self, items: np.ndarray, until: np.ndarray, days: float | None = None) -> np.ndarray:
        """How often items (rows) were taken in the log before ``until``, in the last ``days`` of it or ever, float64;
        0 without a log, NaN for a window where there is no time."""
        if self.counters is None:
            return np.zeros(np.broadcast_shapes(items.shape, until.shape))
        return self.counters.events(items, until, days)

    @cached_property
    def shelf(self) -> Catalogue:
        """The items of the models, with what the log's item table says of them now."""
        trained = self.assembly.catalogue
        return trained if self.dataset is None else trained.described_by(self.dataset.catalogue)

    @cached_property
    def house(self) -> np.ndarray | None:
        """Which items the house rules let through and nobody withdrew, bool (N,); None for all."""
        ruled = self.assembly.rules.allowed(self.columns)
        if not len(self.withdrawn):
            return ruled
        mask = np.ones(len(self.columns), bool) if ruled is None else ruled.copy()
        mask[self.withdrawn] = False
        return mask

    @cached_property
    def allowed(self) -> np.ndarray | None:
        """Which items may be shown, bool (N,): those of the house that the filter holds for; None for all."""
        return self.house

    @cached_property
    def columns(self) -> Columns:
        """The columns of the shelf, which rules and filters read."""
        return Columns(self.shelf)

    def _slate(self, question: Encoded, b: int, pool: Pool, k: int) -> SlateJSON:
        """The slate of the ``b``-th request from its ``pool``."""
        request, found = question.requests.take(np.array([b])), pool.found
        shown = self.page(self.capped(pool.left), k)
        slate = np.array([one.row for one in shown if PINNED not in one.sources], np.int32)
        depth = self.depth(k)
        told = iter(reasons_for(request, found.rows[0][found.rows[0] >= 0], slate, self.holding(pool),
                                lambda asked: self.ranked(asked, depth), self.shelf, self.language))  # fmt: skip
        items = [self._pinned(one) if PINNED in one.sources else self._explained(request, one, next(told))
                 for one in shown]  # fmt: skip
        history = self.shelf.ids.take(request.histories.items)
        return {**self.slate(question, b, items, k), "history": history}

    def page(self, found: Candidates, k: int) -> list[Shown]:
        """The ``k`` items of the asked page of one request's candidates, best first: pinned ones, then the others."""
        pinned, start = self.pinned, self.wishes.offset
        there = found.rows[0] != FILL
        if pinned:
            there &= ~np.isin(found.rows[0], pinned)
        first, end = max(0, start - len(pinned)), max(0, start + k - len(pinned))
        asked = np.flatnonzero(there)[first:end]
        rows, scores, bits = (part[0, asked] for part in (found.rows, found.scores, found.sources))
        return [Shown(row, np.nan, (PINNED,)) for row in pinned[start : start + k]] + [
            Shown(int(row), float(score), tuple(named(which, found.source_names)))
            for row, score, which in zip(rows, scores, bits, strict=True)
        ]

    @property
    def pinned(self) -> list[int]:
        """Rows of the items that are wished first, and that the house lets through."""
        rows = self.shelf.ids.rows(self.wishes.pin)
        return [int(row) for row in rows if row != UNKNOWN and (self.house is None or self.house[row])]

    def slate(self, question: Encoded, b: int, items: list[SlateItem], k: int) -> SlateJSON:
        """These items as the slate of the ``b``-th request; where the house rules left none of ``k``, it says so."""
        nothing = NOTHING_LEFT if self.wishes.filter else NOTHING_ALLOWED
        ruled = [] if items or not k or self.allowed is None else [nothing.said(self.language)]
        pins = [id_ for id_ in self.wishes.pin if id_ not in self.shelf.ids]
        return {
            "user": question.users[b], "request_id": None,
            "model": {"name": self.assembly.name, "version": self.assembly.version}, "rung": None, "items": items,
            "unknown_items": list(dict.fromkeys([*question.unknown[b], *pins])), "notes": [*question.notes[b], *ruled],
        }  # fmt: skip

    def item(self, one: Shown) -> SlateItem:
        """A candidate as it is shown, without a reason."""
        columns = self.shelf.columns
        return {
            "item": self.shelf.ids[one.row], "score": one.score, "source": ", ".join(one.sources),
            "columns": {name: plain(columns[name][one.row]) for name in SHOWN if name in columns},
        }  # fmt: skip

    def _pinned(self, one: Shown) -> SlateItem:
        return {**self.item(one), "reason": BY_WISH.said(self.language), "reasons": []}

    def _explained(self, request: Requests, one: Shown, reason: Reason | None) -> SlateItem:
        reason = reason or self._popular(request, one.row, one.sources)
        words = NO_EVENT if request.histories.n_events else NO_HISTORY
        text = reason["text"] if reason else words.said(self.language)
        return {**self.item(one), "reason": text, "reasons": [reason] if reason else []}

    def _popular(self, request: Requests, row: int, sources: Sequence[str]) -> Reason | None:
        """How often the item was taken, where a source that goes by popularity proposed it."""
        models = [self.assembly.sources[name][0] for name in sources]
        popular = next((model for model in models if model.name == "Popular"), None)
        if popular is None:
            return None
        days = popular.facts["window_days"]
        n = int(self.taken(np.array([row]), request.now + 1, days)[0])
        said = POPULAR if days is None else POPULAR_LATELY
        words = said.said(self.language, n=n, days="" if days is None else f"{days:g}")
        return {"kind": "popular", "text": words, "value": float(n), "events": []} if n else None

    def holding(self, pool: Pool) -> Score:
        """Scores of one request's candidates, which stay as they are, with who proposed them and which count."""
        names, there = pool.found.source_names, pool.found.rows[0] >= 0
        bits, counted = pool.found.sources[0][there], pool.counted[0][there]  # (C,)

        def score(requests: Requests, rows: np.ndarray) -> np.ndarray:
            held = Candidates(rows, np.zeros(rows.shape, np.float32), np.broadcast_to(bits, rows.shape), names)
            return self.assembly.scores(requests, held, self.counters, np.broadcast_to(counted, rows.shape))

        return score


def explain(model: Any, history: Sequence[str] | Histories, k: int = SLATE, language: Language = "en") -> SlateJSON:
    """What one trained model recommends after a history of item ids, each item with its reason.

    ``[item["reason"] for item in zhiyin.explain(model, ["85123A", "22632"])["items"]]``; or of one person of a dataset:
    ``zhiyin.explain(model, dataset.history_of(["17850"]))``.
    """
    if isinstance(model, type) or not hasattr(model, "candidates"):
        found = model.__name__ if isinstance(model, type) else repr(model)[:60]
        raise ModelError(f"explain takes a trained model, found {found}; give one: zhiyin.models.EASE().fit(dataset)")
    if not model.is_trained:
        raise ModelError(f"{model.name} is not trained; call fit(dataset) first, or zhiyin.load(folder)")
    answerer = Answerer(Assembly.alone(model.name, model), language=language)
    if isinstance(history, Histories):
        if len(history) != 1:
            raise DataError(
                f"explain answers one person, found histories of {len(history)}; give one: "
                "dataset.history_of(['17850'])", found=str(len(history)),
            )  # fmt: skip
        return answerer.answer(encode_histories(history, model.catalogue, model.weighting), k)["recommendations"][0]
    return answerer.history(history, k)["recommendations"][0]


def _told(shelf: Catalogue, said: Mapping[str, Mapping[str, Any]]) -> Catalogue:
    """The same items with these cells in place of theirs."""
    columns = dict(shelf.columns)
    for name in dict.fromkeys(name for cells in said.values() for name in cells):
        before = columns.get(name, np.full(len(shelf), None, object))
        cells = before.astype(object)
        for item, own in said.items():
            if name in own:
                cells[shelf.ids.row(item)] = own[name]
        columns[name] = column_array([np.nan if cell is None else cell for cell in cells]
                                     if before.dtype != object else list(cells))  # fmt: skip
    return Catalogue(shelf.ids, columns, shelf.content)


def plain(cell: Any) -> Any:
    """A cell as JSON: missing is None."""
    if isinstance(cell, (np.generic, np.ndarray)):
        cell = cell.tolist()
    return None if isinstance(cell, float) and not np.isfinite(cell) else cell


def named(bits: int, names: Sequence[str]) -> list[str]:
    """Which of the sources ``names`` the bit set of a candidate says."""
    return [name for s, name in enumerate(names) if int(bits) >> s & 1]

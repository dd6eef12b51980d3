"""One item and one person asked about: why it is in the slate, or what would bring it in, the way that is named.

Letters: C candidates, K items of the slate, F columns.
"""

import time
from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np

from zhiyin.answering.answer import Answerer
from zhiyin.answering.candidates import features_for
from zhiyin.answering.pool import Pool
from zhiyin.core.errors import DataError, ModelError, SettingsError
from zhiyin.core.languages import Sentence
from zhiyin.core.wire import ColumnPartJSON, EventPartJSON, ExplainJSON
from zhiyin.data.contracts import FILL, Requests
from zhiyin.data.contracts.slates import slate_length
from zhiyin.data.dataset import Encoded
from zhiyin.explanation import Score
from zhiyin.explanation.attention import Attention
from zhiyin.explanation.controls import Recency
from zhiyin.explanation.counterfactual import MOST
from zhiyin.explanation.explainer import Explainer, Explanation, Parts, scoring
from zhiyin.explanation.occlusion import LeaveOneOut
from zhiyin.explanation.reasons import NOTICEABLE, listed, name_of, told
from zhiyin.explanation.shapley import EXACT, PAIRS, Shapley
from zhiyin.explanation.smallest import entry, smallest

By = Literal["loo", "shapley", "gradients", "attention", "counterfactual", "features"]
WAYS: tuple[By, ...] = get_args(By)
SLOPES = 300
"""Scores that gradients cost about."""
STRONGEST = 3
"""Events, or columns, that the words name."""

NOT_SHOWN = Sentence("it is not in the slate of {k}: its lead is over the last item that is, and below 0",
                     "它不在这 {k} 件推荐之中：这里的领先是相对其中最后一件而言，且为负")  # fmt: skip
NO_HISTORY = Sentence("nothing is known of this person yet, so that nothing in a history can be the reason",
                      "尚无此人的历史，因此没有可作为理由的历史")  # fmt: skip
UNREAD = Sentence("{model} does not read histories: everybody is shown this", "{model} 不读取历史：所有人看到的都一样")
NOTHING = Sentence("nothing in the history speaks for it more than for others", "历史中没有特别支持它的内容")
SPEAKS = {
    "loo": Sentence("without {items} its lead over what is just not shown falls by {value}",
                    "若去掉 {items}，它对恰好未展示者的领先会减少 {value}"),
    "shapley": Sentence("of the {total} that the history adds to its lead over what is just not shown, {items} bring "
                        "{value}", "历史为它对恰好未展示者的领先带来 {total}，其中 {items} 贡献 {value}"),
    "gradients": Sentence("of the {total} that what was read adds to its lead over what is just not shown, {items} "
                          "bring {value}", "读入的内容为它对恰好未展示者的领先带来 {total}，其中 {items} 贡献 {value}"),
    "attention": Sentence("the model looks most at {items} ({value}); that is where it reads, not why it answers so",
                          "模型最关注 {items}（{value}）；这说明它读了哪里，并不是推荐的理由"),
    "recency": Sentence("the time was too short to measure anything; the newest in the history: {items}",
                        "时间太短，未作任何测量；历史中最新的是：{items}"),
}  # fmt: skip
AGAINST = Sentence(
    "the history as a whole takes {total} off its lead over what is just not shown; {items} speak for it with {value}",
    "历史总体上使它对恰好未展示者的领先减少 {total}；{items} 支持它，贡献 {value}",
)
SEEN = Sentence("it was met before, and such items are not shown again", "此前已接触过它，这样的物品不再展示")
CHEAPER = Sentence("{ms:g} ms are too short for {asked}; this is {by}", "{ms:g} 毫秒不足以计算 {asked}；以下为 {by}")
HELD = Sentence("taking out up to {n} items of the history does not make it leave the slate",
                "从历史中去掉至多 {n} 件，它仍在推荐之中")  # fmt: skip
WOULD = Sentence("it would be at place {place} {moves}", "{moves}，它就会排在第 {place} 位")
TAKEN = Sentence("had {items} been taken too", "若还选取了 {items}")
NOT_TAKEN = Sentence("had {items} not been taken", "若没有选取 {items}")
NEVER = Sentence(
    "no change of up to {n} items that was tried brings it in", "试过的至多 {n} 件的改动都不能使它进入推荐"
)
COLUMN = Sentence("{meaning} ({value}) adds {adds}", "{meaning}（{value}）：{adds}")
COLUMNS = Sentence("to its log odds of being taken: {columns}", "对其被选取的对数几率：{columns}")
UNKNOWN_VALUE = Sentence("not known", "未知")
FROM = Sentence("whether {name} proposed it", "是否由 {name} 提出")
OLDER = Sentence("all that is older", "更早的全部")


def explained(
    answerer: Answerer, question: Encoded, item: str, by: By = "loo", k: int | None = None,
    budget_ms: float | None = None,
) -> ExplainJSON:  # fmt: skip
    """Why ``item`` is in the slate of the first request of ``question``, or why not.

    ``budget_ms``: where the way ``by`` would take longer, a cheaper one answers and says so. Raises `DataError` for an
    item that no model knows, `ModelError` where the way does not fit what answers, `SettingsError` for an unknown way.
    """
    began = time.perf_counter()
    if by not in WAYS:
        raise SettingsError.unknown(f"there is no way {by!r} to explain", by, WAYS, "the ways are")
    if budget_ms is not None and not budget_ms > 0:
        raise SettingsError(f"a budget of {budget_ms:g} ms is no time; give a number above 0", found=f"{budget_ms:g}")
    row = int(answerer.shelf.ids.row(item))
    if row < 0:
        raise DataError(f"item {answerer.shelf.ids.hint(item)}; give an item id of the catalogue", found=item)
    asked = Asked(answerer, question, row, k)
    return asked.columns() if by == "features" else asked.events(by, budget_ms, began)


class Asked:
    """One question, its slate, and the item asked about."""

    def __init__(self, answerer: Answerer, question: Encoded, row: int, k: int | None) -> None:
        self.answerer, self.question, self.row = answerer, question, row
        self.request: Requests = question.requests.take(np.array([0]))
        self.k = slate_length(answerer.k if k is None else k, len(answerer.assembly.catalogue))
        assembly = answerer.assembly
        self.pool: Pool = assembly.pool(self.request, self.k, answerer.counters, answerer.allowed)
        self.shown = answerer.capped(self.pool.left).rows[0]  # (C,)
        self.slate = self.shown[: self.k][self.shown[: self.k] != FILL]
        places = np.flatnonzero(self.slate == row)
        self.place = int(places[0]) if len(places) else None
        self.among = next(iter(np.flatnonzero(self.pool.found.rows[0] == row).tolist()), None)

    # -- by events of the history ------------------------------------------------------------------------------------

    def events(self, by: By, budget_ms: float | None, began: float) -> ExplainJSON:
        """By what was taken."""
        if not self.request.histories.n_events and by != "counterfactual":
            return self.answer(by, self.said(NO_HISTORY))
        models = [model for model, _ in self.answerer.assembly.sources.values()]
        if self.answerer.assembly.ranker is None and not any(model.reads_history for model in models):
            return self.answer(by, self.said(UNREAD, model=models[0].name))
        if budget_ms is None or by == "attention":
            return self.by(by)
        return self.in_time(by, budget_ms, began)

    def by(self, by: By) -> ExplainJSON:
        """The way that is named, however long it takes."""
        if by == "counterfactual":
            return self.set_of_events()
        if by == "gradients":
            from zhiyin.explanation.gradients import Gradients  # of torch, which not every model needs

            explainer: Explainer = Gradients(self.alone(by))
        elif by == "attention":
            explainer = Attention(self.alone(by))
        else:
            explainer = Shapley(self.score()) if by == "shapley" else LeaveOneOut(self.score())
        return self.shares(by, explainer)

    def shares(self, by: str, explainer: Explainer, *remarks: str) -> ExplainJSON:
        """How much each event counts."""
        found = explainer.explain(self.request, np.array([self.row], np.int32), self.rival)
        if self.place is None:
            remarks = (*remarks, self.said(SEEN if self.is_seen else NOT_SHOWN, k=self.k))
        error, total = float(np.nanmax(found.error[:, 0], initial=-1)), float(found.total[0])
        answer = self.answer(by, self.words(found), *remarks)
        answer["events"] = self.listed(found)
        answer["total"] = total if np.isfinite(total) else None
        answer["error"] = error if error >= 0 else None
        return answer

    def in_time(self, by: By, budget_ms: float, began: float) -> ExplainJSON:
        """By the dearest way, up to the one asked for, that the time left is enough for."""

        def left() -> float:
            return budget_ms - 1000 * (time.perf_counter() - began)

        n = len(Parts.of(self.request)) if self.request.histories.n_events else 0
        asks = {"shapley": 2**n if n <= EXACT else 2 * PAIRS * n, "counterfactual": 8 * n, "gradients": SLOPES}
        if by == "counterfactual" and (not n or self.among is None):
            return self.by(by)
        score, before = self.score(), left()
        if before > 0:
            score(self.request, np.array([[self.row]], np.int32))
        if left() < (before - left()) * (n + 2):
            return self.shares("recency", Recency(), *self.cheaper("recency", by, budget_ms))
        before = left()
        cheap = self.shares("loo", LeaveOneOut(score), *self.cheaper("loo", by, budget_ms))
        return cheap if left() < (before - left()) * asks.get(by, np.inf) / (n + 2) else self.by(by)

    def cheaper(self, by: str, asked: By, budget_ms: float) -> tuple[str, ...]:
        return () if by == asked else (self.said(CHEAPER, ms=budget_ms, asked=asked, by=by),)

    def words(self, found: Explanation) -> str:
        """The strongest, in one sentence."""
        order = found.order()[:STRONGEST]
        scores = found.scores[:, 0]
        strong = [p for p in order.tolist() if scores[p] > NOTICEABLE * np.abs(scores).max() and scores[p] > 0]
        if not strong:
            return self.said(NOTHING)
        strong = strong[:1] if found.by == "loo" else strong
        items = listed([self.name(int(found.items[p])) for p in strong], self.answerer.language)
        against = found.by in ("shapley", "gradients") and found.total[0] <= 0
        words = AGAINST if against else SPEAKS[found.by]
        return self.said(words, items=items, value=f"{scores[strong].sum():.3g}", total=f"{abs(found.total[0]):.3g}")

    def listed(self, found: Explanation) -> list[EventPartJSON]:
        """Every part, the strongest first."""
        return [
            {"item": None if found.items[p] == FILL else self.answerer.shelf.ids[int(found.items[p])],
             "value": float(found.scores[p, 0])}
            for p in found.order().tolist()
        ]  # fmt: skip

    # -- by a set of events ------------------------------------------------------------------------------------------

    def set_of_events(self) -> ExplainJSON:
        """The fewest without which it leaves, or what would bring it in; asked again."""
        if self.is_seen:
            return self.answer("counterfactual", self.said(SEEN))
        if self.place is None:
            return self.brought_in()
        if not self.request.histories.n_events:
            return self.answer("counterfactual", self.said(NO_HISTORY))
        outcome = smallest(self.request, self.slate, self.row, self.rerun)
        if outcome is None:
            return self.answer("counterfactual", self.said(HELD, n=MOST))
        before = float(self.answerer.capped(self.pool.left).scores[0, self.place])
        reason = told(outcome, before, self.answerer.shelf, self.answerer.language)
        answer = self.answer("counterfactual", reason["text"] if reason else self.said(NOTHING))
        instead = None if outcome.instead is None else self.answerer.shelf.ids[outcome.instead]
        answer["outcome"] = {"without": self.ids(outcome.items), "taken": [], "instead": instead, "place": None}
        return answer

    def brought_in(self) -> ExplainJSON:
        found = entry(self.request, self.k, self.row, self.rerun, self.shown)
        if found is None:
            return self.answer("counterfactual", self.said(NEVER, n=MOST))
        names = [[self.name(row) for row in rows] for rows in (found.without, found.taken)]
        moves = [self.said(sentence, items=listed(rows, self.answerer.language))
                 for sentence, rows in zip((NOT_TAKEN, TAKEN), names, strict=True) if rows]  # fmt: skip
        answer = self.answer("counterfactual", self.said(WOULD, place=found.place,
                                                         moves=listed(moves, self.answerer.language)))  # fmt: skip
        answer["outcome"] = {"without": self.ids(found.without), "taken": self.ids(found.taken), "instead": None,
                             "place": found.place}  # fmt: skip
        return answer

    def rerun(self, requests: Requests) -> Any:
        return self.answerer.ranked(requests, self.k)

    # -- by columns --------------------------------------------------------------------------------------------------

    def columns(self) -> ExplainJSON:
        """By what the ranker reads of the candidate."""
        assembly, counters = self.answerer.assembly, self.answerer.counters
        if assembly.ranker is None or counters is None:
            raise ModelError(f"{assembly.name} has no ranker, so that no column speaks; explain by loo or shapley")
        if self.among is None:
            raise DataError(
                f"item {self.answerer.shelf.ids[self.row]!r} is not among the candidates, so that no column was read "
                "for it; ask what would bring it in: --by counterfactual"
            )
        table = features_for(self.request, self.pool.found, assembly.features, counters, self.pool.counted)
        values = table.values[0, self.among]  # (F,)
        adds, begin = assembly.ranker.contributions(values[None])
        parts: dict[str, ColumnPartJSON] = {}
        meanings = {feature.name: feature.meaning for feature in assembly.features}
        for name, value, added in zip(table.names, values.tolist(), adds[0].tolist(), strict=True):
            known = name if name in meanings else name.rpartition(".")[0]
            whole = known if known in meanings else name  # the numbers of one vector are one column
            meaning = meanings.get(whole) or self.said(FROM, name=name.removeprefix("from."))
            single = None if whole != name or not np.isfinite(value) else value
            part = parts.setdefault(whole, {"name": whole, "meaning": meaning, "value": single, "adds": 0.0})
            part["adds"] += added
        ordered = sorted(parts.values(), key=lambda part: -abs(part["adds"]))
        strongest = [
            self.said(COLUMN, meaning=part["meaning"], adds=f"{part['adds']:+.2f}",
                      value=self.said(UNKNOWN_VALUE) if part["value"] is None else f"{part['value']:.3g}")
            for part in ordered[:STRONGEST] if part["adds"]
        ]  # fmt: skip
        words = self.said(COLUMNS, columns="; ".join(strongest)) if strongest else self.said(NOTHING)
        answer = self.answer("features", words)
        answer["columns"], answer["total"] = ordered, float(adds.sum())
        answer["begin"] = begin
        return answer

    # -- what all need -----------------------------------------------------------------------------------------------

    @property
    def rival(self) -> int | None:
        """The first that is not shown; for one that is not shown itself, the last that is."""
        others = self.shown[self.k : self.k + 1] if self.place is not None else self.slate[-1:]
        return int(others[0]) if len(others) and others[0] != FILL else None

    @property
    def is_seen(self) -> bool:
        """Whether it is left out because the person met it."""
        return bool(self.place is None and self.row in self.request.exclude[0])

    def alone(self, by: str) -> Any:
        """The one model that answers. Raises `ModelError` where several do, or a ranker."""
        assembly = self.answerer.assembly
        models = [model for model, _ in assembly.sources.values()]
        if assembly.ranker is not None or len(models) != 1:
            raise ModelError(
                f"{by} belongs to one network, and {assembly.name} is more than that; name one of: "
                f"{', '.join(assembly.sources)} (--model), or explain by loo or shapley"
            )
        return models[0]

    def score(self) -> Score:
        """What orders the slate, for any items. Raises `DataError` where the item is no candidate of a ranker."""
        assembly = self.answerer.assembly
        if assembly.ranker is None and len(assembly.sources) == 1:
            return scoring(next(iter(assembly.sources.values()))[0])
        if self.among is None:
            raise DataError(
                f"item {self.answerer.shelf.ids[self.row]!r} is not among the candidates, so that it has no score; ask "
                "what would bring it in: --by counterfactual"
            )
        there = self.pool.found.rows[0][self.pool.found.rows[0] != FILL]
        held: Callable[[Requests, np.ndarray], np.ndarray] = self.answerer.holding(self.pool)
        place = {int(row): c for c, row in enumerate(there)}

        def score(requests: Requests, rows: np.ndarray) -> np.ndarray:
            return held(requests, np.tile(there, (len(rows), 1)))[:, [place[int(row)] for row in rows[0]]]

        return score

    def answer(self, by: str, text: str, *remarks: str) -> ExplainJSON:
        """The answer without its figures."""
        assembly, shelf, question = self.answerer.assembly, self.answerer.shelf, self.question
        score = None if self.place is None else float(self.answerer.capped(self.pool.left).scores[0, self.place])
        return {
            "user": question.users[0], "item": shelf.ids[self.row], "title": self.name(self.row), "by": by,
            "model": {"name": assembly.name, "version": assembly.version},
            "place": None if self.place is None else self.place + 1, "score": score, "text": text, "total": None,
            "error": None, "events": [], "columns": [], "outcome": None, "begin": None,
            "history": shelf.ids.take(self.request.histories.items), "unknown_items": list(question.unknown[0]),
            "notes": [*question.notes[0], *remarks],
        }  # fmt: skip

    def name(self, row: int) -> str:
        return self.said(OLDER) if row == FILL else name_of(row, self.answerer.shelf)

    def ids(self, rows: tuple[int, ...]) -> list[str]:
        return self.answerer.shelf.ids.take(np.array(rows, np.int64))

    def said(self, sentence: Sentence, **values: object) -> str:
        return sentence.said(self.answerer.language, **values)

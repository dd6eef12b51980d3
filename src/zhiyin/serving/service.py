"""What a server does, without HTTP: events in, slates out."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from zhiyin.answering import Answerer, Asking, Budget, Ladder, Wishes
from zhiyin.answering.assembly import FILE
from zhiyin.answering.exploration import SOURCE as EXPLORED
from zhiyin.answering.ladder import Rung
from zhiyin.answering.why import By, explained
from zhiyin.answering.wishes import NONE
from zhiyin.core.errors import ModelError, ServiceError
from zhiyin.core.wire import ExplainJSON, ForgottenJSON, ModelsJSON, Recommendations, ServedJSON, TakenJSON
from zhiyin.data.dataset import Encoded
from zhiyin.data.forgetting import digest_of
from zhiyin.serving.limits import LIVE
from zhiyin.serving.shown import Shown
from zhiyin.store import Event, Impression, Item, Store
from zhiyin.store.store import Met

UNREAD = "the store of live events does not answer: this is what the log knows"
KEPT = "models, and what the log counts of items, keep what they learned until the log is taken in without this person \
and zhiyin run is run again"
WATCH_S = 1.0
"""How often a new run is looked for."""
log = logging.getLogger("zhiyin.serving")


@dataclass(eq=False)
class Serving:
    """One version of what answers; a question keeps the one that it began with."""

    answerer: Answerer
    """As the last run left it, without what was said of items since."""
    ladder: Ladder
    asking: Asking
    item_changes: int = 0
    """How often items had changed when the ladder's answerer was told of them."""


class Service:
    """One assembly and one store. Any number of threads may ask."""

    def __init__(
        self, answerer: Answerer, store: Store, budget: Budget | None = None, clock: Callable[[], float] = time.time,
        explore: float = 0.0, folder: Path | None = None,
    ) -> None:  # fmt: skip
        """Reads the house rules: raises `SettingsError` for one that cannot be kept.

        ``explore``: share of slates in which one place is given to a new item. ``folder``: the workspace, where a new
        run is looked for.
        """
        self.store, self.budget, self.clock, self.explore, self.folder = store, budget, clock, explore, folder
        self.shown = Shown(store)
        self.now = self._serving(answerer)
        self._items, self._change = threading.Lock(), threading.Lock()
        self._forgotten = set(store.people.forgotten())
        self._seen: tuple[int, int] | None = None
        self._seen = self._stamp()
        self._ended = threading.Event()

    @classmethod
    def of(cls, workspace: Path, url: str | None = None, budget: Budget | None = None, explore: float = 0.0) -> Self:
        """What the last whole run of this workspace put together, and its store (or the database at ``url``).

        Raises `ModelError` before a run, and has made nothing then; `ServiceError` where the database is down.
        """
        answerer = Answerer.of(workspace)
        if answerer is None:
            raise nothing_to_serve(workspace)
        return cls(answerer, Store.of(workspace, url), budget, explore=explore, folder=workspace)

    @property
    def ladder(self) -> Ladder:
        """Of the version that answers now."""
        return self.now.ladder

    @property
    def asking(self) -> Asking:
        """Of the version that answers now."""
        return self.now.asking

    def warm(self) -> None:
        """Answer somebody new and somebody known, so that the first to ask wait for nothing made at first use."""
        _warm(self.now)

    # -- what comes in -------------------------------------------------------------------------------------------

    def events(self, events: Sequence[Event]) -> TakenJSON:
        """Take in all of these, durably, or none. Raises `DataError` for a kind that nobody knows."""
        for event in events:
            self.asking.check(event)
        taken = self.store.events.append(events)
        known = self.asking.catalogue.ids
        unknown = [item for item in dict.fromkeys(event.item for event in events) if item not in known]
        return {
            "accepted": taken.accepted, "repeated": taken.repeated, "sequence": taken.sequence,
            "unknown_items": unknown,
        }  # fmt: skip

    def newest(self, user: str) -> int:
        """Sequence of a person's newest event; 0 before one."""
        return max((event.sequence for event in self.store.events.of(user, newest=1)), default=0)

    def put_items(self, items: Sequence[Item], actor: str) -> dict[str, Any]:
        """Say this of items: the very next answer knows of it."""
        self.store.items.put(items, actor=actor)
        known = self.asking.catalogue.ids
        return {"put": len(items), "unknown_items": [one.item for one in items if one.item not in known]}

    def put_person(self, user: str, columns: Mapping[str, Any], actor: str) -> dict[str, Any]:
        """Say this of a person."""
        self.store.people.put(user, columns, actor=actor)
        return {"put": 1}

    def forget(self, user: str, actor: str) -> ForgottenJSON:
        """Erase a person from store and answers at once; the receipt says what went, and what models keep."""
        gone = self.store.people.forget(user, actor=actor)
        self._forgotten.add(digest_of(user))
        self.ladder.forget(user)
        return {"forgotten": digest_of(user), "rows": gone, "kept": KEPT}

    # -- what is answered ----------------------------------------------------------------------------------------

    def recommend(
        self, user: str | None = None, history: Sequence[str] | None = None, k: int | None = None,
        exclude: Sequence[str] = (), reasons: bool = False, moment: Mapping[str, Any] | None = None,
        wishes: Wishes = NONE, first: Rung = "full",
    ) -> Recommendations:  # fmt: skip
        """A slate for a person, with all that came in until now, or for a bare ``history``."""
        now, question = self._question(user, history or (), exclude, moment or {})
        return now.ladder.answer(question, k, reasons=reasons, wishes=wishes, first=first)

    def rerank(
        self, items: Sequence[str], user: str | None = None, history: Sequence[str] | None = None,
        moment: Mapping[str, Any] | None = None,
    ) -> Recommendations:  # fmt: skip
        """These items, best first for a person or after a bare history; nothing known is left out."""
        now, question = self._question(user, history or (), (), moment or {})
        return {"recommendations": [now.ladder.rerank(question, items)]}

    def basket(
        self, items: Sequence[str], user: str | None = None, k: int | None = None, wishes: Wishes = NONE
    ) -> Recommendations:
        """What goes with these items, which nobody has bought yet: after all that is known of ``user``."""
        laid = [] if user is None else [Event(user, item, int(self.clock())) for item in items]
        now, question = self._question(user, () if laid else items, items, {}, laid)
        return now.ladder.answer(question, k, wishes=wishes)

    def trending(self, k: int = 10, days: float = 7, wishes: Wishes = NONE) -> Recommendations:
        """What is taken more in the last ``days`` than in those before, live events included."""
        now, _, notes = self._met(None)
        asking = now.asking

        def live(since: int, until: int) -> Mapping[str, int]:
            try:
                first = max(since, asking.newest + 1)
                return self.store.events.taken(first + asking.lag_s, until + asking.lag_s)
            except ServiceError as error:
                log.error("%s", error.message)
                notes[:] = [UNREAD]
                return {}

        slate = now.ladder.rising(k, asking.now, days, live, wishes)
        slate["notes"].extend(notes)
        return {"recommendations": [slate]}

    def similar(self, items: Sequence[str], k: int = 10) -> Recommendations:
        """For each item those that fit best to a history of just this one."""
        now, _, _ = self._met(None)
        return {"recommendations": [now.ladder.similar(item, k) for item in items]}

    def explain(
        self, item: str, by: By = "loo", user: str | None = None, history: Sequence[str] | None = None,
        k: int | None = None, budget_ms: float | None = None,
    ) -> ExplainJSON:  # fmt: skip
        """Why an item is in the slate of a person or after a history, or what would bring it in."""
        now, question = self._question(user, history or (), (), {})
        return explained(now.ladder.answerer, question, item, by, k, budget_ms)

    def models(self) -> ModelsJSON:
        """What answers: each part with its version."""
        assembly = self.ladder.answerer.assembly
        parts: list[ServedJSON] = [
            {"name": name, "model": model.name, "version": model.version, "role": "source"}
            for name, (model, _) in assembly.sources.items()
        ]
        if (ranker := assembly.ranker) is not None:
            parts.append({"name": "ranker", "model": ranker.name, "version": ranker.version, "role": "ranker"})
        return {"answers": {"name": assembly.name, "version": assembly.version}, "models": parts}

    def log_shown(self, answer: Recommendations) -> None:
        """Keep what is shown, to whom, where and how likely it was."""
        for slate in answer["recommendations"]:
            model = slate["model"] or {"name": "", "version": 0}
            self.shown.add([
                Impression(
                    slate["request_id"] or "", slate["user"], item["item"], place, item.get("propensity", 1.0),
                    item.get("source") == EXPLORED, slate["rung"] or "", f"{model['name']}/{model['version']}",
                )
                for place, item in enumerate(slate["items"], start=1)
            ])  # fmt: skip

    # -- what runs beside ----------------------------------------------------------------------------------------

    def check(self) -> None:
        """Raises `ServiceError` where the store does not answer."""
        self.store.events.of("", newest=1)

    def renew(self) -> bool:
        """Answer with what a run has put together since: it is loaded and warmed beside the old, which goes on where
        the new is no good. Whether it was taken."""
        with self._change:
            stamp = self._stamp()
            if self.folder is None or stamp == self._seen:
                return False
            self._seen = stamp
            try:
                answerer = Answerer.of(self.folder)
                if answerer is None:
                    return False
                new = self._serving(answerer)
                _warm(new)
            except Exception as error:
                log.error("the new run is refused (%s); what answered before goes on", error)
                return False
            old, self.now = self.now, new
            old.ladder.close()
            log.info("version %d answers", answerer.assembly.version)
            return True

    def watch(self) -> None:
        """Look for new runs until it is closed."""
        threading.Thread(target=self._watch, name="runs", daemon=True).start()

    def _watch(self) -> None:
        while not self._ended.wait(WATCH_S):
            self.renew()

    def close(self) -> None:
        """Answer nothing more, and let go of the store."""
        self._ended.set()
        self.ladder.close()
        self.shown.close()
        self.store.close()

    def _serving(self, answerer: Answerer) -> Serving:
        return Serving(answerer, Ladder(answerer, self.budget, self.explore), Asking(answerer, self.clock))

    def _stamp(self) -> tuple[int, int] | None:
        """What tells one written assembly from another."""
        try:
            found = (self.folder / FILE).stat() if self.folder else None
        except OSError:
            return self._seen
        return None if found is None else (found.st_mtime_ns, found.st_ino)

    def _question(
        self, user: str | None, history: Sequence[str], never: Sequence[str], moment: Mapping[str, Any],
        laid: Sequence[Event] = (),
    ) -> tuple[Serving, Encoded]:  # fmt: skip
        """Who asks: a person with all that came in until now, and what lies in their basket; or a bare history."""
        now, met, notes = self._met(user)
        if user is None:
            question = now.asking.history(history, never)
        else:
            if met.forgotten:
                now.ladder.forget(user)  # another process may have been told
            events = [*met.events, *laid]
            question = now.asking.person(user, events, never, said=met.said, forgotten=met.forgotten)
        return now, replace(now.asking.at(question, moment), notes=[[*question.notes[0], *notes]])

    def _met(self, user: str | None) -> tuple[Serving, Met, list[str]]:
        """What answers, with what was said of items until now, and what is known of a person; where the store is down
        nothing, and a note: there is an answer all the same."""
        now = self.now
        try:
            met = self.store.met(user, LIVE)
            if met.item_changes != now.item_changes:
                self._read_items(now)
        except ServiceError as error:
            log.error("%s", error.message)
            gone = user is not None and digest_of(user) in self._forgotten
            return now, Met([], {}, gone, now.item_changes), [UNREAD]
        return now, met, []

    def _read_items(self, now: Serving) -> None:
        with self._items:
            changes, items = self.store.items.changes(), self.store.items.all()
            said = {one.item: one.columns for one in items if one.columns}
            now.ladder.answerer = now.answerer.with_items(said, [one.item for one in items if one.withdrawn])
            now.item_changes = changes


def nothing_to_serve(workspace: Path) -> ModelError:
    """Before a run."""
    return ModelError(
        f"workspace {workspace} has nothing to serve yet; run: zhiyin run -w {workspace}", found="no finished run",
        do=f"zhiyin run -w {workspace}",
    )  # fmt: skip


def _warm(now: Serving) -> None:
    popular = now.asking.catalogue.ids.take(now.ladder.popular[0][:1])
    for items in ([], popular):
        now.ladder.warm(now.asking.history(items))

"""What a server does, without HTTP: events in, slates out."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from zhiyin.answering import Answerer, Asking, Budget, Ladder, Wishes
from zhiyin.answering.wishes import NONE
from zhiyin.core.errors import ModelError, ServiceError
from zhiyin.core.wire import ModelsJSON, Recommendations, ServedJSON, TakenJSON
from zhiyin.data.dataset import Encoded
from zhiyin.serving.limits import LIVE
from zhiyin.store import Event, Store

UNREAD = "the store of live events does not answer: this is what the log knows"
log = logging.getLogger("zhiyin.serving")


class Service:
    """One assembly and one store. Any number of threads may ask."""

    def __init__(
        self, answerer: Answerer, store: Store, budget: Budget | None = None, clock: Callable[[], float] = time.time
    ) -> None:  # fmt: skip
        """Reads the house rules: raises `SettingsError` for one that cannot be kept."""
        self.store = store
        self.ladder = Ladder(answerer, budget)
        self.asking = Asking(answerer, clock)

    @classmethod
    def of(cls, workspace: Path, url: str | None = None, budget: Budget | None = None) -> Self:
        """What the last whole run of this workspace put together, and its store (or the database at ``url``).

        Raises `ModelError` before a run, and has made nothing then; `ServiceError` where the database is down.
        """
        answerer = Answerer.of(workspace)
        if answerer is None:
            raise ModelError(
                f"workspace {workspace} has nothing to serve yet; run: zhiyin run -w {workspace}",
                found="no finished run", do=f"zhiyin run -w {workspace}",
            )  # fmt: skip
        return cls(answerer, Store.of(workspace, url), budget)

    def warm(self) -> None:
        """Answer somebody new and somebody known, so that the first to ask wait for nothing made at first use."""
        popular = self.asking.catalogue.ids.take(self.ladder.popular[0][:1])
        for items in ([], popular):
            self.ladder.warm(self.asking.history(items))

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

    def recommend(
        self, user: str | None = None, history: Sequence[str] | None = None, k: int | None = None,
        exclude: Sequence[str] = (), reasons: bool = False, moment: Mapping[str, Any] | None = None,
        wishes: Wishes = NONE,
    ) -> Recommendations:  # fmt: skip
        """A slate for a person, with all that came in until now, or for a bare ``history``."""
        question = self._question(user, history or (), exclude, moment or {})
        return self.ladder.answer(question, k, reasons=reasons, wishes=wishes)

    def rerank(
        self, items: Sequence[str], user: str | None = None, history: Sequence[str] | None = None,
        moment: Mapping[str, Any] | None = None,
    ) -> Recommendations:  # fmt: skip
        """These items, best first for a person or after a bare history; nothing known is left out."""
        question = self._question(user, history or (), (), moment or {})
        return {"recommendations": [self.ladder.rerank(question, items)]}

    def basket(
        self, items: Sequence[str], user: str | None = None, k: int | None = None, wishes: Wishes = NONE
    ) -> Recommendations:
        """What goes with these items, which nobody has bought yet: after all that is known of ``user``."""
        if user is None:
            return self.ladder.answer(self._question(None, items, items, {}), k, wishes=wishes)
        laid = [Event(user, item, int(self.asking.clock())) for item in items]
        return self.ladder.answer(self._question(user, (), items, {}, laid), k, wishes=wishes)

    def trending(self, k: int = 10, days: float = 7, wishes: Wishes = NONE) -> Recommendations:
        """What is taken more in the last ``days`` than in those before, live events included."""
        lag, notes = self.asking.lag_s, list[str]()

        def live(since: int, until: int) -> Mapping[str, int]:
            try:
                return self.store.events.taken(max(since, self.asking.newest + 1) + lag, until + lag)
            except ServiceError as error:
                log.error("%s", error.message)
                notes[:] = [UNREAD]
                return {}

        slate = self.ladder.rising(k, self.asking.now, days, live, wishes)
        slate["notes"].extend(notes)
        return {"recommendations": [slate]}

    def similar(self, items: Sequence[str], k: int = 10) -> Recommendations:
        """For each item those that fit best to a history of just this one."""
        return {"recommendations": [self.ladder.similar(item, k) for item in items]}

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

    def check(self) -> None:
        """Raises `ServiceError` where the store does not answer."""
        self.store.events.of("", newest=1)

    def close(self) -> None:
        """Answer nothing more, and let go of the store."""
        self.ladder.close()
        self.store.close()

    def _question(
        self, user: str | None, history: Sequence[str], never: Sequence[str], moment: Mapping[str, Any],
        laid: Sequence[Event] = (),
    ) -> Encoded:  # fmt: skip
        """Who asks: a person with all that came in until now, and what lies in their basket; or a bare history."""
        if user is None:
            return self.asking.at(self.asking.history(history, never), moment)
        live, notes = self._live(user)
        question = self.asking.at(self.asking.person(user, [*live, *laid], never), moment)
        return replace(question, notes=[[*question.notes[0], *notes]])

    def _live(self, user: str) -> tuple[list[Event], list[str]]:
        """What came in of this person; where the store is down nothing, and a note: there is an answer all the same."""
        try:
            return self.store.events.of(user, newest=LIVE), []
        except ServiceError as error:
            log.error("%s", error.message)
            return [], [UNREAD]

"""What a server does, without HTTP: events in, slates out."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from zhiyin.answering import Answerer, Asking, Budget, Ladder, Wishes
from zhiyin.answering.wishes import NONE
from zhiyin.core.errors import ModelError, ServiceError
from zhiyin.core.wire import ModelsJSON, Recommendations, ServedJSON, TakenJSON
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
        live, notes = ([], []) if user is None else self._live(user)
        asked = self.asking
        question = asked.history(history or (), exclude) if user is None else asked.person(user, live, exclude)
        answer = self.ladder.answer(asked.at(question, moment or {}), k, reasons=reasons, wishes=wishes)
        for slate in answer["recommendations"]:
            slate["notes"].extend(notes)
        return answer

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

    def _live(self, user: str) -> tuple[list[Event], list[str]]:
        """What came in of this person; where the store is down nothing, and a note: there is an answer all the same."""
        try:
            return self.store.events.of(user, newest=LIVE), []
        except ServiceError as error:
            log.error("%s", error.message)
            return [], [UNREAD]

"""From a dataset to its parts: what is learned from, and what is asked.

Letters: E events, U users, T targets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from zhiyin.core.errors import DataError, SettingsError
from zhiyin.core.languages import Sentence
from zhiyin.core.randomness import generator
from zhiyin.data.consent import CONSENT, Purpose, allows
from zhiyin.data.contracts import Cases, Histories, Ragged, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.data.popularity import DAY_S
from zhiyin.data.splits.chance import RandomRule
from zhiyin.data.splits.given import GivenRule, meaning
from zhiyin.data.splits.items import ItemsRule
from zhiyin.data.splits.last import LastRule
from zhiyin.data.splits.people import PeopleRule
from zhiyin.data.splits.rule import FOLD_IN, TEST, TRAIN, VALIDATION, SplitRule
from zhiyin.data.splits.time import TimeRule

RULES: Mapping[str, type[SplitRule]] = {
    "time": TimeRule, "last": LastRule, "people": PeopleRule, "items": ItemsRule, "given": GivenRule,
    "random": RandomRule,
}  # fmt: skip

ALL_RANKED = Sentence("all items ranked", "对全部物品排序")
REPEATS = {
    "drop": Sentence("repeats are left out", "重复选取的剔除"),
    "keep": Sentence("repeats count", "重复选取的计入"),
}
COLD = {"drop": Sentence("people without history are left out", "没有历史的人剔除"),
        "keep": Sentence("new people count", "新用户计入")}  # fmt: skip
DIVISION = Sentence("recall@k divides by min(k, targets)", "recall@k 除以 min(k, 目标数)")
LEFT_OUT = {"taken before": Sentence("{n} taken before", "{n} 个之前选取过"),
            "people without history": Sentence("{n} people without history", "{n} 个没有历史的人")}  # fmt: skip
SHUFFLED = Sentence("ties in time shuffled", "同一时刻的事件打乱顺序")


@dataclass(frozen=True, eq=False)
class Split:
    """The parts of a dataset. All share its users and its catalogue."""

    train: Dataset
    validation: Cases | None
    test: Cases
    refit: Dataset
    """Training and validation part together, for a final fit."""
    rule: str
    """How the parts were cut, in words."""
    facts: dict[str, Any] = field(default_factory=dict)
    """``by``, sizes, and what was left out and why."""


def split(dataset: Dataset, by: str | None = None, **settings: Any) -> Split:
    """The parts of ``dataset``: by ``time`` where there is time, else as ``given`` (a split column that has a
    training and a test part), else the ``last`` item out.

    ``settings`` are the rule's: ``days=30`` (time), ``share`` (time, people, items, random), ``fold_in`` (people),
    ``others`` (items), and for all ``validation, repeats, cold_people, min_user_events, min_item_events, ties, seed``.
    Raises `SettingsError` for one
    that the rule does not have, `DataError` where nothing is left to test.
    """
    if not isinstance(dataset, Dataset):
        raise DataError(
            f"split takes a Dataset, found {type(dataset).__name__}; make one: zhiyin.read(file or frame)",
            found=type(dataset).__name__, allowed="Dataset",
        )  # fmt: skip
    name = by or _usual(dataset)
    if name not in RULES:
        raise SettingsError.unknown(f"there is no split by {name!r}", name, RULES)
    rule = RULES[name].read(settings, f"split by {name}")
    everything = dataset.unread or dataset.histories
    if not everything.n_events:
        raise DataError("the dataset has no event, so there is nothing to split; check the log and the fixes")
    if rule.ties == "shuffle":
        everything = _shuffled(everything, rule.seed)
    parts = rule.parts(everything, dataset)
    return _Cut(dataset, everything, parts, rule).split(name)


def windows(dataset: Dataset, n: int, *, days: float, **settings: Any) -> list[Split]:
    """``n`` splits by time, the oldest first, each window's test ``days`` long and ending where the next begins."""
    everything = dataset.unread or dataset.histories
    newest = int(everything.times.max())
    found = []
    for back in range(n - 1, -1, -1):
        kept = everything.times <= newest - int(back * days * DAY_S)
        part = replace(dataset, histories=everything.keep(kept), unread=everything.keep(kept))
        found.append(split(part.for_purpose("train"), "time", days=days, **settings))
    return found


def _usual(dataset: Dataset) -> str:
    column = (dataset.unread or dataset.histories).context.get("split")
    whole = column is not None and {TRAIN, TEST} <= set(meaning(column).values())
    return "time" if dataset.order == "time" else "given" if whole else "last"


def _shuffled(histories: Histories, seed: int) -> Histories:
    """Events of one person at one time in random order."""
    draw = generator(seed, "ties").random(histories.n_events)
    return histories.events(np.lexsort((draw, histories.times, histories.owners)), histories.offsets)


@dataclass(frozen=True, eq=False)
class _Cut:
    """All events with the part of each, on the way to a `Split`."""

    dataset: Dataset
    events: Histories
    parts: np.ndarray
    rule: SplitRule

    def split(self, by: str) -> Split:
        fit = self._allowed("train")
        train = self._core(self.events.keep((self.parts == TRAIN) & fit))
        shown = (self.parts == FOLD_IN) & np.isin(self.events.owners, self.events.owners[self.parts == VALIDATION])
        refit = self.events.keep(((self.parts == TRAIN) | (self.parts == VALIDATION) | shown) & fit)
        at_validation, at_test = self.rule.starts(self.events, self.parts)
        test = self._cases(TEST, (TRAIN, VALIDATION, FOLD_IN), at_test)
        if not len(test):
            raise DataError(f"no test case is left: {self._why_none(test)}")
        validation = self._cases(VALIDATION, (TRAIN, FOLD_IN), at_validation) if self.rule.validation else None
        facts = {
            "by": by, "train_events": train.n_events, "test_cases": len(test), "test_targets": len(test.targets.rows),
            "validation_cases": 0 if validation is None else len(validation), "left_out": dict(test.dropped),
            "ties": self.rule.ties, "rule_zh": self._words(test).zh,
        }  # fmt: skip
        checked = validation if validation is not None and len(validation) else None
        learned = self.dataset.with_histories(train, ("train",))
        final = self.dataset.with_histories(self._core(refit), ("train", "validation"))
        return Split(learned, checked, test, final, self._words(test).en, facts)

    def _why_none(self, test: Cases) -> str:
        """What took all test cases away, and what to do."""
        in_test = self.parts == TEST
        if not (self.events.weights > 0).any():
            return (
                "no event of the log has a positive weight (dislikes, returns, impressions); give [data] weights that "
                "say which kinds are liked"
            )
        if in_test.any() and not (in_test & self._allowed("measure")).any():
            return "no event of the test part has consent to measure; ask for it, or test on another part"
        if not in_test.any():
            least = 3 if self.rule.validation else 2
            return (
                "no event is in the test part; give a longer one (the last item out needs people with at least "
                f"{least} events)"
            )
        return (
            f"{self._left_out(test) or 'nothing in it was liked'}; give a longer test part, or say "
            'repeats = "keep" or cold_people = "keep"'
        )

    def _allowed(self, purpose: Purpose) -> np.ndarray:
        """bool (E,): events that may be used for this."""
        bits = self.events.context.get(CONSENT)
        return np.ones(self.events.n_events, bool) if bits is None else allows(bits, purpose)

    def _core(self, train: Histories) -> Histories:
        """The training part without people and items of too few events, until none is left."""
        people, items = self.rule.min_user_events, self.rule.min_item_events
        while people > 1 or items > 1:
            counts = np.bincount(train.items, minlength=self.dataset.n_items)
            kept = (train.lengths[train.owners] >= people) & (counts[train.items] >= items)
            if kept.all():
                break
            train = train.keep(kept)
        return train

    def _cases(self, part: int, before: tuple[int, ...], now: int | None) -> Cases:
        """Everybody with something to find in ``part``, asked with the history of the parts ``before``."""
        past = self.events.keep(np.isin(self.parts, before) & self._allowed("personalise"))
        measured = (self.parts == part) & (self.events.weights > 0) & self._allowed("measure")
        targets, values, again = self._targets(past, self.events.keep(measured))
        cold = (targets.lengths > 0) & (past.lengths == 0)
        asked = (targets.lengths > 0) & ~(cold if self.rule.cold_people == "drop" else np.zeros_like(cold))
        people = np.flatnonzero(asked)
        person = {name: column[people] for name, column in self.dataset.people.items()}
        requests = Requests.of(past.take(people), exclude_seen=self.rule.repeats == "drop", now=now, person=person)
        dropped = {"taken before": again, "people without history": int(cold.sum())}
        dropped = {name: count for name, count in dropped.items() if count}
        if self.rule.cold_people == "keep":
            dropped.pop("people without history", None)
        chosen = asked[targets.owners]
        return Cases(
            requests, targets.take(people), people, values[chosen] if not np.isnan(values).all() else None, dropped
        )

    def _targets(self, past: Histories, outcome: Histories) -> tuple[Ragged, np.ndarray, int]:
        """Each person's different items of ``outcome``, the value of each, and how many events were repeats."""
        n = max(1, self.dataset.n_items)
        keys, first = np.unique(outcome.owners * n + outcome.items, return_index=True)
        met = past.met
        again = np.isin(outcome.owners * n + outcome.items, met.owners * n + met.rows)
        if self.rule.repeats == "drop":
            new = ~again[first]
            keys, first = keys[new], first[new]
        lengths = np.bincount(keys // n, minlength=len(past))
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        dropped = int(again.sum()) if self.rule.repeats == "drop" else 0
        return Ragged(offsets, (keys % n).astype(np.int32)), outcome.values[first], dropped

    def _words(self, test: Cases) -> Sentence:
        """The whole rule, so that a figure can be read."""
        parts = [self.rule.words(self.dataset), ALL_RANKED, REPEATS[self.rule.repeats], COLD[self.rule.cold_people],
                 DIVISION, *([SHUFFLED] if self.rule.ties == "shuffle" else [])]  # fmt: skip
        english, chinese = "; ".join(part.en for part in parts), "；".join(part.zh for part in parts)
        if not test.dropped:
            return Sentence(english, chinese)
        kept = [LEFT_OUT[name].filled(n=count) for name, count in test.dropped.items()]
        return Sentence(f"{english} (left out: {', '.join(one.en for one in kept)})",
                        f"{chinese}（剔除：{'、'.join(one.zh for one in kept)}）")  # fmt: skip

    @staticmethod
    def _left_out(test: Cases) -> str:
        return ", ".join(f"{count:,} {name}" for name, count in test.dropped.items())

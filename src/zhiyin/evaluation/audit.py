"""The leakage audit, before any figure: has the training part seen what the test asks?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from zhiyin.core.wire import LeakageJSON
from zhiyin.data.contracts import Cases, Scorer
from zhiyin.data.dataset import Dataset

Verdict = Literal["pass", "warn", "fail"]
N_ROWS = 3
"""Examples that a finding names."""
MIN_TIES, FOLLOWS_IDS = 30, 0.9
"""So many tied pairs, and such a share of them in the order of the ids, make a pattern."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the audit looked at and did not like."""

    check: str
    verdict: Verdict
    found: str
    rows: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {"check": self.check, "verdict": self.verdict, "found": self.found, "rows": list(self.rows)}


@dataclass(frozen=True, slots=True)
class Audit:
    """``fail``: no figure may be made. ``warn``: a figure needs the finding beside it."""

    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        verdicts = {finding.verdict for finding in self.findings}
        return "fail" if "fail" in verdicts else "warn" if "warn" in verdicts else "pass"

    def to_dict(self) -> LeakageJSON:
        """The ``leakage`` of DESIGN's JSON."""
        return {"verdict": self.verdict, "findings": [finding.to_dict() for finding in self.findings]}


def audit(
    train: Dataset, test: Cases, models: Mapping[str, Scorer] | None = None, *, unseen_people: bool = False
) -> Audit:
    """What of the test part the training part (or a model) knows.

    ``unseen_people``: the protocol promises that no test person was trained on.
    """
    looks = [
        _same_pairs(train, test), _history_after_asking(test), _training_after_asking(train, test),
        _known_people(train, test) if unseen_people else None, *_fitted_on_more(models or {}),
        *_fitted_on_other(train, models or {}), _tie_order(train),
    ]  # fmt: skip
    return Audit(tuple(finding for finding in looks if finding is not None))


def _same_pairs(train: Dataset, test: Cases) -> Finding | None:
    """A target whose (user, item) was trained on, where seen items are left out of the lists."""
    if not len(test.requests.exclude.rows):
        return None  # repeats are asked for: having taken an item before is no leak
    n = max(1, train.n_items)
    people = test.users[test.targets.owners]
    met = train.histories.met
    both = np.isin(people * n + test.targets.rows, met.owners * n + met.rows)
    if not both.any():
        return None
    where = np.flatnonzero(both)[:N_ROWS]
    rows = tuple(f"user {train.users[people[t]]!r}, item {train.catalogue.ids[test.targets.rows[t]]!r}" for t in where)
    return Finding("same event in both parts", "fail", f"{int(both.sum()):,} targets stand in the training part", rows)


def _history_after_asking(test: Cases) -> Finding | None:
    """A case whose own history is newer than its question."""
    histories = test.requests.histories
    late = histories.times > test.requests.now[histories.owners]
    if not late.any():
        return None
    return Finding(
        "history after asking", "fail", f"{int(late.sum()):,} events of histories are newer than the question"
    )


def _training_after_asking(train: Dataset, test: Cases) -> Finding | None:
    """Training events newer than the questions: a leak for one moment for all, a warning for last item out."""
    if train.order != "time" or not len(test):
        return None
    now = test.requests.now
    late = train.histories.times > now.min()
    if not late.any():
        return None
    share = late.mean()
    if (now == now[0]).all() and len(now) > 1:
        where = np.flatnonzero(late)[:N_ROWS]
        owners = train.histories.owners
        rows = tuple(f"user {train.users[owners[e]]!r} at {int(train.histories.times[e])}" for e in where)
        return Finding(
            "training after the test's start", "fail", f"{int(late.sum()):,} training events are newer", rows
        )
    return Finding(
        "training after asking", "warn",
        f"each is asked at a moment of their own, so training knows events of others that came later ({share:.0%} are "
        "newer than the earliest question): comparable with papers, no claim about a live service",
    )  # fmt: skip


def _known_people(train: Dataset, test: Cases) -> Finding | None:
    known = np.flatnonzero(train.histories.lengths[test.users] > 0)
    if not len(known):
        return None
    rows = tuple(f"user {train.users[test.users[b]]!r}" for b in known[:N_ROWS])
    return Finding("people that should be unseen", "fail", f"{len(known):,} test people were trained on", rows)


def _fitted_on_more(models: Mapping[str, Scorer]) -> list[Finding]:
    """Models whose own record says that they read more than training and validation."""
    found = []
    for name, model in models.items():
        parts = (getattr(model, "facts", None) or {}).get("parts")
        if parts and not set(parts) <= {"train", "validation"}:
            found.append(
                Finding(
                    "fitted on test rows", "fail", f"{name} was fitted on {', '.join(parts)}; fit it on split.train"
                )
            )
    return found


def _fitted_on_other(train: Dataset, models: Mapping[str, Scorer]) -> list[Finding]:
    """Models whose own record names the training part of other data than this split's."""
    found = []
    for name, model in models.items():
        facts = getattr(model, "facts", None) or {}
        if tuple(facts.get("parts", ())) == ("train",) == train.parts and facts.get("dataset") != train.digest:
            found.append(
                Finding(
                    "fitted on other events", "warn",
                    f"{name} was fitted on the training part of another split, which may hold the test's events; fit "
                    "it on split.train of this one",
                )
            )  # fmt: skip
    return found


def _tie_order(train: Dataset) -> Finding | None:
    """Neighbouring events of one person at one time, stored in the order of their ids: a model can learn that."""
    histories = train.histories
    if train.order != "time" or histories.n_events < 2:
        return None
    owners = histories.owners
    tied = (np.diff(histories.times) == 0) & (np.diff(owners) == 0) & (np.diff(histories.items) != 0)
    if tied.sum() < MIN_TIES:
        return None
    place = np.empty(train.n_items, np.int64)
    place[np.argsort(np.array(list(train.catalogue.ids), dtype=object), kind="stable")] = np.arange(train.n_items)
    steps = np.diff(place[histories.items])[tied]
    share = float(max((steps > 0).mean(), (steps < 0).mean()))
    if share < FOLLOWS_IDS:
        return None
    people = len(np.unique(owners[1:][tied]))
    return Finding(
        "ties follow the ids", "warn",
        f"{share:.0%} of {int(tied.sum()):,} neighbouring events at the same time ({people:,} people) stand in the "
        "order of their ids, which a model can learn; evaluate again with ties='shuffle'",
    )  # fmt: skip

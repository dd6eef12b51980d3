"""Each rung is forced, and named; the house rules hold on all of them; a ladder always answers."""

import threading
from typing import Any

import numpy as np
import pytest

from zhiyin import models
from zhiyin.answering import Answerer, Asking, Assembly, Budget, Ladder, Rules
from zhiyin.answering.ladder import RUNGS
from zhiyin.core.errors import ModelError, SettingsError
from zhiyin.core.wire import SlateJSON
from zhiyin.testing import worlds

NAMES = ("Popular", "EASE")
LONG_S = 60
"""A budget that only a hanging rung exceeds."""


class Broken:
    """What a rung asks for, failing, or late: not before it is released."""

    def __init__(self, late: bool = False) -> None:
        self.late, self.calls, self.released = late, 0, threading.Event()

    def __call__(self, *_: Any, **__: Any) -> Any:
        self.calls += 1
        if not self.late:
            raise ZeroDivisionError
        assert self.released.wait(60)


def ladder(budget: Budget | None = None, **settings: Any) -> tuple[Ladder, Asking]:
    world = worlds.even()
    sources = {name.lower(): (getattr(models, name)().fit(world), 12) for name in NAMES}
    answerer = Answerer(Assembly(sources, **settings), world)
    return Ladder(answerer, budget), Asking(answerer)


def forced(steps: Ladder, rung: str, how: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything above this rung breaks."""
    for above in RUNGS[: RUNGS.index(rung)]:  # type: ignore[arg-type]
        nothing = above in ("cached", "context")  # which are made before: they have nothing, and never fail
        monkeypatch.setattr(steps, f"_{above}", (lambda *_: None) if nothing else how)


def answered(steps: Ladder, question: Any, **asked: Any) -> SlateJSON:
    (slate,) = steps.answer(question, **asked)["recommendations"]
    return slate


def ids(slate: SlateJSON) -> list[str]:
    return [item["item"] for item in slate["items"]]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("rung", RUNGS)
def test_the_next_rung_answers_and_is_named(rung: str, late: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    tight_s = {True: 0.05, False: LONG_S}
    steps, asking = ladder(Budget(full_s=tight_s[late and rung != "full"],
                                  retrieval_s=tight_s[late and rung not in ("full", "retrieval")]))  # fmt: skip
    question, how = asking.person("u0"), Broken(late)
    if rung == "cached":
        before = answered(steps, question, k=3) if not late else steps._full(steps.answerer, question, 3, False)
    forced(steps, rung, how, monkeypatch)
    slate = answered(steps, question, k=3)
    assert slate["rung"] == rung
    assert len(slate["items"]) == 3
    assert slate["user"] == "u0"
    assert slate["model"] == {"name": "assembly", "version": 0}
    seen = asking.dataset.history_of(["u0"]).items  # type: ignore[union-attr]
    assert not {f"i{row}" for row in seen} & set(ids(slate))
    sources = {"full": {"popular", "ease", "popular, ease"}, "retrieval": {"ease"}, "popular": {"popular"}}
    sources |= {"cached": sources["full"], "context": {"popular"}}
    assert rung != "cached" or ids(slate) == ids(before)
    assert {item["source"] for item in slate["items"]} <= sources[rung]
    assert all(item["columns"]["title"].endswith(item["item"][1:]) for item in slate["items"])
    how.released.set()


def test_warming_gives_the_answer_of_each_rung_and_says_what_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    steps, asking = ladder(Budget(full_s=1e-9))
    calls: list[str] = []
    for rung in ("_full", "_retrieval", "_context"):
        asked = getattr(steps, rung)
        monkeypatch.setattr(steps, rung, lambda *a, rung=rung, asked=asked: calls.append(rung) or asked(*a))
    steps.warm(asking.history(["i0"]))
    assert calls == ["_full", "_retrieval", "_context"]
    monkeypatch.setattr(steps, "_retrieval", Broken())
    with pytest.raises(ZeroDivisionError):
        steps.warm(asking.history([]))


def test_a_remembered_answer_is_without_what_was_met_or_withdrawn_since_and_of_this_person_alone() -> None:
    steps, asking = ladder(Budget(full_s=LONG_S))
    before = ids(answered(steps, asking.person("u0"), k=9))
    assert ids(answered(steps, asking.person("u0", never=before[:2]), k=5, first="cached")) == before[2:7]
    steps.answerer = steps.answerer.with_items({}, before[:1])
    assert ids(answered(steps, asking.person("u0"), k=5, first="cached")) == before[1:6]
    assert answered(steps, asking.person("u1"), k=5, first="cached")["rung"] == "context"
    assert answered(steps, asking.history(["i0"]), k=5, first="cached")["rung"] == "context"
    steps.forget("u0")
    assert answered(steps, asking.person("u0"), k=5, first="cached")["rung"] == "context"


def test_the_context_is_the_categories_met_last() -> None:
    steps, asking = ladder()
    slate = answered(steps, asking.history(["i1"]), k=4, first="context")
    assert all(int(id_[1:]) % 2 == 1 for id_ in ids(slate))
    assert len(ids(answered(steps, asking.history(["i1"]), k=12, first="context"))) == 12, "then others follow"
    assert answered(steps, asking.history([]), k=4, first="context")["rung"] == "popular"


def test_who_asks_for_a_lower_rung_gets_no_higher_one() -> None:
    steps, asking = ladder()
    for rung in ("retrieval", "context", "popular"):
        assert answered(steps, asking.person("u0"), first=rung)["rung"] == rung


def test_late_work_closes_its_rung_and_not_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    steps, asking = ladder(Budget(full_s=0.05, retrieval_s=LONG_S, workers=1))
    late, question = Broken(late=True), asking.person("u0")
    monkeypatch.setattr(steps, "_full", late)
    assert [answered(steps, question)["rung"] for _ in range(4)] == ["retrieval"] * 4
    late.released.set()
    steps.budget = Budget(full_s=LONG_S)
    monkeypatch.undo()
    assert answered(steps, question)["rung"] == "full"
    assert late.calls == 1  # those that waited behind it were never begun


def test_late_reasons_close_only_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    steps, asking = ladder(Budget(full_s=LONG_S, reasons_s=0.05, retrieval_s=LONG_S, workers=1))
    question, whole, late = asking.person("u0"), steps._full, Broken(late=True)
    monkeypatch.setattr(steps, "_full", lambda *asked: late() if asked[-1] else whole(*asked))
    assert answered(steps, question, reasons=True)["rung"] == "retrieval"
    assert answered(steps, question)["rung"] == "full"
    late.released.set()


@pytest.mark.parametrize("rung", ["full", "retrieval", "context", "popular"])
def test_the_house_rules_hold_on_each_rung(rung: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = Rules(hide={"item": ["i6"]}, only={"price": [2.0]}, most={"title": 1, "category": 2})
    steps, asking = ladder(Budget(full_s=LONG_S, retrieval_s=LONG_S), rules=rules)
    forced(steps, rung, Broken(), monkeypatch)
    for user in ("u0", "u1", "new"):
        found = ids(answered(steps, asking.person(user, never=["i8"]), k=10))
        assert len(found) == 2
        assert all(int(id_[1:]) % 2 == 0 and id_ not in ("i6", "i8") for id_ in found)


def test_rules_that_leave_nothing_are_answered_with_nothing() -> None:
    steps, asking = ladder(rules=Rules(only={"price": [9.0]}))
    assert ids(answered(steps, asking.person("u0"))) == []


def test_a_rule_about_no_column_is_said_before_anything_is_served() -> None:
    with pytest.raises(SettingsError, match="hide names the column 'colour', which the items do not have"):
        ladder(rules=Rules(hide={"colour": ["red"]}))


def test_the_whole_assembly_answers_as_the_command_does_and_reasons_come_where_asked_for() -> None:
    steps, asking = ladder(Budget(full_s=LONG_S, reasons_s=LONG_S))
    question = asking.person("u3")
    (expected,) = steps.answerer.people(["u3"], 4)["recommendations"]
    plain, told = answered(steps, question, k=4), answered(steps, question, k=4, reasons=True)
    assert ids(plain) == ids(told) == ids(expected)
    assert [item["score"] for item in plain["items"]] == [item["score"] for item in expected["items"]]
    assert told["items"][0]["reasons"] == expected["items"][0]["reasons"] != []
    assert "reasons" not in plain["items"][0]
    assert told["rung"] == "full"


def test_a_wrong_length_is_the_callers_mistake_and_no_reason_to_step_down() -> None:
    steps, asking = ladder()
    with pytest.raises(ModelError, match="k is 0; a slate has at least 1 item"):
        steps.answer(asking.person("u0"), 0)
    assert len(ids(answered(steps, asking.person("new"), k=10**9))) == 16


def test_popular_is_by_count_and_needs_no_model() -> None:
    steps, _ = ladder()
    taken = np.bincount(worlds.even().histories.items, minlength=16)
    assert steps.popular[1].tolist() == sorted(taken.tolist(), reverse=True)
    assert taken[steps.popular[0]].tolist() == steps.popular[1].tolist()


def test_similar_is_what_fits_to_a_history_of_one_under_the_house_rules() -> None:
    steps, _ = ladder(rules=Rules(hide={"item": ["i2"]}))
    slate = steps.similar("i0", 5)
    assert slate["rung"] == "retrieval"
    assert len(ids(slate)) == 5
    assert not {"i0", "i2"} & set(ids(slate))
    assert all(int(id_[1:]) % 2 == 0 for id_ in ids(slate)[:5])
    nothing = steps.similar("I0", 5)
    assert (ids(nothing), nothing["unknown_items"]) == ([], ["I0"])
    assert nothing["notes"] == ["item 'I0' is unknown; 'i0' is known"]


@pytest.mark.parametrize("rung", ["full", "retrieval", "popular"])
def test_that_the_house_rules_leave_nothing_is_said_on_every_rung(rung: str, monkeypatch: pytest.MonkeyPatch) -> None:
    titles = worlds.even().catalogue.columns["title"].tolist()
    steps, asking = ladder(rules=Rules(only={"title": ["nothing is called so"]}))
    forced(steps, rung, Broken(), monkeypatch)
    slate = answered(steps, asking.person("u0"), k=3)
    assert "nothing is called so" not in titles
    assert slate["rung"] == rung
    assert not slate["items"]
    assert slate["notes"] == ["the house rules leave nothing to show; see [answer.rules]"]

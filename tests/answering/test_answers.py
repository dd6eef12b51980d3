"""Candidates merged, questions asked, reasons given: the parts of an answer, each on a tiny world."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from zhiyin import models
from zhiyin.answering import Answerer, Assembly, Rules, explain, proposed
from zhiyin.answering.questions import excluded, of_history, of_people, on_rows_of
from zhiyin.core.errors import DataError, ModelError, SettingsError
from zhiyin.data.contracts import KINDS, Candidates, Catalogue, Histories, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.testing import worlds


class Fixed:
    """A source that always proposes the same."""

    def __init__(self, rows: list[list[int]]) -> None:
        self.rows = np.array(rows, np.int32)

    def candidates(self, requests: Requests, k: int, allowed: np.ndarray | None = None) -> Candidates:
        rows = self.rows[:, :k]
        return Candidates(rows, np.zeros(rows.shape, np.float32), (rows >= 0).astype(np.uint32), ("fixed",))


def asked(n: int) -> Requests:
    return Requests.of(Histories.empty(n))


def test_each_item_stands_once_with_all_its_sources_by_its_best_place() -> None:
    found = proposed({"a": (Fixed([[3, 1, 2]]), 3), "b": (Fixed([[1, 5, -1]]), 3)}, asked(1))
    assert found.rows.tolist() == [[3, 1, 5, 2]]
    assert found.sources.tolist() == [[0b01, 0b11, 0b10, 0b01]]
    assert found.scores.tolist() == [[0, 0, -1, -2]]
    assert found.source_names == ("a", "b")


def test_fewer_candidates_are_filled() -> None:
    found = proposed({"a": (Fixed([[1, 2], [-1, -1]]), 2)}, asked(2))
    assert found.rows.tolist() == [[1, 2], [-1, -1]]
    assert found.scores[1].tolist() == [-np.inf, -np.inf]


def test_nothing_proposed_has_a_shape() -> None:
    assert proposed({"a": (Fixed([[]]), 2)}, asked(1)).rows.shape == (1, 0)


def test_a_person_of_the_log_is_asked_with_their_history_now() -> None:
    world = worlds.even()
    question = of_people(world, world.catalogue, ["u3"])
    history = world.history_of(["u3"])
    assert question.requests.histories.items.tolist() == history.items.tolist()
    assert question.requests.exclude[0].tolist() == history.items.tolist()
    assert question.requests.now.tolist() == [world.histories.times.max()]
    assert question.notes == [[]]


def test_an_unknown_person_is_answered_as_new_and_it_is_said() -> None:
    world = worlds.even()
    question = of_people(world, world.catalogue, ["U3"])
    assert question.requests.histories.n_events == 0
    assert question.notes == [["person 'U3' is unknown; 'u3' is known: answered as for somebody new"]]


def test_without_takes_all_events_out_and_leaves_what_is_excluded() -> None:
    world = worlds.repeats()
    full = world.history_of(["u0"])
    item = world.catalogue.ids[full.items[0]]
    assert (full.items == full.items[0]).sum() > 1
    question = of_people(world, world.catalogue, ["u0"], "all", [item])
    assert full.items[0] not in question.requests.histories.items
    assert full.items[0] in question.requests.exclude[0]


def test_without_an_item_nobody_knows_is_an_error_and_one_not_taken_a_note() -> None:
    world = worlds.even()
    with pytest.raises(DataError, match="--without: item 'I0' is unknown; 'i0' is known"):
        of_people(world, world.catalogue, ["u1"], "all", ["I0"])
    notes = of_people(world, world.catalogue, ["u1"], "all", ["i0"]).notes[0]
    assert notes == ["item 'i0' is not in the history; nothing to take out"]


def test_a_bare_history_names_what_is_unknown() -> None:
    world = worlds.even()
    question = of_history(world.catalogue, world.weighting, ["i1", "zz"], 9)
    assert question.requests.histories.items.tolist() == [1]
    assert question.requests.now.tolist() == [9]
    assert question.unknown == [["zz"]]


def test_only_the_named_kinds_are_excluded() -> None:
    kinds = ("view", "purchase")
    histories = replace(Histories.of([[0, 1, 2]]), kinds=np.array([0, 1, 0], np.uint8))
    assert excluded(histories, ("purchase",), kinds).rows.tolist() == [1]
    assert excluded(histories, (), kinds).rows.tolist() == []
    assert excluded(histories, "all", kinds).rows.tolist() == [0, 1, 2]
    shown = replace(
        histories, kinds=np.array([KINDS.index(kind) for kind in ("view", "impression", "query")], np.uint8)
    )
    assert excluded(shown, "all", KINDS).rows.tolist() == [0]
    with pytest.raises(SettingsError, match="names the kind 'purchases'; did you mean 'purchase'?"):
        excluded(histories, ("purchases",), kinds)


def test_events_move_to_the_rows_of_another_catalogue() -> None:
    world: Dataset = worlds.even()
    other = Catalogue.of([*reversed(list(world.catalogue.ids))][:-1])  # i0 is missing
    moved = on_rows_of(other, world, world.histories)
    before = [id_ for id_ in world.catalogue.ids.take(world.histories.items) if id_ != "i0"]
    assert other.ids.take(moved.items) == before
    assert len(moved) == len(world.histories)


def test_only_what_is_allowed_is_proposed() -> None:
    world = worlds.even()
    model = models.EASE().fit(world)
    allowed = np.arange(world.n_items) % 3 == 0
    rows = proposed({"ease": (model, 10)}, world.requests(np.arange(5)), allowed).rows
    assert (rows[rows >= 0] % 3 == 0).all()
    assert (rows >= 0).any()


def mixed() -> Dataset:
    """Forty people with no clear taste, so that one event more or less changes what they are shown."""
    rng = np.random.default_rng(3)
    events = [(f"u{u}", f"i{i}") for u in range(40) for i in rng.choice(15, rng.integers(2, 7), replace=False)]
    frame = pl.DataFrame(events, schema=["user", "item"], orient="row")
    items = [f"i{i}" for i in range(15)]
    return Dataset.from_frame(frame, items=pl.DataFrame({"item": items, "title": [f"Item {id_}" for id_ in items]}))


def even(*names: str, world: Dataset | None = None, **settings: object) -> Answerer:
    world = world or worlds.even()
    sources = {name: (getattr(models, name)().fit(world), 12) for name in names}
    return Answerer(Assembly(sources, **settings), world)


def test_each_reason_holds_when_it_is_checked_by_asking_again() -> None:
    answerer = even("EASE", "ItemKNN", world=mixed())
    kinds = set()
    for user in [f"u{n}" for n in range(20)]:
        (slate,) = answerer.people([user], 3)["recommendations"]
        shown = [item["item"] for item in slate["items"]]
        for item in slate["items"]:
            for reason in item["reasons"]:
                kinds.add(reason["kind"])
                (other,) = answerer.people([user], 3, without=reason["events"])["recommendations"]
                after = {entry["item"]: entry["score"] for entry in other["items"]}
                assert (item["item"] not in after) == (reason["kind"] == "counterfactual")
                new = [id_ for id_ in after if id_ not in shown]
                if reason["kind"] == "counterfactual" and new:
                    title = answerer.shelf.columns["title"][answerer.shelf.ids.row(new[0])]
                    assert f"{title} would be here instead" in reason["text"]
                if reason["kind"] == "because":
                    assert reason["value"] == pytest.approx(item["score"] - after[item["item"]], abs=1e-4)
                    assert reason["value"] > 0
    assert kinds == {"counterfactual", "because"}


def test_a_model_that_proposes_and_scores_is_asked_once_for_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    answerer = even("EASE", "ItemKNN")
    asked: list[str] = []
    for model, _ in answerer.assembly.sources.values():
        whole = type(model).score_all

        def counted(self: object, requests: Requests, whole: Any = whole) -> np.ndarray:
            asked.append(self.name)
            return whole(self, requests)

        monkeypatch.setattr(type(model), "score_all", counted)
    answerer.ranked(Requests.of(Histories.of([[0, 2]])), 3)
    assert sorted(asked) == ["EASE", "ItemKNN"]


def test_a_fall_is_exact_where_one_model_answers() -> None:
    world = worlds.even()
    model = models.EASE().fit(world)
    slate = explain(model, world.catalogue.ids.take(world.history_of(["u0"]).items), 3)
    assert [item["item"] for item in slate["items"]] == model.recommend([slate["history"]], 3).ids[0]
    for item in slate["items"]:
        (reason,) = item["reasons"]
        rest = [id_ for id_ in slate["history"] if id_ not in reason["events"]]
        row = world.catalogue.ids.row(item["item"])
        scores = [model.score(of_history(world.catalogue, world.weighting, ids, 0).requests)[0, row]
                  for ids in (slate["history"], rest)]  # fmt: skip
        assert reason["value"] == pytest.approx(scores[0] - scores[1], abs=1e-5)


def test_an_empty_history_has_no_reason_but_an_honest_sentence() -> None:
    (slate,) = even("EASE").history([], 2)["recommendations"]
    assert [item["reasons"] for item in slate["items"]] == [[], []]
    assert {item["reason"] for item in slate["items"]} == {
        "nothing is known of this person yet: everybody new is shown this"
    }


def test_popularity_gives_its_count_as_a_reason() -> None:
    answerer = even("Popular")
    for slate in (answerer.history([], 2)["recommendations"][0], answerer.people(["u1"], 2)["recommendations"][0]):
        for item in slate["items"]:
            (reason,) = item["reasons"]
            world = worlds.even()
            n = int((world.histories.items == world.catalogue.ids.row(item["item"])).sum())
            assert (reason["kind"], reason["value"]) == ("popular", n)
            assert reason["text"] == f"taken {n} times before now"


def test_popularity_of_the_newest_days_names_them() -> None:
    world = worlds.even()
    lately = models.Popular(window_days=365).fit(world)
    slate = Answerer(Assembly({"lately": (lately, 12)}), world).history([], 2)["recommendations"][0]
    assert all(re.fullmatch(r"taken \d+ times in the last 365 days", item["reason"]) for item in slate["items"])


def test_a_reason_in_chinese() -> None:
    answerer = even("EASE")
    answerer.language = "zh"
    texts = [item["reason"] for item in answerer.people(["u0"], 3)["recommendations"][0]["items"]]
    assert all(text.startswith("因为") for text in texts)


def test_rules_hold_in_the_slate_and_while_reasons_are_checked() -> None:
    world = worlds.even()
    hidden = even("EASE").people(["u0"], 3)["recommendations"][0]["items"][0]["item"]
    answerer = even("EASE", rules=Rules(hide={"item": (hidden,)}))
    (slate,) = answerer.people(["u0"], 3)["recommendations"]
    title = world.catalogue.columns["title"][world.catalogue.ids.row(hidden)]
    assert hidden not in [item["item"] for item in slate["items"]]
    assert not any(f"{title} would" in item["reason"] for item in slate["items"])


def test_what_the_log_says_of_items_now_is_shown_and_ruled_by() -> None:
    world = worlds.even()
    model = models.EASE().fit(world)
    now = replace(world, catalogue=Catalogue.of(
        list(world.catalogue.ids), title=[f"new {id_}" for id_ in world.catalogue.ids],
        left=[0.0] * 8 + [1.0] * (world.n_items - 8)))  # fmt: skip
    answerer = Answerer(Assembly({"EASE": (model, 12)}, rules=Rules(stock="left")), now)
    for item in answerer.people(["u0"], 5)["recommendations"][0]["items"]:
        assert item["columns"]["title"] == f"new {item['item']}"
        assert world.catalogue.ids.row(item["item"]) >= 8


def test_reasons_speak_of_the_scores_that_are_shown_under_a_cap_too() -> None:
    world = mixed()
    catalogue = Catalogue.of(list(world.catalogue.ids), shelf=[f"s{row % 3}" for row in range(world.n_items)])
    sources = {name: (getattr(models, name)().fit(world), 12) for name in ("EASE", "ItemKNN")}
    answerer = Answerer(Assembly(sources, rules=Rules(most={"shelf": 1})), replace(world, catalogue=catalogue))
    for user in [f"u{n}" for n in range(10)]:
        for item in answerer.people([user], 3)["recommendations"][0]["items"]:
            for reason in item["reasons"]:
                if reason["kind"] == "because":
                    assert f"from {item['score']:.3f}" in reason["text"]


def test_rules_that_hide_everything_say_so() -> None:
    (slate,) = even("EASE", rules=Rules(only={"title": ("nothing",)})).people(["u0"], 3)["recommendations"]
    assert slate["items"] == []
    assert slate["notes"] == ["the house rules leave nothing to show; see [answer.rules]"]


@pytest.mark.parametrize(
    ("model", "history", "k", "words"),
    [
        (models.EASE, ["i1"], 3, "explain takes a trained model, found EASE; give one: zhiyin.models.EASE"),
        ("EASE", ["i1"], 3, "explain takes a trained model, found 'EASE'; give one"),
        (models.EASE(), ["i1"], 3, "EASE is not trained; call fit"),
        (None, "i1", 3, "a history is 'i1'; give a list of item ids, oldest first"),
        (None, [["i1"]], 3, r"a history is \[\['i1'\]\]; give a list of item ids"),
        (None, ["i1"], "3", "k is '3', a str; a slate's length is a whole number"),
        (None, ["i1"], 0, "k is 0; a slate has at least 1 item"),
    ],
    ids=str,
)
def test_wrong_questions_are_refused_with_what_to_give(model: object, history: object, k: object, words: str) -> None:
    with pytest.raises((ModelError, DataError), match=words):
        explain(model or models.EASE().fit(worlds.even()), history, k)  # type: ignore[arg-type]


def test_more_than_there_is_gives_all_there_is() -> None:
    world = worlds.even()
    items = explain(models.EASE().fit(world), ["i1"], 10**20)["items"]
    assert len(items) == world.n_items - 1


def test_at_most_so_many_of_one_kind_stand_in_a_slate() -> None:
    world = worlds.even()
    catalogue = Catalogue.of(list(world.catalogue.ids), shelf=[f"s{row // 4}" for row in range(world.n_items)])
    answerer = Answerer(
        Assembly({"EASE": (models.EASE().fit(world), 16)}, rules=Rules(most={"shelf": 1})),
        replace(world, catalogue=catalogue),
    )
    items = [item["item"] for item in answerer.people(["u0"], 4)["recommendations"][0]["items"]]
    assert len(items) == 4
    assert len({catalogue.columns["shelf"][catalogue.ids.row(item)] for item in items}) == 4


def test_explain_takes_what_recommend_takes():
    world = worlds.even()
    model = models.EASE().fit(world)
    one = explain(model, world.history_of(["u0"]), 3)
    bare = explain(model, world.catalogue.ids.take(world.history_of(["u0"]).items), 3)
    assert one["user"] == "u0"
    assert [item["item"] for item in one["items"]] == [item["item"] for item in bare["items"]]
    with pytest.raises(DataError, match="explain answers one person, found histories of 2; give one"):
        explain(model, world.history_of(["u0", "u1"]), 3)
    for odd in (None, 7, {"i1": 2}):
        with pytest.raises(DataError, match="give a list of item ids, oldest first"):
            explain(model, odd, 3)  # type: ignore[arg-type]

"""Candidates merged, questions asked, reasons given: the parts of an answer, each on a tiny world."""

from dataclasses import replace

import numpy as np
import pytest

from zhiyin import models
from zhiyin.core.errors import DataError, SettingsError
from zhiyin.data.contracts import Candidates, Catalogue, Histories, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.pipeline.asking import excluded, of_history, of_people, on_rows_of
from zhiyin.pipeline.candidates import merged
from zhiyin.pipeline.reasons import reasons_for
from zhiyin.pipeline.recipe import Recipe
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
    found = merged({"a": (Fixed([[3, 1, 2]]), 3), "b": (Fixed([[1, 5, -1]]), 3)}, asked(1))
    assert found.rows.tolist() == [[3, 1, 5, 2]]
    assert found.sources.tolist() == [[0b01, 0b11, 0b10, 0b01]]
    assert found.scores.tolist() == [[0, 0, -1, -2]]
    assert found.source_names == ("a", "b")


def test_fewer_candidates_are_filled() -> None:
    found = merged({"a": (Fixed([[1, 2], [-1, -1]]), 2)}, asked(2))
    assert found.rows.tolist() == [[1, 2], [-1, -1]]
    assert found.scores[1].tolist() == [-np.inf, -np.inf]


def test_nothing_proposed_has_a_shape() -> None:
    assert merged({"a": (Fixed([[]]), 2)}, asked(1)).rows.shape == (1, 0)


def test_a_person_of_the_log_is_asked_with_their_history_now() -> None:
    world = worlds.even()
    question = of_people(world, world.catalogue, ["u3"], Recipe())
    history = world.history_of(["u3"])
    assert question.requests.histories.items.tolist() == history.items.tolist()
    assert question.requests.exclude[0].tolist() == history.items.tolist()
    assert question.requests.now.tolist() == [world.histories.times.max()]
    assert question.notes == [[]]


def test_an_unknown_person_is_answered_as_new_and_it_is_said() -> None:
    world = worlds.even()
    question = of_people(world, world.catalogue, ["U3"], Recipe())
    assert question.requests.histories.n_events == 0
    assert question.notes == [["person 'U3' is unknown; 'u3' is known: answered as for somebody new"]]


def test_without_takes_all_events_out_and_leaves_what_is_excluded() -> None:
    world = worlds.repeats()
    full = world.history_of(["u0"])
    item = world.catalogue.ids[full.items[0]]
    assert (full.items == full.items[0]).sum() > 1
    question = of_people(world, world.catalogue, ["u0"], Recipe(), [item])
    assert full.items[0] not in question.requests.histories.items
    assert full.items[0] in question.requests.exclude[0]


def test_without_an_item_nobody_knows_is_an_error_and_one_not_taken_a_note() -> None:
    world = worlds.even()
    with pytest.raises(DataError, match="--without: item 'I0' is unknown; 'i0' is known"):
        of_people(world, world.catalogue, ["u1"], Recipe(), ["I0"])
    notes = of_people(world, world.catalogue, ["u1"], Recipe(), ["i0"]).notes[0]
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
    assert excluded(histories, Recipe.from_toml('[answer]\nexclude = ["purchase"]'), kinds).rows.tolist() == [1]
    assert excluded(histories, Recipe.from_toml("[answer]\nexclude = []"), kinds).rows.tolist() == []
    assert excluded(histories, Recipe(), kinds).rows.tolist() == [0, 1, 2]
    with pytest.raises(SettingsError, match="names the kind 'purchases'; did you mean 'purchase'?"):
        excluded(histories, Recipe.from_toml('[answer]\nexclude = ["purchases"]'), kinds)


def test_events_move_to_the_rows_of_another_catalogue() -> None:
    world: Dataset = worlds.even()
    other = Catalogue.of([*reversed(list(world.catalogue.ids))][:-1])  # i0 is missing
    moved = on_rows_of(other, world, world.histories)
    before = [id_ for id_ in world.catalogue.ids.take(world.histories.items) if id_ != "i0"]
    assert other.ids.take(moved.items) == before
    assert len(moved) == len(world.histories)


def test_the_reason_is_the_event_whose_removal_costs_most() -> None:
    world = worlds.even()
    model = models.EASE().fit(world)
    request = world.requests(np.array([0]))
    pool = model.candidates(request, 5).rows[0]
    reasons = reasons_for(request, pool, model.score(request)[0, pool[:3]], model.score, world.catalogue, "en")
    history = request.histories
    for row, reason in zip(pool[:3], reasons, strict=True):
        falls = {}
        for item in set(history.items.tolist()):
            rest = request.with_histories(history.keep(history.items != item))
            falls[world.catalogue.ids[item]] = float(model.score(request)[0, row] - model.score(rest)[0, row])
        best = max(falls, key=lambda item: falls[item])
        assert (reason["kind"], reason["events"]) == ("because", [best])
        assert reason["value"] == pytest.approx(falls[best], abs=1e-5)


def test_an_empty_history_has_no_event_to_blame() -> None:
    world = worlds.even()
    model = models.EASE().fit(world)
    reasons = reasons_for(asked(1), np.array([0, 1]), np.zeros(2), model.score, world.catalogue, "zh")
    assert (
        reasons
        == [{"kind": "because", "text": "尚无此人的历史：所有新用户看到的都是这些", "value": None, "events": []}] * 2
    )

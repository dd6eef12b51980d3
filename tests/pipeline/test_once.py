"""Made once: the same inputs are not made again, others are, and what was killed is made on."""

import json
from pathlib import Path

import pytest

import zhiyin
from zhiyin.pipeline.once import Facts, key_of, once
from zhiyin.pipeline.workspace import Workspace


class Counting:
    """A step that counts how often it was made."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, key: str) -> Facts:
        self.times += 1
        return {"summary": "made", "number": self.times}


def test_the_same_inputs_are_made_once(tmp_path: Path) -> None:
    workspace, make = Workspace.create(tmp_path), Counting()
    first = once(workspace, "step", {"a": 1}, make)
    again = once(workspace, "step", {"a": 1}, make)
    assert make.times == 1
    assert (first["again"], again["again"]) == (False, True)
    assert {**first, "again": True} == again


def test_other_inputs_another_name_or_version_are_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, make = Workspace.create(tmp_path), Counting()
    once(workspace, "step", {"a": 1}, make)
    once(workspace, "step", {"a": 2}, make)
    once(workspace, "other", {"a": 1}, make)
    monkeypatch.setattr(zhiyin, "__version__", "next")
    once(workspace, "step", {"a": 1}, make)
    assert make.times == 4


def test_what_is_no_longer_there_is_made_again(tmp_path: Path) -> None:
    workspace, make = Workspace.create(tmp_path), Counting()
    once(workspace, "step", {}, make)
    facts = once(workspace, "step", {}, make, there=lambda facts: facts["number"] > 1)
    assert facts["number"] == 2


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"facts": {"key": "another"}}', '{"facts": null}'])
def test_a_damaged_record_is_made_again(tmp_path: Path, text: str) -> None:
    workspace, make = Workspace.create(tmp_path), Counting()
    once(workspace, "step", {}, make)
    (record,) = (tmp_path / "runs" / "made").iterdir()
    record.write_text(text)
    assert once(workspace, "step", {}, make)["number"] == 2


def test_a_step_that_fails_leaves_no_record(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path)

    def stopped(key: str) -> Facts:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        once(workspace, "step", {}, stopped)
    assert not (tmp_path / "runs" / "made").exists()
    assert once(workspace, "step", {}, Counting())["number"] == 1


def test_the_order_of_inputs_is_no_input() -> None:
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1})
    assert key_of({"a": 1}) != key_of({"a": "1"})


def test_a_record_that_lost_its_facts_is_made_again(tmp_path: Path) -> None:
    workspace, make = Workspace.create(tmp_path), Counting()
    once(workspace, "step", {"a": 1}, make)
    (record,) = (tmp_path / "runs" / "made").glob("step-*.json")
    record.write_text(json.dumps({"facts": {"key": key_of({"a": 1})}}))
    assert once(workspace, "step", {"a": 1}, make, there=lambda facts: facts["number"] > 0)["number"] == 2

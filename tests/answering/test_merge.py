"""Merging loses nobody's proposal, repeats none, and remembers who proposed it."""

import subprocess
import sys

import numpy as np
import pytest

from zhiyin.answering import merge
from zhiyin.core.errors import ModelError
from zhiyin.data.contracts import Candidates


def proposed(name: str, *lists: list[int]) -> Candidates:
    rows = np.array(lists, np.int32)
    return Candidates(rows, np.zeros(rows.shape, np.float32), (rows >= 0).astype(np.uint32), (name,))


def test_best_places_first_and_every_proposer_remembered() -> None:
    both = merge([proposed("a", [7, 3, 5], [1, -1, -1]), proposed("b", [3, 9, -1], [-1, -1, -1])])
    assert both.rows.tolist() == [[7, 3, 9, 5], [1, -1, -1, -1]]
    assert both.sources.tolist() == [[0b01, 0b11, 0b10, 0b01], [1, 0, 0, 0]]
    assert both.scores.tolist() == [[0, 0, -1, -2], [0, -np.inf, -np.inf, -np.inf]]
    assert both.source_names == ("a", "b")


def test_merging_step_by_step_keeps_rows_and_proposers() -> None:
    rng = np.random.default_rng(1)
    a, b, c = (proposed(name, *(rng.permutation(12)[:5].tolist() for _ in range(6))) for name in "abc")
    at_once, in_turn = merge([a, b, c]), merge([merge([a, b]), c])
    for i in range(6):
        assert dict(zip(at_once.rows[i].tolist(), at_once.sources[i].tolist(), strict=True)) == dict(
            zip(in_turn.rows[i].tolist(), in_turn.sources[i].tolist(), strict=True)
        )
        assert set(at_once.rows[i].tolist()) - {-1} == set(np.r_[a.rows[i], b.rows[i], c.rows[i]].tolist())


def test_no_source_is_refused() -> None:
    with pytest.raises(ModelError, match="0 sources were given; an answer has 1 to 32"):
        merge([])


def test_answering_loads_no_training_code() -> None:
    code = (
        "import sys, zhiyin.answering; print([m for m in ('zhiyin.training', 'zhiyin.pipeline') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"

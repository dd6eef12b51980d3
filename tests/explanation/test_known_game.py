"""The known game: its closed form is what all subsets give, and what is near it is drawn with less left to chance."""

from math import comb

import numpy as np
import pytest
from tests.explanation.conftest import asked

from zhiyin.data.contracts import Requests
from zhiyin.explanation.known_game import known_part
from zhiyin.explanation.shapley import Shapley


def at_length_one(matrix: np.ndarray):  # type: ignore[no-untyped-def]
    """Scores of a history whose rows are added up and divided by the root of how many they are, bent a little."""

    def score(requests: Requests, rows: np.ndarray) -> np.ndarray:
        lists = [requests.histories.rows[b] for b in range(len(requests))]
        sums = np.stack([matrix[some].sum(axis=0) / np.sqrt(max(1, len(some))) for some in lists])
        return np.take_along_axis(np.tanh(sums), rows, axis=1)

    return score


def test_the_values_of_the_known_game_are_those_of_all_its_subsets() -> None:
    n = 9
    subsets = (np.arange(1 << n)[:, None] >> np.arange(n) & 1).astype(bool)
    values = np.random.default_rng(0).normal(size=len(subsets)) + 3 * subsets @ np.arange(n)
    game, scores = known_part(subsets, values, np.ones(n))
    weights = np.array([1 / (n * comb(n - 1, size)) for size in range(n)])
    for p in range(n):
        without = np.flatnonzero(~subsets[:, p])
        slow = (weights[subsets[without].sum(axis=1)] * (game[without | 1 << p] - game[without])).sum()
        assert scores[p] == pytest.approx(slow, abs=1e-9)


def test_a_history_at_length_one_is_drawn_with_a_fraction_of_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    score = at_length_one(np.random.default_rng(1).normal(size=(30, 30)) * 0.3 + 0.1)
    request, item = asked(*range(12)), np.array([20], np.int32)
    exact = Shapley(score).explain(request, item).scores

    def error() -> float:
        drawn = [Shapley(score, 8, seed, exact=0).explain(request, item) for seed in range(5)]
        assert all(one.gap.max() < 1e-9 for one in drawn)
        return float(np.mean([np.abs(one.scores - exact).mean() for one in drawn]))

    controlled = error()
    monkeypatch.setattr("zhiyin.explanation.shapley.known_part",
                        lambda subsets, values, begin: (np.zeros(len(values)), np.zeros(len(begin))))  # fmt: skip
    assert controlled < error() / 3

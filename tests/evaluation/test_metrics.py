"""Metrics on tables made by hand, and beside two independent libraries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from zhiyin.core.errors import SettingsError
from zhiyin.data.contracts import Ragged
from zhiyin.evaluation import metrics_of_lists
from zhiyin.evaluation.lists import ranks_in_lists
from zhiyin.evaluation.metrics import Ranks, named_metric


def figures(rows: list[list[int]], targets: list[list[int]], *names: str) -> dict[str, list[float]]:
    found = metrics_of_lists(np.array(rows, np.int32), Ragged.of(targets), names)
    return {name: [round(float(value), 4) for value in column] for name, column in found.items()}


def test_five_items_by_hand():
    found = figures(
        [[1, 2, 3, 4, 5]], [[2, 5, 9]], "recall@3", "recall@5", "precision@5", "hit_rate@1", "mrr@5", "map@5", "ndcg@5"
    )
    discount = [1 / np.log2(r + 1) for r in range(1, 6)]
    assert found["recall@3"] == [round(1 / 3, 4)]
    assert found["recall@5"] == [round(2 / 3, 4)]
    assert found["precision@5"] == [0.4]
    assert found["hit_rate@1"] == [0.0]
    assert found["mrr@5"] == [0.5]
    assert found["map@5"] == [round((1 / 2 + 2 / 5) / 3, 4)]
    assert found["ndcg@5"] == [round((discount[1] + discount[4]) / sum(discount[:3]), 4)]


def test_recall_divides_by_k_where_there_are_more_targets_and_the_ideal_is_cut_there():
    found = figures([[1, 2]], [[1, 2, 3, 4]], "recall@2", "ndcg@2", "map@2")
    assert found == {"recall@2": [1.0], "ndcg@2": [1.0], "map@2": [1.0]}


def test_fill_is_never_a_hit():
    assert figures([[-1, -1]], [[0]], "recall@2") == {"recall@2": [0.0]}
    assert figures([[-1, 3]], [[3, 4, 5, 6, 7]], "hit_rate@2") == {"hit_rate@2": [1.0]}


@given(st.data())
def test_places_agree_with_looking_them_up(data):
    n = data.draw(st.integers(1, 4))
    rows = [data.draw(st.permutations(range(8)))[:5] for _ in range(n)]
    targets = [sorted(data.draw(st.sets(st.integers(0, 9), min_size=1, max_size=7))) for _ in range(n)]
    found = ranks_in_lists(np.array(rows, np.int32), Ragged.of(targets))
    expected = [
        row.index(t) + 1 if t in row else np.inf for row, wanted in zip(rows, targets, strict=True) for t in wanted
    ]
    assert found.tolist() == expected


@given(st.integers(0, 10_000))
def test_ndcg_agrees_with_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    scores = rng.permutation(12).astype(float)[None]
    relevant = np.flatnonzero(rng.random(12) < 0.3)
    if not len(relevant):
        return
    truth = np.zeros((1, 12))
    truth[0, relevant] = 1
    rows = np.argsort(-scores, axis=1)[:, :5].astype(np.int32)
    ours = metrics_of_lists(rows, Ragged.of([relevant.tolist()]), ("ndcg@5",))["ndcg@5"][0]
    assert ours == pytest.approx(ndcg_score(truth, scores, k=5))


def test_recall_mrr_and_map_agree_with_an_independent_definition():
    rng = np.random.default_rng(3)
    rows = np.argsort(rng.random((40, 30)), axis=1)[:, :10].astype(np.int32)
    targets = [rng.choice(30, size=rng.integers(1, 9), replace=False).tolist() for _ in range(40)]
    ours = metrics_of_lists(rows, Ragged.of(targets), ("recall@10", "mrr@10", "map@10"))
    for b, wanted in enumerate(targets):
        hits = [item in wanted for item in rows[b]]
        precisions = [sum(hits[: r + 1]) / (r + 1) for r in range(10) if hits[r]]
        assert ours["recall@10"][b] == pytest.approx(sum(hits) / min(10, len(wanted)))
        assert ours["mrr@10"][b] == pytest.approx(1 / (hits.index(True) + 1) if any(hits) else 0)
        assert ours["map@10"][b] == pytest.approx(sum(precisions) / min(10, len(wanted)))


def test_half_ranks_count_by_their_middle():
    found = Ranks(np.array([10.5, 9.5]), np.array([0, 1]), np.array([1, 1]))
    metric, k = named_metric("recall@10")
    assert metric(found, k).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ndgc@10", "did you mean 'ndcg'"),
        ("ndcg", "for example 'ndcg@10'"),
        ("recall@0", "'recall@10'"),
        ("x", "name@k"),
    ],
)
def test_an_unknown_metric_is_answered_with_the_choices(name: str, words: str):
    with pytest.raises(SettingsError, match=words):
        named_metric(name)

"""What each explainer promises: sums, known answers, equality with the libraries, and what it refuses."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from scipy import sparse
from tests.explanation.conftest import GRADIENTS, TRANSFORMERS, Sums, asked

from zhiyin.core.errors import DataError, ModelError
from zhiyin.data.contracts import FILL, Differentiable, Histories, Requests
from zhiyin.explanation import TRIED, Score
from zhiyin.explanation.attention import Attention
from zhiyin.explanation.controls import Chance, Recency, Similarity
from zhiyin.explanation.explainer import Parts, scoring
from zhiyin.explanation.gradients import HALVINGS, MOST_OPEN, NODES, Gradients, integrated
from zhiyin.explanation.occlusion import LeaveOneOut
from zhiyin.explanation.shapley import Shapley

ITEMS, RIVAL = np.array([7, 9, 11], np.int32), 13
HISTORY = (0, 2, 5, 4, 15, 1)


def together(row: int, *rows: int) -> Score:
    """A score of 1 for the item ``row`` where all of ``rows`` are in the history."""

    def score(requests: Requests, candidates: np.ndarray) -> np.ndarray:
        whole = np.array([np.isin(rows, requests.histories.rows[b]).all() for b in range(len(requests))])
        return (whole[:, None] & (candidates == row)).astype(np.float32)

    return score


def either(row: int, *rows: int) -> Score:
    def score(requests: Requests, candidates: np.ndarray) -> np.ndarray:
        some = np.array([np.isin(rows, requests.histories.rows[b]).any() for b in range(len(requests))])
        return (some[:, None] & (candidates == row)).astype(np.float32)

    return score


# -- parts -----------------------------------------------------------------------------------------------------------


def test_all_events_of_an_item_are_one_part_and_what_is_old_is_another() -> None:
    parts = Parts.of(asked(3, 4, 3, 5))
    assert parts.items.tolist() == [5, 3, 4]
    assert parts.of_event.tolist() == [1, 2, 1, 0]
    left = parts.left(np.array([[True, True, False], [False, True, False]]))
    assert [left.histories.rows[b].tolist() for b in range(2)] == [[3, 3, 5], [3, 3]]
    assert [left.exclude[b].tolist() for b in range(2)] == [[3, 4, 3, 5]] * 2, "what was seen stays seen"
    long = Parts.of(asked(*range(100)))
    assert long.items.tolist() == [*range(99, 99 - TRIED, -1), FILL]
    assert long.left(~np.eye(len(long), dtype=bool)[[-1]]).histories.items.tolist() == list(range(50, 100))


def test_values_of_items_are_added_up_by_part() -> None:
    parts = Parts.of(asked(*range(60)))
    found = parts.sums(np.array([59, -1, 0, 1, 59]), np.array([[1.0], [50.0], [2.0], [3.0], [4.0]]))
    assert (found[0, 0], found[-1, 0], found.sum()) == (5, 5, 10)


# -- leave one out, Shapley ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 5, 30])
def test_of_a_sum_every_part_gets_what_it_adds(sums: Sums, n: int) -> None:
    request = asked(*range(n), 0)
    for explainer in (LeaveOneOut(sums.score), Shapley(sums.score, pairs=2)):
        found = explainer.explain(request, np.array([35, 36], np.int32), rival=37)
        counts = np.bincount(request.histories.items)[found.items]
        wanted = counts[:, None] * (sums.matrix[found.items][:, [35, 36]] - sums.matrix[found.items][:, [37]])
        np.testing.assert_allclose(found.scores, wanted, atol=1e-4)
        np.testing.assert_allclose(found.scores.sum(axis=0), found.total, atol=1e-3)
        assert found.error.max() < 1e-4


def test_two_that_are_needed_together_and_two_of_which_either_will_do() -> None:
    request, item = asked(1, 2, 3), np.array([9], np.int32)
    both, one = together(9, 1, 2), either(9, 1, 2)
    assert LeaveOneOut(both).explain(request, item).scores[:, 0].tolist() == [0, 1, 1]
    assert LeaveOneOut(one).explain(request, item).scores[:, 0].tolist() == [0, 0, 0]
    for score in (both, one):
        np.testing.assert_allclose(Shapley(score).explain(request, item).scores[:, 0], [0, 0.5, 0.5])


def test_drawn_orders_come_near_the_exact_values_and_their_error_says_how_near(models: dict[str, Any]) -> None:
    score, request = scoring(models["SASRec"]), asked(*HISTORY, 8, 3)
    exact = Shapley(score).explain(request, ITEMS, RIVAL)
    assert exact.gap.max() < 1e-6
    inside: dict[int, list[np.ndarray]] = {}
    errors: dict[int, list[float]] = {}
    for pairs in (4, 64):
        for seed in range(8):
            drawn = Shapley(score, pairs=pairs, seed=seed, exact=0).explain(request, ITEMS, RIVAL)
            assert drawn.gap.max() < 1e-6, "shared out in full, however few are drawn"
            inside.setdefault(pairs, []).append(np.abs(drawn.scores - exact.scores) <= drawn.error)
            errors.setdefault(pairs, []).append(np.abs(drawn.scores - exact.scores).mean())
    assert all(0.9 <= np.mean(held) < 1 for held in inside.values()), "95 % are promised, with few pairs too"
    assert np.mean(errors[64]) < np.mean(errors[4]) / 2


def test_an_order_and_its_reverse_are_drawn_together(sums: Sums) -> None:
    """Of a score with pairs alone either half of an antithetic pair makes up for the other: no error is left."""
    matrix = sums.matrix[:20, :20]

    def pairs(requests: Requests, rows: np.ndarray) -> np.ndarray:
        values = [matrix[np.ix_(*[requests.histories.rows[b]] * 2)].sum() for b in range(len(requests))]
        return np.repeat(np.array(values)[:, None], rows.shape[1], axis=1)

    request = asked(*range(14))
    found = Shapley(pairs, pairs=2, exact=0).explain(request, np.array([30], np.int32))
    wanted = (matrix[:14, :14].sum(axis=0) + matrix[:14, :14].sum(axis=1)) / 2
    np.testing.assert_allclose(found.scores[:, 0], wanted[found.items], atol=1e-4)


def test_the_same_seed_draws_the_same(models: dict[str, Any]) -> None:
    def drawn(seed: int) -> np.ndarray:
        return Shapley(scoring(models["SASRec"]), 2, seed, 0).explain(asked(*HISTORY), ITEMS).scores

    np.testing.assert_array_equal(drawn(1), drawn(1))
    assert (drawn(1) != drawn(2)).any()


@pytest.mark.parametrize("name", ["MultVAE", "SASRec", "ALS", "EASE", "ItemKNN", "CFGAN"])
def test_scores_of_vectors_are_the_models_own(models: dict[str, Any], name: str) -> None:
    requests = Requests.of(Histories.of([HISTORY, [], [3]]))
    rows = np.array([[1, 5], [2, 6], [3, 7]], np.int32)
    np.testing.assert_allclose(scoring(models[name])(requests, rows), models[name].score(requests, rows), atol=1e-5)


# -- gradients -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GRADIENTS)
def test_scores_from_embeddings_are_the_scores(models: dict[str, Any], name: str) -> None:
    model, requests = models[name], Requests.of(Histories.of([HISTORY, [3], [8, 8, 2]]))
    assert isinstance(model, Differentiable)
    rows = np.array([[1, 5], [2, 6], [3, 7]], np.int32)
    embeddings, items = model.event_embeddings(requests)
    assert len(embeddings) == len(items)
    assert {*items.tolist()} - {-1} == {*HISTORY, 3, 8, 2}
    found = model.score_from_embeddings(embeddings, requests, rows).detach().numpy()
    np.testing.assert_allclose(found, model.score(requests, rows), atol=1e-5)


@pytest.mark.parametrize("name", GRADIENTS)
def test_integrated_gradients_add_up_within_one_percent(models: dict[str, Any], name: str) -> None:
    found = Gradients(models[name]).explain(asked(*HISTORY), ITEMS, RIVAL)
    assert found.scores.shape == (6, 3)
    assert found.gap.max() < 0.01
    assert np.abs(found.scores).max() > 1e-3


@pytest.mark.parametrize("name", ["MultVAE", "RecVAE", "CFGAN"])
def test_the_total_of_a_bag_is_what_the_history_adds(models: dict[str, Any], name: str) -> None:
    found = Gradients(models[name]).explain(asked(*HISTORY), ITEMS, RIVAL)
    measured = LeaveOneOut(models[name].score).explain(asked(*HISTORY), ITEMS, RIVAL)
    np.testing.assert_allclose(found.total, measured.total, atol=1e-5)


@pytest.mark.parametrize("name", GRADIENTS)
def test_integrated_gradients_are_captums(models: dict[str, Any], name: str) -> None:
    captum = pytest.importorskip("captum.attr")
    model, request = models[name], asked(*HISTORY)
    read, items = model.event_embeddings(request)
    nothing = read * torch.from_numpy(items < 0)[:, None]

    def lead(way: torch.Tensor) -> torch.Tensor:
        rows = np.tile(np.array([7, RIVAL], np.int32), (len(way), 1))
        scores = model.score_from_embeddings(way.flatten(0, 1), request.take(np.zeros(len(way), int)), rows)
        return torch.sub(scores[:, 0], scores[:, 1])

    theirs = torch.zeros_like(read)
    edges = np.linspace(0, 1, 101) ** 3  # its nodes are too few where a normalised layer turns; parts of a path add up
    for a, b in itertools.pairwise(edges.tolist()):
        begin, end = (nothing + share * (read - nothing) for share in (a, b))
        path = captum.IntegratedGradients(lead)
        theirs += path.attribute(end[None], begin[None], n_steps=16, method="gausslegendre")[0].detach()
    ours = Gradients(model, complete=1e-4).explain(request, np.array([7], np.int32), RIVAL)
    theirs_of_parts = Parts.of(request).sums(items, theirs.sum(dim=1, keepdim=True).double().numpy())
    np.testing.assert_allclose(ours.scores, theirs_of_parts, atol=1e-5)


def test_a_model_without_gradients_is_refused_and_told_what_to_take(models: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=r"EASE has no gradients; take leave-one-out \(loo\) or shapley"):
        Gradients(models["EASE"])


# -- attention -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_attention_is_the_networks_own(models: dict[str, Any], name: str) -> None:
    model, request = models[name], asked(*HISTORY)
    weights, items = model.attention(request)
    np.testing.assert_allclose(weights.sum(axis=2), 1, atol=1e-5)
    assert items.tolist() == [-1, *HISTORY]
    found = Attention(model).explain(request, ITEMS)
    np.testing.assert_allclose(found.scores[:, 0], weights.mean(axis=(0, 1))[1:][::-1], atol=1e-6)
    from zhiyin.models.transformer.parts import Packed, Watched

    packed = torch.randn(7, 3 * 16)
    torch.testing.assert_close(Watched()(packed, 2), Packed(torch.tensor([7]))(packed, 2))


def test_what_does_not_attend_is_refused(models: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="MultVAE does not attend to events"):
        Attention(models["MultVAE"])


# -- controls, bad input ---------------------------------------------------------------------------------------------


def test_controls_order_by_chance_by_age_and_by_likeness() -> None:
    request, item = asked(3, 5, 8), np.array([9], np.int32)
    assert Recency().explain(request, item).items[Recency().explain(request, item).order()].tolist() == [8, 5, 3]
    taken = np.zeros((4, 10), np.float32)
    taken[:2, [5, 9]] = 1
    taken[2, 8] = 1
    alike = Similarity(sparse.csr_matrix(taken)).explain(request, item)
    assert alike.scores[:, 0].tolist() == pytest.approx([0, 1, 0])
    chance = [Chance(seed).explain(request, item).order().tolist() for seed in range(10)]
    assert len({tuple(order) for order in chance}) > 1
    assert np.isnan(alike.total).all()


def explainers(models: dict[str, Any]) -> list[Any]:
    score = scoring(models["SASRec"])
    return [
        LeaveOneOut(score), Shapley(score, pairs=2), Gradients(models["SASRec"]), Attention(models["SASRec"]), Chance(),
        Recency(), Similarity(sparse.csr_matrix(np.eye(16, dtype=np.float32))),
    ]  # fmt: skip


def test_every_explainer_keeps_one_promise(models: dict[str, Any]) -> None:
    names = set()
    for explainer in explainers(models):
        for history in ([4], [4] * 50, [*range(16)] * 63, HISTORY):
            found = explainer.explain(asked(*history), ITEMS, RIVAL)
            assert found.by == explainer.name
            assert found.items.tolist() == list(dict.fromkeys(history[::-1]))
            assert found.scores.shape == found.error.shape == (len(found.items), 3)
            assert found.total.shape == (3,)
            assert np.isfinite(found.scores).all()
        with pytest.raises(DataError, match="an empty history explains nothing"):
            explainer.explain(Requests.of(Histories.empty(1)), ITEMS)
        with pytest.raises(DataError, match="one history is explained at a time, found 2"):
            explainer.explain(Requests.of(Histories.of([[1], [2]])), ITEMS)
        names.add(explainer.name)
    assert len(names) == 7


def test_a_model_that_scores_all_alike_gives_nothing_to_anybody() -> None:
    def flat(requests: Requests, rows: np.ndarray) -> np.ndarray:
        return np.ones(rows.shape, np.float32)

    for explainer in (LeaveOneOut(flat), Shapley(flat), Shapley(flat, exact=0)):
        found = explainer.explain(asked(*HISTORY), ITEMS, RIVAL)
        assert not found.scores.any()
        assert not found.total.any()
        assert found.gap.max() == 0


def test_a_path_that_never_adds_up_is_given_up_within_bounds() -> None:
    asked_at_once: list[int] = []

    def steps(points: torch.Tensor) -> torch.Tensor:
        """Jumps everywhere, slopes nowhere: what changes is never what the slopes say."""
        asked_at_once.append(len(points))
        return torch.add(torch.sin(1e6 * points.detach().sum(dim=(1, 2))), 0 * points.sum(dim=(1, 2)))[:, None]

    scores, _ = integrated(steps, torch.zeros(3, 2), torch.ones(3, 2), 1)
    assert not scores.any()
    assert max(asked_at_once) <= 2 * MOST_OPEN * (NODES + 2)
    assert len(asked_at_once) <= HALVINGS + 1

"""The contract suite notices what it promises to notice: broken models, and the test that must fail for each."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zhiyin.data.contracts import Requests
from zhiyin.models.neighbours.item_knn import ItemKNN
from zhiyin.testing import RecommenderContract


def suite_for(broken: type) -> RecommenderContract:
    """The contract suite of this model."""

    class Suite(RecommenderContract):
        _trained: dict = {}

        def trained_on(self, dataset: Any) -> Any:
            return broken().fit(dataset)

    return Suite()


class Wide(ItemKNN):
    def score_all(self, requests: Requests) -> np.ndarray:
        return super().score_all(requests).astype(np.float64)


class Infinite(ItemKNN):
    def score_all(self, requests: Requests) -> np.ndarray:
        scores = super().score_all(requests)
        scores[requests.histories.lengths == 0] = np.inf
        return scores


class Neighbourly(ItemKNN):
    """An answer that depends on who else asks."""

    def score_all(self, requests: Requests) -> np.ndarray:
        scores = super().score_all(requests)
        return scores + scores.mean(axis=0, keepdims=True)


class Numbered(ItemKNN):
    """An answer that depends on the place in the batch."""

    def score_all(self, requests: Requests) -> np.ndarray:
        return super().score_all(requests) + 0.01 * np.arange(len(requests), dtype=np.float32)[:, None]


class Forgetful(ItemKNN):
    """Sorts the history it was handed."""

    def score_all(self, requests: Requests) -> np.ndarray:
        requests.histories.items.sort()
        return super().score_all(requests)


class Moody(ItemKNN):
    """Another answer each time it is trained."""

    def fit(self, dataset: Any, **other: Any) -> Any:
        super().fit(dataset, **other)
        self.neighbours.data += np.random.default_rng().random(len(self.neighbours.data), np.float32)
        return self


class Contrary(ItemKNN):
    def score_all(self, requests: Requests) -> np.ndarray:
        return -super().score_all(requests)


class Deaf(ItemKNN):
    """Takes a dislike for a like."""

    def score_all(self, requests: Requests) -> np.ndarray:
        histories = replace(requests.histories, weights=np.abs(requests.histories.weights))
        return super().score_all(requests.with_histories(histories))


class Leaky(ItemKNN):
    """Does not leave out what it is told to."""

    def candidates(self, requests: Requests, k: int, allowed: np.ndarray | None = None) -> Any:
        return super().candidates(Requests.of(requests.histories, exclude_seen=False), k, allowed)


class Lavish(ItemKNN):
    """Returns what is not allowed."""

    def candidates(self, requests: Requests, k: int, allowed: np.ndarray | None = None) -> Any:
        return super().candidates(requests, k)


class Careless(ItemKNN):
    """Changes the data it is trained on."""

    def fit(self, dataset: Any, **other: Any) -> Any:
        dataset.histories.weights[0] = 7
        return super().fit(dataset, **other)


class Blank(ItemKNN):
    """Learns from nothing."""

    def learned_from(self, dataset: Any, **facts: Any) -> None:
        self.catalogue, self.weighting = dataset.catalogue, dataset.weighting
        self.facts = {}


CASES: list[tuple[type, str]] = [
    (Wide, "test_scores_are_finite_numbers_for_every_history"),
    (Infinite, "test_scores_are_finite_numbers_for_every_history"),
    (Neighbourly, "test_one_question_is_answered_as_among_many"),
    (Numbered, "test_the_order_of_questions_does_not_matter"),
    (Numbered, "test_empty_histories_get_one_answer"),
    (Forgetful, "test_asking_changes_nothing"),
    (Moody, "test_same_seed_same_answer_for_one_thread_and_two"),
    (Contrary, "test_it_knows_the_taste_of_the_even_world"),
    (Leaky, "test_excluded_items_are_never_returned"),
    (Leaky, "test_seen_items_are_left_out_unless_asked_for"),
    (Leaky, "test_candidates_agree_with_scores"),
    (Lavish, "test_only_allowed_items_are_returned"),
    (Careless, "test_training_changes_nothing_outside"),
    (Blank, "test_no_event_is_refused"),
    (Blank, "test_it_says_what_it_was_made_from"),
]


@pytest.mark.parametrize(("broken", "test"), CASES, ids=[f"{broken.__name__}-{test}" for broken, test in CASES])
def test_a_broken_model_is_noticed(broken: type, test: str):
    check: Callable[[], None] = getattr(suite_for(broken), test)
    with pytest.raises((AssertionError, pytest.fail.Exception, KeyError)):
        check()
    getattr(suite_for(ItemKNN), test)()


def test_a_model_that_forgets_what_it_learned_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = ItemKNN.restore

    def halved(model: ItemKNN, arrays: Any) -> None:
        whole(model, {**arrays, "neighbours.values": arrays["neighbours.values"] / 2})

    monkeypatch.setattr(ItemKNN, "restore", halved)
    with pytest.raises(AssertionError):
        suite_for(ItemKNN).test_saved_and_loaded_it_answers_the_same(tmp_path)


def test_a_dislike_taken_for_a_like_is_noticed():
    with pytest.raises(AssertionError):
        suite_for(Deaf).test_a_disliked_item_lowers_what_resembles_it("dislike")

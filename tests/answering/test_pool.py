"""House rules drop candidates after all were scored: what is hidden changes nobody else's score or reason."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from zhiyin import models
from zhiyin.answering import Answerer, Assembly, Rules
from zhiyin.answering.pool import Pool
from zhiyin.data.contracts import Candidates, Histories, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.features import named_features

N_ITEMS = 40
PROPOSED = 8
"""Of each source: few of the items, so that rules soon leave less than half."""


class Placing:
    """A ranker that reads nothing but places, spreads and who proposed."""

    def probability(self, values: np.ndarray) -> np.ndarray:
        known = np.nan_to_num(values.astype(np.float64))
        return np.asarray(1 / (1 + np.exp(-known @ np.linspace(0.2, -0.3, values.shape[-1]))), np.float32)


@pytest.fixture(scope="module")
def world() -> Dataset:
    rng = np.random.default_rng(5)
    events = [(f"u{u}", f"i{i}") for u in range(60) for i in rng.choice(N_ITEMS, rng.integers(3, 9), replace=False)]
    events += [(f"u{i}", f"i{i}") for i in range(N_ITEMS)]
    return Dataset.from_frame(pl.DataFrame(events, schema=["user", "item"], orient="row").unique(maintain_order=True))


def hiding(world: Dataset, *items: str, ranker: Any = None) -> Answerer:
    sources = {name: (getattr(models, name)().fit(world), PROPOSED) for name in ("EASE", "ItemKNN")}
    names = [f"{name}.{what}" for name in sources for what in ("score", "rank")]
    features = named_features(names, world.catalogue, {name: model for name, (model, _) in sources.items()})
    rules = Rules(hide={"item": items}) if items else Rules()
    return Answerer(Assembly(sources, features if ranker else [], ranker, rules=rules), world)


def scores_of(answerer: Answerer, user: str) -> dict[str, float]:
    found = answerer.ranked(answerer.dataset.requests(answerer.dataset.users.rows([user])), 4)  # type: ignore[union-attr]
    ids = world_ids(answerer, found)
    return dict(zip(ids, found.scores[0][found.rows[0] >= 0].tolist(), strict=True))


def world_ids(answerer: Answerer, found: Candidates) -> list[str]:
    return answerer.assembly.catalogue.ids.take(found.rows[0][found.rows[0] >= 0])


@pytest.mark.parametrize("ranker", [Placing(), None], ids=["ranker", "mean of two models"])
@pytest.mark.parametrize("n_hidden", [1, 3, 10])
def test_what_is_hidden_changes_no_other_score(world: Dataset, ranker: Any, n_hidden: int) -> None:
    for user in ("u0", "u7", "u21"):
        free = scores_of(hiding(world, ranker=ranker), user)
        hidden = list(free)[:n_hidden]
        ruled = scores_of(hiding(world, *hidden, ranker=ranker), user)
        assert not set(hidden) & set(ruled)
        stayed = [item for item in free if item in ruled]
        assert stayed == [item for item in free if item not in hidden]
        assert [ruled[item] for item in stayed] == pytest.approx([free[item] for item in stayed], abs=2e-6)


def test_where_the_rules_leave_few_the_sources_propose_again(world: Dataset) -> None:
    free = list(scores_of(hiding(world, ranker=Placing()), "u0"))
    assert len(free) < 2 * PROPOSED
    ruled = scores_of(hiding(world, *free[:-2], ranker=Placing()), "u0")
    assert len(ruled) >= PROPOSED
    assert set(free[-2:]) < set(ruled)
    few = scores_of(hiding(world, *free[: len(free) // 3], ranker=Placing()), "u0")
    assert set(few) == set(free[len(free) // 3 :])  # enough were left


def test_reasons_hold_under_rules_when_it_is_asked_again(world: Dataset) -> None:
    kinds = set()
    for ranker in (Placing(), None):
        for user in ("u1", "u2", "u3", "u4"):
            hidden = list(scores_of(hiding(world, ranker=ranker), user))[:-3]  # so that the sources propose again
            answerer = hiding(world, *hidden, ranker=ranker)
            for item in answerer.people([user], 4)["recommendations"][0]["items"]:
                for reason in item["reasons"]:
                    kinds.add(reason["kind"])
                    again = answerer.people([user], 4, without=reason["events"])["recommendations"][0]["items"]
                    after = {entry["item"]: entry["score"] for entry in again}
                    assert (item["item"] not in after) == (reason["kind"] == "counterfactual")
                    if reason["kind"] == "because":
                        assert reason["value"] == pytest.approx(item["score"] - after[item["item"]], abs=1e-5)
                        assert f"from {item['score']:.3f}" in reason["text"]
    assert kinds == {"counterfactual", "because"}


class Fixed:
    """Proposes its items in order, those allowed."""

    def __init__(self, *rows: int) -> None:
        self.rows = np.array(rows, np.int32)

    def candidates(self, requests: Requests, k: int, allowed: np.ndarray | None = None) -> Candidates:
        rows = (self.rows if allowed is None else self.rows[allowed[self.rows]])[:k]
        rows = np.tile(np.pad(rows, (0, k - len(rows)), constant_values=-1), (len(requests), 1))
        return Candidates(rows, np.zeros(rows.shape, np.float32), (rows >= 0).astype(np.uint32), ("fixed",))


def test_a_pool_tells_what_counts_and_what_is_shown() -> None:
    allowed = np.array([False, False, True, True, True, True])
    pool = Pool.of({"a": (Fixed(0, 1, 2, 3, 4, 5), 3)}, Requests.of(Histories.empty(2)), 2, allowed)
    assert pool.found.rows.tolist() == [[0, 1, 2, 3, 4]] * 2
    assert pool.counted.tolist() == [[True, True, True, False, False]] * 2
    assert pool.shown.tolist() == [[False, False, True, True, True]] * 2
    last = replace(pool.found, scores=np.array([[1, 2, 3, 4, 5]] * 2, np.float32))
    assert pool.ordered(last.scores).left.rows.tolist() == [[4, 3, 2]] * 2


def test_nothing_allowed_leaves_nothing() -> None:
    pool = Pool.of({"a": (Fixed(0, 1), 2)}, Requests.of(Histories.empty(1)), 2, np.zeros(2, bool))
    assert pool.left.rows.shape == (1, 0)

"""Every feature is true at the moment of asking, and is one function for many requests and for one."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyin.data.contracts import Requests
from zhiyin.data.dataset import Dataset
from zhiyin.features import (
    Counters,
    EventCounters,
    Feature,
    FeatureTable,
    compute_table,
    default_names,
    further_names,
    looking_ahead,
    named_features,
)
from zhiyin.features.ahead import invented
from zhiyin.testing import causes

SOURCE = Path(__file__).parents[2] / "src" / "zhiyin"
CALCULATORS = ("events", "all_events", "days_since_last", "days_since_first", "resemblance", "grouped", "taken_by")


class Vectors:
    """A model with vectors of its own for every item, and the mean of those of the history for a person."""

    def __init__(self, n_items: int) -> None:
        self.item_vectors = np.random.default_rng(7).normal(size=(n_items, 12)).astype(np.float32)
        self.item_bias = np.zeros(n_items, np.float32)

    def user_vectors(self, requests: Requests) -> np.ndarray:
        return np.asarray(requests.histories.matrix(len(self.item_vectors)) @ self.item_vectors)

    def score(self, requests: Requests, candidates: np.ndarray) -> np.ndarray:
        rows = self.item_vectors[np.maximum(candidates, 0)]
        return np.where(candidates < 0, -np.inf, np.einsum("bd,bcd->bc", self.user_vectors(requests), rows))


def world() -> tuple[Dataset, list[Feature]]:
    """Everything that features can read, and every feature of it."""
    dataset = causes.everything()
    block = np.random.default_rng(8).normal(size=(dataset.n_items, 6)).astype(np.float32)
    block[3] = np.nan
    dataset = replace(dataset, catalogue=replace(dataset.catalogue, content={"words": block}))
    models = {"two": Vectors(dataset.n_items)}
    names = [*default_names(dataset.catalogue, models), *further_names(dataset, models)]
    return dataset, named_features([*names, "two.person_vector", "two.item_vector"], dataset.catalogue, models, dataset)


DATASET, FEATURES = world()


def asked(share: float) -> tuple[Dataset, Requests, np.ndarray]:
    """The log before a moment (``share`` of it), everybody asked just then, and candidates, no item among them."""
    now = int(np.quantile(DATASET.histories.times, share, method="lower")) + 1
    past = DATASET.with_histories(DATASET.histories.keep(DATASET.histories.times < now))
    rng = np.random.default_rng(now)
    requests = Requests.of(past.histories, now=now, person=DATASET.people)
    return past, requests, rng.integers(-1, DATASET.n_items, (len(DATASET), 20)).astype(np.int32)


def test_all_kinds_of_features_are_there() -> None:
    families = {feature.name.partition(".")[0] for feature in FEATURES}
    assert {
        "count", "own", "conversion", "group", "person", "cross", "match", "at", "distance", "nearby", "query", "mood",
        "mood_fit", "recent", "friends_7d", "session_taken", "hour_sin", "at_hour", "same", "against_usual", "two",
    } <= families  # fmt: skip
    assert len(FEATURES) > 60


@settings(max_examples=15, deadline=None)
@given(st.floats(0.2, 0.95), st.integers(0, 1000), st.integers(1, 200))
def test_no_value_moves_when_future_events_are_put_in(share: float, seed: int, n: int) -> None:
    past, requests, candidates = asked(share)
    now = int(requests.now[0])
    later = past.with_histories(past.histories.joined(invented(DATASET, now, np.random.default_rng(seed), n)))
    before = compute_table(FEATURES, requests, candidates, EventCounters(past))
    after = compute_table(FEATURES, requests, candidates, EventCounters(later))
    for f, name in enumerate(before.names):
        np.testing.assert_array_equal(before.values[..., f], after.values[..., f], err_msg=name)


def test_a_feature_that_looks_ahead_is_found_by_name() -> None:
    def tomorrow(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        return counters.events(candidates, requests.now[:, None] + 86_400, 1)

    def whole_log(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        counts = np.bincount(counters.dataset.histories.items, minlength=counters.dataset.n_items)
        return counts[np.maximum(candidates, 0)].astype(float)

    wrong = [Feature("tomorrow", (), "", tomorrow), Feature("whole_log", (), "", whole_log)]
    assert looking_ahead([*FEATURES, *wrong], DATASET) == ["tomorrow", "whole_log"]


def one_by_one(requests: Requests, candidates: np.ndarray, counters: EventCounters) -> FeatureTable:
    tables = [
        compute_table(FEATURES, requests.take(np.array([b])), candidates[b : b + 1], counters)
        for b in range(len(requests))
    ]
    return FeatureTable(tables[0].names, np.concatenate([table.values for table in tables]))


@pytest.mark.parametrize("moments", ["one", "each its own"])
def test_many_requests_and_one_agree(moments: str) -> None:
    past, requests, candidates = asked(0.8)
    if moments != "one":
        requests = replace(requests, now=requests.now + np.arange(len(DATASET)) * 30)
    together = compute_table(FEATURES, requests, candidates, EventCounters(past))
    apart = one_by_one(requests, candidates, EventCounters(past))
    np.testing.assert_allclose(together.values, apart.values, rtol=1e-6, atol=1e-6)
    known = ~np.isnan(together.values[candidates >= 0]).all(axis=0)
    assert known.all(), [name for name, there in zip(together.names, known, strict=True) if not there]


def test_no_two_names_give_the_same_column() -> None:
    """A column that is worked out twice, under two names, would drift apart."""
    past, requests, candidates = asked(0.8)
    table = compute_table(FEATURES, requests, candidates, EventCounters(past))
    seen: dict[bytes, str] = {}
    for f, name in enumerate(table.names):
        key = np.nan_to_num(table.values[..., f], nan=-99).tobytes()
        assert key not in seen, (name, seen[key])
        seen[key] = name


def calls(path: Path) -> Iterator[str]:
    """Names of what is called in a module, behind the dot or alone."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def test_columns_are_computed_in_one_place() -> None:
    """Only `answering.features_for` makes tables of features, for training and answering; nobody else asks a feature
    for its numbers, or the counters for a column of their own."""
    making, asking = [], []
    for path in sorted(SOURCE.rglob("*.py")):
        where, found = str(path.relative_to(SOURCE)), list(calls(path))
        if where.startswith("features/"):
            continue
        making += [where] if "compute_table" in found or "compute" in found else []
        asking += [where] if "counters.py" not in where and any(f"counters.{name}(" in path.read_text("utf-8")
                                                                  for name in CALCULATORS) else []  # fmt: skip
    assert making == ["answering/candidates.py"]
    assert asking == ["answering/answer.py"]  # "taken {n} times": said to a person, no column of a ranker

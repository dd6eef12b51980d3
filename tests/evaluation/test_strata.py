"""Hot, warm and cold targets: by what was trained on, by lists of all items and of some, and pairs of models there."""

import numpy as np
import polars as pl
import pytest

import zhiyin
from zhiyin.core.errors import DataError, SettingsError
from zhiyin.data.contracts import Cases, Histories, Ragged, Requests
from zhiyin.evaluation import compare, evaluate
from zhiyin.evaluation.among import Among

ITEMS = [f"i{n}" for n in range(10)]


@pytest.fixture(scope="module")
def train() -> zhiyin.Dataset:
    """Items 0 to 5 are trained on."""
    rows = [{"user": f"u{user}", "item": ITEMS[(user + step) % 6]} for user in range(30) for step in range(3)]
    return zhiyin.Dataset.from_frame(pl.DataFrame(rows), items=pl.DataFrame({"item": ITEMS}))


@pytest.fixture(scope="module")
def cases() -> Cases:
    """Everybody's history ends with item 6, which training never saw; taken are a hot one, the warm 7, a cold one."""
    histories = Histories.of([[n % 6, 6, 7] if n else [6] for n in range(30)])
    targets = Ragged.of(np.array([[(n + 3) % 6, 8 + n % 2] if n % 2 else [(n + 3) % 6, 7 - n % 2] for n in range(30)]))
    return Cases(Requests.of(histories, exclude_seen=False), targets, np.arange(30))


class Likes:
    """Scores items in an order that is the same for everybody."""

    def __init__(self, *order: int) -> None:
        self.order = order

    def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray:
        scores = np.zeros(10, np.float32)
        scores[list(self.order)] = np.arange(len(self.order), 0, -1)
        everything = np.tile(scores, (len(requests), 1))
        return everything if candidates is None else np.take_along_axis(everything, candidates, axis=1)


def test_each_target_is_hot_warm_or_cold_by_what_was_met(train: zhiyin.Dataset, cases: Cases):
    found = evaluate({"warm first": Likes(7), "cold first": Likes(9)}, cases, train=train, metrics=("hit_rate@1",))
    value = {name: {s: f["hit_rate@1"]["value"] for s, f in strata.items()} for name, strata in found.strata.items()}
    assert value["warm first"] == {"hot": 0, "warm": 1, "cold": 0}
    assert value["cold first"] == {"hot": 0, "warm": 0, "cold": 1}
    assert found.strata["cold first"]["cold"]["hit_rate@1"]["n"] == 15


def test_among_some_items_the_others_have_no_place(train: zhiyin.Dataset, cases: Cases):
    cold = np.arange(10) >= 8
    everything = Likes(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
    found = evaluate({"all": everything, "cold": Among(everything, cold)}, cases, train=train, metrics=("recall@2",))
    assert found.strata["all"]["cold"]["recall@2"]["value"] == 0
    assert found.strata["cold"]["cold"]["recall@2"]["value"] == 1
    assert found.strata["cold"]["hot"]["recall@2"]["value"] == 0
    asked = np.array([[8, 0, -1]])
    scores = Among(everything, cold).score(cases.requests.take(slice(0, 1)), asked.astype(np.int32))
    assert np.isneginf(scores[0]).tolist()[1:] == [True, True]
    with pytest.raises(DataError, match=r"items among which to rank are int64 \(2,\); give bool"):
        Among(everything, np.array([0, 1]))


def test_two_models_are_compared_on_the_targets_of_one_kind(train: zhiyin.Dataset, cases: Cases):
    found = evaluate({"a": Likes(9), "b": Likes(0)}, cases, train=train, metrics=("hit_rate@1",))
    pair = compare(found, "hit_rate@1", stratum="cold").pairs[0]
    assert (pair["a"], pair["b"], pair["difference"]) == ("a", "b", 1.0)
    assert compare(found, "hit_rate@1", stratum="hot").pairs[0]["difference"] < 0
    with pytest.raises(SettingsError, match="no target is 'lukewarm'; .*there are targets that are: hot"):
        compare(found, "hit_rate@1", stratum="lukewarm")

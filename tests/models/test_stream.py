"""Many people: by vectors as by scores, some at a time as all at once."""

import sys

import numpy as np
import pytest

import zhiyin
from zhiyin.core.errors import DataError
from zhiyin.data.contracts import Requests
from zhiyin.models import model as base
from zhiyin.models import product
from zhiyin.retrieval.rounded import float_product
from zhiyin.testing import worlds


@pytest.fixture(scope="module")
def dataset() -> zhiyin.Dataset:
    return worlds.even(300, 400, 12)


@pytest.fixture(scope="module", params=["ALS", "MultVAE", "VAECosine", "SASRec"])
def model(request, dataset):
    settings = {"ALS": {"factors": 8}, "SASRec": {"width": 16, "epochs": 1}}.get(request.param, {"epochs": 2})
    return getattr(zhiyin.models, request.param)(**settings).fit(dataset)


def with_nobody(dataset: zhiyin.Dataset) -> Requests:
    """Everybody of the log, and two of whom nothing is known."""
    histories = [dataset.histories.rows[b].tolist() for b in range(len(dataset))]
    return Requests.of(zhiyin.Histories.of([[], *histories, []]))


@pytest.mark.parametrize("masked", [False, True])
def test_by_vectors_as_by_scores(model, dataset, masked: bool, monkeypatch: pytest.MonkeyPatch):
    requests = with_nobody(dataset)
    allowed = np.arange(400) % 3 > 0 if masked else None
    wanted = model.candidates(requests, 5, allowed)
    monkeypatch.setattr(base, "MANY_SCORES", 1)
    monkeypatch.setattr(base, "VECTOR_BLOCK", 100)
    asked: list[int] = []
    score_all = model.score_all
    monkeypatch.setattr(model, "score_all", lambda part: asked.append(len(part)) or score_all(part))
    found = model.candidates(requests, 5, allowed)
    assert sum(asked) <= 2  # nobody but those without a vector
    assert found.source_names == wanted.source_names
    np.testing.assert_allclose(found.scores, wanted.scores, rtol=1e-4, atol=1e-5)
    assert (found.rows == wanted.rows).mean() > 0.99
    np.testing.assert_array_equal(found.rows[[0, -1]], wanted.rows[[0, -1]])


def test_a_stream_gives_what_recommend_gives(dataset, monkeypatch: pytest.MonkeyPatch):
    model = zhiyin.models.EASE().fit(dataset)
    people = dataset.history_of([*dataset.users.series.to_list()[:50], "stranger"])
    whole = model.recommend(people, k=7, allowed=[*dataset.catalogue.ids.series.to_list()[:100], "no item"])
    monkeypatch.setattr(base, "STREAM_ENTRIES", 7 * 20)
    parts = list(model.stream(people, k=7, allowed=[*dataset.catalogue.ids.series.to_list()[:100], "no item"]))
    assert [len(part) for part in parts] == [20, 20, 11]
    for name in ("ids", "scores", "users", "unknown_items", "notes"):
        assert [one for part in parts for one in getattr(part, name)] == getattr(whole, name), name
    assert parts[0].model == ("EASE", 0)
    assert "stranger" in whole.notes[-1][0]
    assert list(model.stream([], k=3)) == []


def test_a_stream_refuses_what_recommend_refuses(dataset):
    model = zhiyin.models.EASE().fit(dataset)
    with pytest.raises(DataError, match="a history is a list of item ids"):
        next(model.stream(["A"]))


def test_the_product_of_8_bits_is_exact_or_not_used(monkeypatch: pytest.MonkeyPatch):
    import torch

    rng = np.random.default_rng(0)
    people, items = (rng.integers(-127, 128, shape).astype(np.int8) for shape in ((33, 65), (65, 70)))
    product._by_torch.cache_clear()
    wanted = people.astype(np.int64) @ items.astype(np.int64)
    np.testing.assert_array_equal(product.product()(people, items), wanted)
    if product.product() is float_product:
        pytest.skip("torch on this machine has no exact product of 8 bits")
    multiply = torch._int_mm
    for wrong in (lambda a, b: multiply(a, b).clamp(-(2**15), 2**15), lambda a, b: a.no_such_function(b)):
        product._by_torch.cache_clear()
        monkeypatch.setattr(torch, "_int_mm", wrong)
        assert product.product() is float_product
    product._by_torch.cache_clear()


def test_nothing_of_torch_is_loaded_for_a_model_that_needs_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert product.product() is float_product

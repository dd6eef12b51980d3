"""Mult-VAE: what is its own; what every model must do is in the contract suite."""

import numpy as np
import polars as pl
import pytest
import torch

import zhiyin
from zhiyin.data.contracts import Histories, Requests, VectorModel
from zhiyin.models.vae.training import MultVAE

SMALL = {"hidden": 24, "latent": 8, "epochs": 60, "batch": 16, "learning_rate": 1e-2}


@pytest.fixture(scope="module")
def dataset() -> zhiyin.Dataset:
    """Even people like even items: 60 people, 12 items, 4 of their own kind each."""
    rng = np.random.default_rng(1)
    rows = [
        {"user": f"u{user}", "item": f"i{2 * item + user % 2}"}
        for user in range(60)
        for item in rng.choice(6, 4, replace=False)
    ]
    return zhiyin.Dataset.from_frame(pl.DataFrame(rows))


@pytest.fixture(scope="module")
def model(dataset: zhiyin.Dataset) -> MultVAE:
    return MultVAE(seed=3, **SMALL).fit(dataset)


def test_even_people_get_even_items(model: MultVAE):
    even, odd = model.recommend([["i0", "i2", "i4"], ["i1", "i3"]], k=3).ids
    assert {int(item[1:]) % 2 for item in even} == {0}
    assert {int(item[1:]) % 2 for item in odd} == {1}


def test_scores_are_vectors_times_vectors(model: MultVAE):
    requests = Requests.of(Histories.of([[0, 1], [], [5]]))
    assert isinstance(model, VectorModel)
    product = model.user_vectors(requests) @ model.item_vectors.T + model.item_bias
    np.testing.assert_allclose(model.score(requests), product, atol=1e-6)


def test_without_validation_exactly_the_epochs_asked_for(model: MultVAE):
    assert [entry["epoch"] for entry in model.facts["curve"]] == list(range(1, 61))
    assert model.facts["parts"] == ["all"]


def test_an_item_is_a_history_of_one(model: MultVAE):
    alone = model.encode(Histories.of([[3]]))
    np.testing.assert_allclose(model.encode_items()[3], alone[0], atol=1e-6)


def test_training_leaves_the_callers_random_state_alone(dataset: zhiyin.Dataset):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    MultVAE(**{**SMALL, "epochs": 1}).fit(dataset)
    assert torch.rand(1) == expected
    assert not torch.are_deterministic_algorithms_enabled()

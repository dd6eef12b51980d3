"""SASRec: the traps of sequence models, each a test."""

import numpy as np
import polars as pl
import pytest
import torch

import zhiyin
from zhiyin.models.transformer.network import NextItemNetwork, SASRecConfig
from zhiyin.models.transformer.training import SASRec

N_ITEMS = 20
SMALL = {"width": 16, "blocks": 1, "max_history": 6, "epochs": 30, "batch": 16, "learning_rate": 1e-2}


@pytest.fixture(scope="module")
def dataset() -> zhiyin.Dataset:
    """The next item is always the last one plus 1: 80 people who start anywhere and walk 5 to 12 steps in a circle."""
    rng = np.random.default_rng(2)
    rows = [
        {"user": f"u{user}", "item": f"i{(start + step) % N_ITEMS:02}", "position": step}
        for user, (start, length) in enumerate(zip(rng.integers(0, N_ITEMS, 80), rng.integers(5, 13, 80), strict=True))
        for step in range(length)
    ]
    items = pl.DataFrame({"item": [f"i{item:02}" for item in range(N_ITEMS)]})
    return zhiyin.Dataset.from_frame(pl.DataFrame(rows), items=items)


@pytest.fixture(scope="module")
def model(dataset: zhiyin.Dataset) -> SASRec:
    return SASRec(seed=1, dropout=0.1, **SMALL).fit(dataset)


@pytest.fixture(scope="module")
def network() -> NextItemNetwork:
    torch.manual_seed(0)
    return NextItemNetwork(N_ITEMS, SASRecConfig(width=16, heads=2, max_history=12)).eval()


def vectors(network: NextItemNetwork, *histories: list[int]) -> list[torch.Tensor]:
    offsets = torch.tensor([0, *np.cumsum([len(history) for history in histories])])
    with torch.no_grad():
        events = network(offsets, torch.tensor([row for history in histories for row in history]))
    return list(events.split(offsets.diff().tolist()))


def test_the_world_of_next_is_last_plus_one_is_solved(model: SASRec):
    histories = [[f"i{(start + step) % N_ITEMS:02}" for step in range(3)] for start in range(N_ITEMS)]
    first = [ids[0] for ids in model.recommend(histories, k=1).ids]
    assert first == [f"i{(start + 3) % N_ITEMS:02}" for start in range(N_ITEMS)]


def test_the_future_does_not_change_the_past(network: NextItemNetwork):
    (one,), (other,) = vectors(network, [1, 2, 3, 4, 5]), vectors(network, [1, 2, 3, 6, 7])
    torch.testing.assert_close(one[:3], other[:3])
    assert not torch.allclose(one[3:], other[3:])


@pytest.mark.parametrize("longer", [0, 1, 5, 9])
def test_an_answer_does_not_depend_on_who_else_is_in_the_batch(network: NextItemNetwork, longer: int):
    (alone,) = vectors(network, [1, 2, 3])
    together = vectors(network, [9] * (3 + longer), [1, 2, 3], [4])
    torch.testing.assert_close(together[1], alone)

"""A learner so small that a test can follow it: a person is one number, the network one weight."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from zhiyin.training import Bags, Learner, Optimisers, Shuffled


class Line(Learner[Bags]):
    """Each person holds one value x and the target is 3 x; noise makes the random state matter."""

    def __init__(self, rate: float = 0.1) -> None:
        self.network = nn.Linear(1, 1)
        self.rate = rate
        self.seen: list[list[int]] = []
        self.poison_at: int | None = None

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"main": torch.optim.Adam(self.network.parameters(), lr=self.rate)}

    def step(self, batch: Bags, optimisers: Optimisers) -> Tensor:
        assert self.network.training
        self.seen.append(batch.items.tolist())
        x = torch.from_numpy(batch.values)[:, None]
        losses = (self.network(x + 0.01 * torch.randn_like(x)) - 3 * x).square().sum(dim=1)  # (B,)
        if optimisers.updates == self.poison_at:
            losses = losses * float("nan")
        optimisers.descend(losses.mean(), len(losses))
        return losses.detach()


@pytest.fixture
def line() -> Callable[..., Line]:
    def make(**settings: float) -> Line:
        torch.manual_seed(0)
        return Line(**settings)

    return make


@pytest.fixture
def people() -> Bags:
    """23 people; person p holds item p with value p / 23."""
    n = np.arange(23)
    return Bags(np.arange(24), n, (n / 23).astype(np.float32))


@pytest.fixture
def loader(people: Bags) -> Shuffled[Bags]:
    return Shuffled(people, 5, seed=1)

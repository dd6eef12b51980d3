"""A made-up shop: people of one half want cheap red jugs, of the other dear blue bags."""

from typing import Any

import numpy as np
import pytest

from zhiyin.data.contracts import Catalogue, Requests
from zhiyin.data.weighting import Weighting
from zhiyin.generation import ConditionalGAN

SMALL: dict[str, Any] = {"epochs": 4, "batch": 200, "hidden": 64, "noise": 16, "learning_rate": 2e-3}
RED, BLUE = np.array([1, 0, 0], np.float32), np.array([0, 1, 0], np.float32)


@pytest.fixture(scope="session")
def shop() -> Catalogue:
    """200 items: even ones red jugs at 2 to 3, odd ones blue bags at 20 to 30; 1 in 100 is a gold one."""
    rng = np.random.default_rng(0)
    even = np.arange(200) % 2 == 0
    colour = np.where(np.arange(200) % 100 < 2, "gold", np.where(even, "red", "blue"))
    kind = np.where(even, "jug", "bag")
    return Catalogue.of(
        [f"item/{i}" for i in range(200)],
        title=[f"{c} {k}" for c, k in zip(colour, kind, strict=True)],
        category=[str(k) for k in kind],
        price=np.where(even, rng.uniform(2, 3, 200), rng.uniform(20, 30, 200)).round(2).tolist(),
    )


@pytest.fixture(scope="session")
def vectors() -> np.ndarray:
    """One for each item: of the person who took it."""
    noise = np.random.default_rng(1).normal(0, 0.1, (200, 3)).astype(np.float32)
    return np.where((np.arange(200) % 2 == 0)[:, None], RED, BLUE) + noise


@pytest.fixture(scope="session")
def trained(shop: Catalogue, vectors: np.ndarray) -> ConditionalGAN:
    return ConditionalGAN(**SMALL, pack=4).fit(shop, vectors)


class Taste:
    """A `VectorModel`: a person's vector says how much of their history were red jugs, how much blue bags."""

    weighting = Weighting()

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def user_vectors(self, requests: Requests) -> np.ndarray:
        red = requests.histories.items % 2 == 0
        vectors = np.zeros((len(requests), 3), np.float32)
        np.add.at(vectors, requests.histories.owners, np.where(red[:, None], RED, BLUE))
        return vectors / np.maximum(requests.histories.lengths[:, None], 1)


@pytest.fixture(scope="session")
def taste(shop: Catalogue) -> Taste:
    return Taste(shop)

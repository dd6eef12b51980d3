"""Small trained models of every kind, and a linear one whose explanations are known."""

from typing import Any

import numpy as np
import pytest

import zhiyin
from zhiyin.data.contracts import Candidates, Histories, Requests
from zhiyin.retrieval import best_rows
from zhiyin.testing import worlds

SETTINGS: dict[str, dict[str, Any]] = {
    "MultVAE": {"hidden": 16, "latent": 8, "epochs": 20, "seed": 1},
    "RecVAE": {"hidden": 16, "latent": 8, "epochs": 10, "seed": 1},
    "VAECosine": {"hidden": 16, "latent": 8, "epochs": 20, "seed": 1},
    "CFGAN": {"hidden": 16, "epochs": 20, "seed": 1},
    "SASRec": {"width": 16, "epochs": 5, "batch": 16, "heads": 2, "seed": 1},
    "ESASRec": {"width": 16, "epochs": 5, "batch": 16, "seed": 1},
    "ItemKNN": {},
    "ALS": {"factors": 8},
    "EASE": {},
}
GRADIENTS = ("MultVAE", "RecVAE", "VAECosine", "CFGAN", "SASRec", "ESASRec")
TRANSFORMERS = ("SASRec", "ESASRec")


@pytest.fixture(scope="session")
def models() -> dict[str, Any]:
    """Each trained on the even world."""
    world = worlds.even()
    return {name: getattr(zhiyin.models, name)(**settings).fit(world) for name, settings in SETTINGS.items()}


class Sums:
    """A score is the sum of the history's rows of a fixed matrix: any answer can be worked out by hand."""

    def __init__(self, matrix: np.ndarray) -> None:
        self.matrix = matrix.astype(np.float32)

    def all(self, requests: Requests) -> np.ndarray:
        return np.stack([self.matrix[requests.histories.rows[b]].sum(axis=0) for b in range(len(requests))])

    def score(self, requests: Requests, rows: np.ndarray) -> np.ndarray:
        return np.take_along_axis(self.all(requests), rows, axis=1)

    def answer(self, requests: Requests, k: int = 8) -> Candidates:
        rows, scores = best_rows(self.all(requests), k, exclude=requests.exclude)
        return Candidates(rows, scores, (rows >= 0).astype(np.uint32), ("sums",))


@pytest.fixture
def sums() -> Sums:
    return Sums(np.random.default_rng(3).normal(size=(40, 40)))


def asked(*items: int) -> Requests:
    """One history of these rows."""
    return Requests.of(Histories.of([items]))

"""Chance: the floor that every model must leave below. Letters: B requests, N items."""

import zlib
from collections.abc import Mapping
from typing import Self

import numpy as np

from zhiyin.core.progress import Progress
from zhiyin.core.randomness import generator
from zhiyin.data.contracts import Cases, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.models.model import Model, ModelConfig


class Random(Model[ModelConfig]):
    """Random: every item gets a number drawn for this seed and this history; the same question, the same answer."""

    name = "Random"
    Config = ModelConfig
    reads_history = False

    def fit(self, dataset: Dataset, *, validation: Cases | None = None, progress: Progress | None = None) -> Self:
        """Learn the catalogue; there is nothing else to learn."""
        self.learned_from(dataset)
        return self

    def score_all(self, requests: Requests) -> np.ndarray:
        scores = np.empty((len(requests), len(self.catalogue)), np.float32)
        for b, line in enumerate(scores):
            history = zlib.crc32(np.ascontiguousarray(requests.histories.rows[b]).tobytes())
            line[:] = generator(self.config.seed, "chance", history).random(line.size, np.float32)
        return scores

    def arrays(self) -> Mapping[str, np.ndarray]:
        return {}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        pass

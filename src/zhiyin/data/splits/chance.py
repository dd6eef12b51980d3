"""At random, only when asked for: it shows a model the future, so its figures flatter."""

import numpy as np
from pydantic import Field

from zhiyin.core.languages import Sentence
from zhiyin.core.randomness import generator
from zhiyin.data.contracts import Histories
from zhiyin.data.dataset import Dataset
from zhiyin.data.splits.rule import TEST, TRAIN, VALIDATION, SplitRule


class RandomRule(SplitRule):
    """``by = "random"``"""

    share: float = Field(default=0.1, gt=0, lt=0.5)
    """Share of events that is the test (and as many for validation)."""

    def parts(self, histories: Histories, dataset: Dataset) -> np.ndarray:
        draw = generator(self.seed, "random").random(histories.n_events)
        parts = np.full(histories.n_events, TRAIN, np.int8)
        parts[draw < self.share] = TEST
        if self.validation:
            parts[(draw >= self.share) & (draw < 2 * self.share)] = VALIDATION
        return parts

    def words(self, dataset: Dataset) -> Sentence:
        return Sentence(
            f"at random: {self.share:.0%} of all events are the test (the future is known: figures flatter)",
            f"随机划分：全部事件的 {self.share:.0%} 用作测试（未来已知：数字偏好看）",
        )

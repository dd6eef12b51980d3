"""Last item out: each person's newest event is the test, the one before it the validation.

Comparable with papers; never a claim about a live service, since one person's training events may be newer than
another's test event.
"""

import numpy as np

from zhiyin.core.languages import Sentence
from zhiyin.data.contracts import Histories
from zhiyin.data.dataset import Dataset
from zhiyin.data.splits.rule import TEST, TRAIN, VALIDATION, SplitRule


class LastRule(SplitRule):
    """``by = "last"``: people with fewer than three events stay in the training part."""

    def parts(self, histories: Histories, dataset: Dataset) -> np.ndarray:
        held = 2 if self.validation else 1
        ages = histories.ages
        long = np.repeat(histories.lengths > held, histories.lengths)
        parts = np.full(histories.n_events, TRAIN, np.int8)
        parts[long & (ages == 0)] = TEST
        if self.validation:
            parts[long & (ages == 1)] = VALIDATION
        return parts

    def words(self, dataset: Dataset) -> Sentence:
        return Sentence(f"last item out: each person's newest event (by {dataset.order}) is the test",
                        f"留最后一件：每人最新的事件（按 {dataset.order}）用作测试")  # fmt: skip

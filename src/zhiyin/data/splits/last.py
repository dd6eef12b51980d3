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
    """``by = "last"``: people with fewer than three events stay in the training part.

    An impression or a query tells nothing: it goes where the event before it goes that tells something.
    """

    def parts(self, histories: Histories, dataset: Dataset) -> np.ndarray:
        held = 2 if self.validation else 1
        telling = np.concatenate([[0], np.cumsum(~histories.silent)])  # so many before each event, and at the end
        ends = telling[histories.offsets[1:]]
        later = np.repeat(ends, histories.lengths) - telling[1:]
        long = np.repeat(ends - telling[histories.offsets[:-1]] > held, histories.lengths)
        parts = np.full(histories.n_events, TRAIN, np.int8)
        parts[long & (later == 0)] = TEST
        if self.validation:
            parts[long & (later == 1)] = VALIDATION
        return parts

    def words(self, dataset: Dataset) -> Sentence:
        return Sentence(f"last item out: each person's newest event (by {dataset.order}) is the test",
                        f"留最后一件：每人最新的事件（按 {dataset.order}）用作测试")  # fmt: skip

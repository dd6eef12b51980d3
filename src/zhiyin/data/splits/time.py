"""By time: one moment for everybody; what came after it is the test. The honest rule for a live service."""

from datetime import UTC, datetime

import numpy as np
from pydantic import Field

from zhiyin.core.errors import DataError
from zhiyin.core.languages import Sentence
from zhiyin.data.contracts import Histories
from zhiyin.data.dataset import Dataset
from zhiyin.data.popularity import DAY_S
from zhiyin.data.splits.rule import TEST, TRAIN, VALIDATION, SplitRule

LONGEST = 36_500
"""Days: no log is longer than a century."""


class TimeRule(SplitRule):
    """``by = "time"``"""

    days: float | None = Field(default=None, gt=0, le=LONGEST)
    """Length of the test part (and of the validation part before it), in days."""
    share: float = Field(default=0.1, gt=0, lt=0.5)
    """Without ``days``: the newest share of all events is the test part, as many before it the validation part."""

    def cuts(self, times: np.ndarray) -> tuple[int, int]:
        """Start of the validation part and of the test part, seconds UTC."""
        if self.days is not None:
            newest, length = int(times.max()), int(self.days * DAY_S)
            test = newest - length + 1
            return (test - length if self.validation else test), test
        first = 1 - self.share * (2 if self.validation else 1)
        validation, test = np.quantile(times, [first, 1 - self.share], method="higher")
        return int(validation), int(test)

    def parts(self, histories: Histories, dataset: Dataset) -> np.ndarray:
        if dataset.order != "time":
            raise DataError(
                f"a split by time needs times, and this log is ordered by {dataset.order}; "
                'use by = "last", or name the column of times: --map time=COLUMN'
            )
        validation, test = self.cuts(histories.times)
        parts = np.where(histories.times >= test, TEST, np.where(histories.times >= validation, VALIDATION, TRAIN))
        if not (parts == TRAIN).any():
            first, last = int(histories.times.min()), int(histories.times.max())
            length = f"{self.days:g} days each" if self.days else f"the newest {2 * self.share:.0%} of all events"
            todo = 'give fewer days, or use by = "last"' if self.days else 'use by = "last"'
            raise DataError(
                f"nothing is left to train on: the log spans {(last - first) / DAY_S:.1f} days and the parts take "
                f"{length}; {todo}"
            )
        return parts.astype(np.int8)

    def starts(self, histories: Histories, parts: np.ndarray) -> tuple[int | None, int | None]:
        return self.cuts(histories.times)

    def words(self, dataset: Dataset) -> Sentence:
        everything = dataset.unread or dataset.histories
        _, test = self.cuts(everything.times)
        moment = f"{datetime.fromtimestamp(test, UTC):%Y-%m-%d %H:%M} UTC"
        return Sentence(f"by time: events from {moment} on are the test", f"按时间划分：{moment} 起的事件用作测试")

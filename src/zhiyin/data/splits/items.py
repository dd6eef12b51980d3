"""Held-out items: nobody is seen taking them in training, as if they had just come. Asked is who takes them.

Where every item has been there from the beginning of the log, no split by time has a cold one; this one makes them.
"""

import numpy as np
from pydantic import Field

from zhiyin.core.errors import DataError
from zhiyin.core.languages import Sentence
from zhiyin.core.randomness import generator
from zhiyin.data.contracts import Histories
from zhiyin.data.dataset import Dataset
from zhiyin.data.splits.rule import TEST, TRAIN, VALIDATION, SplitRule


class ItemsRule(SplitRule):
    """``by = "items"``"""

    share: float = Field(default=0.1, gt=0, lt=0.5)
    """Share of items held out as the test (and as many for validation)."""
    others: float = Field(default=0.1, ge=0, lt=0.5)
    """Share of each person's other events, the newest, that is in the test too (and as many in the validation part),
    so that one split shows what is won on new items and what is lost on the others."""

    def parts(self, histories: Histories, dataset: Dataset) -> np.ndarray:
        taken = np.unique(histories.items)
        n, groups = round(self.share * len(taken)), 2 if self.validation else 1
        if not n or groups * n >= len(taken):
            raise DataError(
                f"{len(taken)} items have an event, too few to hold out {groups} x {n}; change share",
                found=f"{len(taken)} items",
            )  # fmt: skip
        drawn = generator(self.seed, "items").permutation(taken)
        group = np.full(dataset.n_items, TRAIN, np.int8)
        group[drawn[:n]] = TEST
        if self.validation:
            group[drawn[n : 2 * n]] = VALIDATION
        parts = group[histories.items]
        other = np.flatnonzero(parts == TRAIN)
        owners = histories.owners[other]
        counts = np.bincount(owners, minlength=len(histories))  # (U,) other events of each person
        after = np.cumsum(counts)[owners] - 1 - np.arange(len(other))  # so many of the person's other events are newer
        held = np.floor(self.others * counts)[owners]
        parts[other[after < held]] = TEST
        if self.validation:
            parts[other[(after >= held) & (after < 2 * held)]] = VALIDATION
        return np.asarray(parts, np.int8)

    def words(self, dataset: Dataset) -> Sentence:
        return Sentence(
            f"held-out items: {self.share:.0%} of the items never taken in training, whenever they were taken, and the "
            f"newest {self.others:.0%} of each person's other events are the test",
            f"留出物品：{self.share:.0%} 的物品（无论何时被选取）不出现在训练中，"
            f"连同每人其他事件中最新的 {self.others:.0%} 用作测试",
        )

"""Held-out people: the model never met them; most of their events are shown to it, the rest is the test."""

import numpy as np
from pydantic import Field

from zhiyin.core.errors import DataError
from zhiyin.core.languages import Sentence
from zhiyin.core.randomness import generator
from zhiyin.data.contracts import Histories
from zhiyin.data.dataset import Dataset
from zhiyin.data.splits.rule import FOLD_IN, TEST, TRAIN, VALIDATION, SplitRule


class PeopleRule(SplitRule):
    """``by = "people"``"""

    share: float = Field(default=0.1, gt=0, lt=0.5)
    """Share of people held out as the test (and as many for validation)."""
    fold_in: float = Field(default=0.8, gt=0, lt=1)
    """Share of a held-out person's events that is shown; drawn at random, since a bag has no order."""

    def parts(self, histories: Histories, dataset: Dataset) -> np.ndarray:
        rng = generator(self.seed, "people")
        able = np.flatnonzero(histories.lengths >= 2)
        n = round(self.share * len(histories))
        groups = 2 if self.validation else 1
        if not n or groups * n >= len(able):
            raise DataError(
                f"{len(able)} people have two events or more, too few to hold out {groups} x {n}; change share"
            )
        drawn = rng.permutation(able)
        group = np.full(len(histories), TRAIN, np.int8)
        group[drawn[:n]] = TEST
        if self.validation:
            group[drawn[n : 2 * n]] = VALIDATION
        order = np.lexsort((rng.random(histories.n_events), histories.owners))
        place = np.empty(histories.n_events, np.int64)  # place of each event in its person's random order
        place[order] = np.arange(histories.n_events) - np.repeat(histories.offsets[:-1], histories.lengths)
        shown = np.clip(np.ceil(self.fold_in * histories.lengths), 1, np.maximum(histories.lengths - 1, 1))
        events = group[histories.owners]
        events[(events != TRAIN) & (place < shown[histories.owners])] = FOLD_IN
        return np.asarray(events, np.int8)

    def words(self, dataset: Dataset) -> Sentence:
        return Sentence(
            f"held-out people: {self.share:.0%} of the people never seen in training, "
            f"{self.fold_in:.0%} of their events shown, the rest is the test",
            f"留出用户：{self.share:.0%} 的用户不参与训练，展示其 {self.fold_in:.0%} 的事件，其余用作测试",
        )

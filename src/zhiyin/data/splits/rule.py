"""What every rule of splitting shares: settings, and the part that each event goes to.

Letters: E events, U users.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from zhiyin.core.languages import Sentence
from zhiyin.core.settings import Config
from zhiyin.data.contracts import Histories
from zhiyin.data.dataset import Dataset

TRAIN, VALIDATION, TEST, FOLD_IN, OUT = range(5)
"""Parts of events. `FOLD_IN`: the history that a held-out person shows; `OUT`: in no part."""


class SplitRule(Config):
    """Settings that every rule has."""

    validation: bool = True
    """Whether a part is cut off for choosing epochs and settings."""
    repeats: Literal["drop", "keep"] = "drop"
    """Whether an item of the history may be a target. Seen items are left out of lists, so by default it may not."""
    cold_people: Literal["drop", "keep"] = "drop"
    """Whether people without any history are asked."""
    min_user_events: int = Field(default=0, ge=0)
    """People with fewer events in the training part are left out of it (with `min_item_events`: a k-core)."""
    min_item_events: int = Field(default=0, ge=0)
    """Items with fewer events in the training part are left out of it."""
    ties: Literal["keep", "shuffle"] = "keep"
    """``shuffle``: events of one person at one time are put in random order before the cut."""
    seed: int = Field(default=0, ge=0)

    def parts(self, histories: Histories, dataset: Dataset) -> np.ndarray:
        """The part of each event, int8 (E,)."""
        raise NotImplementedError

    def starts(self, histories: Histories, parts: np.ndarray) -> tuple[int | None, int | None]:
        """The moments at which validation and test cases are asked; None: at each history's newest event."""
        return None, None

    def words(self, dataset: Dataset) -> Sentence:
        """The rule, for people."""
        raise NotImplementedError

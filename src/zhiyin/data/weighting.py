"""What an event is worth: a recipe's words for turning kind and value into one weight."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from zhiyin.core.settings import Config
from zhiyin.data.coding import gathered
from zhiyin.data.contracts import KINDS, NEGATIVE_KINDS, SILENT_KINDS

LARGEST = 1e6
"""Size of a weight of a kind: sums of many stay exact enough."""


class Weighting(Config):
    """``[data.weights]`` of a recipe. Saved with every model and applied to live events the same way.

    Without any setting every event weighs 1; a dislike, a hide or a return weighs -1; an impression, which only says
    that the item was shown, and a query weigh 0.
    """

    kinds: dict[str, Annotated[float, Field(ge=-LARGEST, le=LARGEST)]] = Field(default_factory=dict)
    """Weight of a kind: ``kinds = {view = 0.2, purchase = 1.0, return = -1.0}``. Kinds not named keep 1 (or -1)."""
    like_from: float | None = None
    """Events with a value below this say nothing (weight 0): ``like_from = 4`` reads ratings of 4 and 5 as likes."""
    dislike_to: float | None = None
    """Events with a value up to this are dislikes: weight -1 times their kind's weight."""
    by_value: bool = False
    """Multiply the weight by the value (counts, quantities, play time)."""

    def weights(self, kinds: np.ndarray, values: np.ndarray, names: Sequence[str] = KINDS) -> np.ndarray:
        """Weight of each event, float32 (E,), from kind codes uint8 (E,) and values float32 (E,; NaN = none)."""
        by_code = np.array([self.kinds.get(name, _usual(name)) for name in names], np.float32)
        weights = gathered(by_code, kinds)
        if self.by_value:
            weights = weights * np.where(np.isfinite(values), values, 1)
        with np.errstate(invalid="ignore"):
            if self.like_from is not None:
                weights = np.where(values < self.like_from, np.float32(0), weights)
            if self.dislike_to is not None:
                weights = np.where(values <= self.dislike_to, -by_code[kinds], weights)
        return np.asarray(weights, np.float32)


def _usual(kind: str) -> float:
    """Weight of a kind that no recipe names."""
    return -1.0 if kind in NEGATIVE_KINDS else 0.0 if kind in SILENT_KINDS else 1.0

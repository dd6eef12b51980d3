"""How high items that nobody took in training stand among the others, of a network that reads content.

Content says whether a new item fits a person, not how much new things are taken at all: in one shop hardly, in another
every second click. So one number is added to the scores of all of them, the one with which the whole list fits best
what people took afterwards. Letters: B cases, N items.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from zhiyin.core.randomness import generator
from zhiyin.data.contracts import Cases
from zhiyin.training.validation import ndcg_of

STEPS = np.arange(-2, 6.01, 0.25)
"""Tried, in spreads of the scores of one person."""
MOST_CASES = 2000
"""Are looked at."""
BLOCK = 256
"""Of them at once."""


def settle_new(model: Any, validation: Cases | None) -> None:
    """Set the network's ``content.lift`` to the setting ``new_bias``, else to what is best on ``validation`` where it
    has such items as targets, else leave it; the fact ``new_bias`` says it. Nothing for a network without content."""
    content = getattr(getattr(model, "network", None), "content", None)
    if content is None:
        return
    lift = model.config.new_bias
    if lift is None:
        silent = content.silent.numpy()[: len(model.catalogue)]
        told = validation is not None and silent[validation.targets.rows].any()
        lift = best_lift(model, validation, silent) if told and validation is not None else content.lift.item()
    content.lift.fill_(lift)
    model.network.train(False)  # what was folded held the old one
    model.facts["new_bias"] = float(lift)


def best_lift(model: Any, cases: Cases, silent: np.ndarray) -> float:
    """What, added to the scores of the ``silent`` items, bool (N,), gives the best NDCG."""
    values: list[np.ndarray] = []
    spread = 0.0
    for part, scores in _scored(model, cases):
        spread = spread or float(scores[:, ~silent].std(axis=1).mean())
        found = [ndcg_of(_lifted(scores, silent, step * spread), part, model.config.validation_k) for step in STEPS]
        values.append(np.stack(found))  # (steps, b)
    return float(STEPS[np.concatenate(values, axis=1).mean(axis=1).argmax()] * spread)


def _lifted(scores: np.ndarray, silent: np.ndarray, by: float) -> np.ndarray:
    lifted = scores.copy()
    lifted[:, silent] += np.float32(by)
    return lifted


def _scored(model: Any, cases: Cases) -> Iterator[tuple[Cases, np.ndarray]]:
    chosen = generator(0, "newness").permutation(len(cases))[:MOST_CASES]
    for start in range(0, len(chosen), BLOCK):
        part = cases.take(chosen[start : start + BLOCK])
        yield part, model.score(part.requests)

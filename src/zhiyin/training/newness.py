"""How high items that nobody took in training stand among the others, of a network that reads content.

Content says whether a new item fits a person, not how much new things are taken at all: in one shop hardly, in another
every second click. So one number is added to the scores of all of them: the one with which they have as large a share
of people's lists as they have of what people took afterwards. Letters: B cases, N items, k length of a list.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from zhiyin.core.randomness import generator
from zhiyin.data.contracts import Cases
from zhiyin.retrieval import best_rows

LIST = 20
"""k: of so many items is a list in which shares are counted."""
MOST_CASES = 2000
"""Are looked at."""
BLOCK = 256
"""Of them at once."""


def settle_new(model: Any, validation: Cases | None) -> None:
    """Set the network's ``content.lift`` to the setting ``new_bias``, else to what ``validation`` says where it has
    such items as targets, else leave it; the fact ``new_bias`` says it. Nothing for a network without content."""
    content = getattr(getattr(model, "network", None), "content", None)
    if content is None:
        return
    lift = model.config.new_bias
    if lift is None:
        silent = content.silent.numpy()[: len(model.catalogue)]
        told = validation is not None and silent[validation.targets.rows].any() and not silent.all()
        lift = fair_lift(model, validation, silent) if told and validation is not None else content.lift.item()
    content.lift.fill_(lift)
    model.network.train(False)  # what was folded held the old one
    model.facts["new_bias"] = float(lift)


def fair_lift(model: Any, cases: Cases, silent: np.ndarray) -> float:
    """What is to be added to the scores of the ``silent`` items, bool (N,), so that their share of lists is that of
    the targets."""
    needed = np.concatenate([_needed(part, scores, silent) for part, scores in _scored(model, cases)])
    lift = float(np.quantile(needed, silent[cases.targets.rows].mean(), method="lower"))
    return lift if np.isfinite(lift) else float(needed[np.isfinite(needed)].max())


def _needed(cases: Cases, scores: np.ndarray, silent: np.ndarray) -> np.ndarray:
    """How much has to be added for the first, the second … k-th silent item to come into each list, float32 (B, k):
    the j-th best of them pushes out the (k - j)-th of the others. Infinite where there are not so many."""
    best = [
        np.where(rows < 0, np.float32(-np.inf), found)
        for rows, found in (
            best_rows(scores.copy(), LIST, exclude=cases.requests.exclude, allowed=allowed)
            for allowed in (silent, ~silent)
        )
    ]
    new, others = best  # (B, k) each, falling
    others = np.where(np.isneginf(others), new.min(where=np.isfinite(new), initial=0.0), others)
    return np.asarray(np.where(np.isneginf(new), np.inf, others[:, ::-1] - new))


def _scored(model: Any, cases: Cases) -> Iterator[tuple[Cases, np.ndarray]]:
    chosen = generator(0, "newness").permutation(len(cases))[:MOST_CASES]
    for start in range(0, len(chosen), BLOCK):
        part = cases.take(chosen[start : start + BLOCK])
        yield part, model.score(part.requests)

"""One generator judged: told apart, covering, copying, new; beside it a copy of the catalogue's marginals."""

from typing import Any

import numpy as np

from zhiyin.core.randomness import generator as random_stream
from zhiyin.data.contracts import Catalogue
from zhiyin.generation.conditional import ConditionalModel
from zhiyin.generation.encoding import take
from zhiyin.generation.judgement.cover import coverage, marginals_copy, modes_covered
from zhiyin.generation.judgement.distance import nearer_to_training, share_new
from zhiyin.generation.judgement.two_sample import LEAST, told_apart

JUDGED = 2000
"""Items that are made, and real ones that they are compared with; fewer for a small catalogue."""


def judge(
    made_by: ConditionalModel, conditions: np.ndarray, items: np.ndarray, held: Catalogue | None = None, seed: int = 0
) -> dict[str, Any]:
    """Figures of a generator that faces the items it was trained on.

    ``conditions`` (n, D) and ``items`` (n,): pairs of its training; items are made for the people of some and compared
    with the real items of others. ``held``: items of the same catalogue that were kept from it.
    """
    rng = random_stream(seed, "judgement")
    encoding, hard = made_by.encoding, made_by.encoding.read(made_by.catalogue)
    n = min(JUDGED, max(4 * len(made_by.catalogue), 4 * LEAST))
    asked, compared = rng.integers(0, len(items), (2, n))
    made = made_by.sample(conditions[asked], n, rng)
    real = take(hard, items[compared])
    told: dict[str, Any] = _beside(made_by, real, made, seed)
    told["marginals"] = _beside(made_by, real, marginals_copy(real, n, rng), seed)
    if held is not None and len(held) >= LEAST:
        sides = (made_by.neighbours.embedded, encoding.embed(encoding.read(held)), encoding.embed(made))
        told["nearer_to_training"] = nearer_to_training(*sides, seed=seed)
    told["values"] = coverage(encoding, hard, made)
    return told


def _beside(made_by: ConditionalModel, real: list[np.ndarray], made: list[np.ndarray], seed: int) -> dict[str, Any]:
    """The figures that a baseline has as well."""
    real_points, made_points = made_by.encoding.embed(real), made_by.encoding.embed(made)
    return {
        "told_apart": told_apart(real_points, made_points, seed),
        "modes": modes_covered(made_by.neighbours.embedded, made_points),
        "new": share_new(made_by.neighbours, made_points),
    }

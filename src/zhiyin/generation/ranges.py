"""A range for each number of a made-up item, from draws that are like it in everything else.

Letters: n items, M draws of the pool, D numbers of an embedded item without its own numbers.
"""

import numpy as np

from zhiyin.generation.encoding import Encoding, Hard, take
from zhiyin.generation.neighbours import squares_between
from zhiyin.generation.numbers import Number
from zhiyin.generation.specification import Ranges

ALIKE = 8
"""Draws whose middle half is the range."""
POOL = 1000
"""Draws that are looked at, at most."""


def ranges_of(encoding: Encoding, hard: Hard, pool: Hard) -> list[Ranges]:
    """For each item of ``hard`` (n,): the range of its numbers among the most similar draws of ``pool`` (M,)."""
    found: list[Ranges] = [{} for _ in range(len(hard[0]))]
    numbers = [at for at, block in enumerate(encoding.blocks) if isinstance(block, Number)]
    if not numbers:
        return found
    pool = take(pool, np.arange(min(POOL, len(pool[0]))))
    alike = _alike(encoding, hard, pool)  # (n, ALIKE)
    for at in numbers:
        own = hard[at]  # (n,)
        near = np.column_stack([own, pool[at][alike]])  # (n, 1 + ALIKE)
        near.sort(axis=1)  # what is missing stands last
        known = np.maximum((~np.isnan(near)).sum(axis=1), 1)
        rows = np.arange(len(own))
        low = np.fmin(near[rows, (known - 1) // 4], own)
        high = np.fmax(near[rows, (3 * (known - 1) + 3) // 4], own)
        for row in np.flatnonzero(~np.isnan(own)):
            found[row][encoding.blocks[at].name] = (float(low[row]), float(high[row]))
    return found


def _alike(encoding: Encoding, hard: Hard, pool: Hard) -> np.ndarray:
    """Positions in the pool of the draws nearest in all but numbers, int64 (n, ALIKE)."""
    k = min(ALIKE, len(pool[0]))
    others = [(block, at) for at, block in enumerate(encoding.blocks) if not isinstance(block, Number)]
    if not others:
        return np.tile(np.arange(k), (len(hard[0]), 1))
    one, other = (np.hstack([block.embed(side[at]) for block, at in others]) for side in (hard, pool))  # (n, D), (M, D)
    return np.asarray(np.argpartition(squares_between(one, other), k - 1, axis=1)[:, :k])

"""How far are made-up items from real ones: new, or copied? Letters: n made items, D numbers of an embedded item."""

import numpy as np

from zhiyin.core.wire import FigureJSON
from zhiyin.evaluation.intervals import figure, resampled_means
from zhiyin.generation.neighbours import Neighbours

PERCENTILE = 5.0
"""Of the real items' distances to their nearest neighbour: what is farther from every item counts as new."""


def share_new(neighbours: Neighbours, embedded: np.ndarray) -> FigureJSON:
    """Share of made items (n, D) farther from every real one than the `PERCENTILE` of real nearest distances."""
    nearest = neighbours.nearest(embedded, 1)[1][:, 0]
    new = (neighbours.novelty(nearest) > PERCENTILE / 100).astype(np.float64)
    return figure(new, resampled_means(new[:, None])[:, 0])


def nearer_to_training(trained: np.ndarray, held: np.ndarray, made: np.ndarray, seed: int = 0) -> FigureJSON:
    """Share of made items nearer to an item of training than to one that was kept from it, equal distances half.

    As many of either side, so that 0.5 says that nothing was learned by heart, 1 that everything was.
    """
    n = min(len(trained), len(held))
    rng = np.random.default_rng(seed)
    near, far = (Neighbours(side[rng.permutation(len(side))[:n]]).nearest(made, 1)[1][:, 0] for side in (trained, held))
    nearer = np.where(near == far, 0.5, near < far)
    return figure(nearer, resampled_means(nearer[:, None])[:, 0])

"""Foresight: is what came into the catalogue later near to what was made for the people who then took it?

Letters: B people, M items that came later.
"""

import numpy as np

from zhiyin.core.wire import FigureJSON
from zhiyin.evaluation.intervals import resampled_means
from zhiyin.generation.judgement.two_sample import auc


def foresight(nearness: np.ndarray, took: np.ndarray) -> FigureJSON | None:
    """Chance that of an item, a person who took it and one who did not, the item is nearer to what the taker was made.

    ``nearness`` float (B, M), higher is nearer; ``took`` bool (B, M). Items count by their takers; the interval is by
    bootstrap over items. None where no item was taken by some and not by others.
    """
    told = took.any(axis=0) & ~took.all(axis=0)
    if not told.any():
        return None
    each = np.array([auc(nearness[~took[:, j], j], nearness[took[:, j], j]) for j in np.flatnonzero(told)])
    takers = took[:, told].sum(axis=0).astype(np.float64)
    means = resampled_means(np.column_stack([each * takers, takers]))  # (R, 2)
    low, high = np.quantile(means[:, 0] / means[:, 1], [0.025, 0.975])
    return {"value": float(np.average(each, weights=takers)), "low": float(low), "high": float(high), "n": len(each)}

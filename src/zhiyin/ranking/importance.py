"""How much worse a ranker's probabilities become where columns say nothing, with intervals over requests.

Importance by permutation (Breiman 2001; of groups of columns: Gregorutti et al. 2015), on rows that the ranker did not
learn from. Columns that say the same cover for each other, so that each alone looks idle: shuffle them together.
Letters: n rows, G requests, K groups of columns.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zhiyin.core.errors import DataError, ModelError
from zhiyin.core.randomness import generator
from zhiyin.core.wire import FigureJSON
from zhiyin.evaluation.intervals import LEVEL, resampled_means
from zhiyin.ranking.ranker import Ranker
from zhiyin.ranking.reliability import losses
from zhiyin.ranking.rows import Rows


def permutation_importance(
    ranker: Ranker[Any], rows: Rows, groups: Mapping[str, Sequence[str]] | None = None, *, repeats: int = 5,
    seed: int = 0,
) -> dict[str, FigureJSON]:  # fmt: skip
    """What the mean log loss of ``rows`` gains when each group's columns are shuffled together, largest first.

    ``groups``: name → columns; without, every column by itself. The rows of a group are given those of another row, the
    mean of ``repeats`` shuffles; the interval (95 %, bootstrap) is over requests. Raises `ModelError` for a column that
    the ranker does not read, `DataError` for no rows.
    """
    if not len(rows):
        raise DataError("importance needs rows that the ranker did not learn from, found none")
    groups = {name: (name,) for name in ranker.names} if groups is None else groups
    strangers = sorted({column for columns in groups.values() for column in columns} - set(ranker.names))
    if strangers:
        raise ModelError(f"{ranker.name} reads no {', '.join(strangers)}; its columns are: {', '.join(ranker.names)}")
    usual = losses(ranker.probability(rows.values), rows.labels)
    _, owners = np.unique(rows.groups, return_inverse=True)
    sizes = np.bincount(owners)
    rng = generator(seed, "importance")
    lost = np.zeros((len(sizes), len(groups)))
    for k, columns in enumerate(groups.values()):
        positions = [ranker.names.index(column) for column in columns]
        for _ in range(repeats):
            other = rows.values.copy()
            other[:, positions] = other[rng.permutation(len(rows))][:, positions]
            lost[:, k] += np.bincount(owners, losses(ranker.probability(other), rows.labels) - usual) / repeats
    table = lost / sizes.mean()  # the mean over requests of these is the mean over rows
    means = resampled_means(np.column_stack([table, sizes]), seed)
    means = means[:, :-1] / (means[:, -1:] / sizes.mean())  # a drawn request brings all of its rows
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    found: dict[str, FigureJSON] = {
        name: {"value": float(table[:, k].mean()), "low": float(low[k]), "high": float(high[k]), "n": len(sizes)}
        for k, name in enumerate(groups)
    }
    return dict(sorted(found.items(), key=lambda one: -one[1]["value"]))

"""Does what is made cover what there is? And the baseline that every judgement stands beside.

Letters: n items, N real items, D numbers of an embedded item.
"""

import numpy as np

from zhiyin.core.wire import FigureJSON
from zhiyin.evaluation.intervals import figure, resampled_means
from zhiyin.generation.encoding import Encoding, Hard
from zhiyin.generation.neighbours import Neighbours

BALL = 5
"""A real item is covered where a made one is nearer than its fifth real neighbour."""


def marginals_copy(hard: Hard, n: int, rng: np.random.Generator) -> Hard:
    """The baseline: ``n`` items whose every single value is drawn as often as in the catalogue, and independently.

    What a generator adds to it is what belongs together.
    """
    made = []
    for part in hard:
        if part.ndim == 1:
            made.append(part[rng.integers(0, len(part), n)])
        else:
            columns = [part[rng.integers(0, len(part), n), v] for v in range(part.shape[1])]
            made.append(np.column_stack(columns))
    return made


def coverage(encoding: Encoding, real: Hard, made: Hard) -> dict[str, float]:
    """Share of each column's values (weighted by how often they are real) that are made at least once.

    Numbers count by tenths of the real ones.
    """
    found = {}
    for block, r, m in zip(encoding.blocks, real, made, strict=True):
        if r.dtype == np.float64:
            edges = np.unique(np.nanquantile(r, np.linspace(0, 1, 11)))[1:-1]
            r, m = np.digitize(r[~np.isnan(r)], edges), np.digitize(m[~np.isnan(m)], edges)
        if r.ndim == 1:
            often = np.bincount(r)
            met = np.asarray(np.isin(np.arange(len(often)), m))
        else:
            often, met = r.sum(axis=0), np.asarray(m.any(axis=0))
        found[block.name] = float(often[met].sum() / max(1, often.sum()))
    return found


def modes_covered(real: np.ndarray, made: np.ndarray) -> FigureJSON:
    """Share of ``real`` (N, D) with a ``made`` (n, D) one inside the ball that reaches to their fifth real neighbour.

    Coverage of Naeem et al. 2020, arXiv 2002.09797; the interval is over real items.
    """
    balls = Neighbours(real).nearest(real, BALL + 1)[1][:, -1]  # (N,); the nearest of all is itself
    covered = (Neighbours(made).nearest(real, 1)[1][:, 0] <= balls).astype(np.float64)
    return figure(covered, resampled_means(covered[:, None])[:, 0])

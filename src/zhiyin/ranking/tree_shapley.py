"""Exact Shapley values of the columns of one tree, all rows at once (TreeSHAP, Lundberg et al. 2020, arXiv 1905.04610).

A column that is not known sends a row down both ways, by the shares of the rows the tree was grown from. For one leaf
the game is a product over the D different columns asked on the way to it: z(d), the share that goes on, where d is
unknown; o(d), 1 or 0, whether this row goes on, where it is known. With e(s) the coefficients of Π over g ≠ d of
(z(g) + o(g) t)

    φ(d) = value · (o(d) − z(d)) · Σ over s of s! (D − 1 − s)! / D! · e(s).

Letters: n rows, V nodes, K columns, D different columns on the way to a leaf.
"""

from collections.abc import Iterator
from math import comb

import numpy as np

LEAF = -1
"""Child of a leaf."""


def tree_shapley(
    goes_left: np.ndarray, left: np.ndarray, right: np.ndarray, column: np.ndarray, rows: np.ndarray,
    values: np.ndarray, n_columns: int,
) -> tuple[np.ndarray, float]:  # fmt: skip
    """What each column adds, float64 (n, K), and the mean that every row begins with.

    ``goes_left`` bool (n, V): which way a row takes at each node; ``left``, ``right``, ``column``, ``rows`` and
    ``values`` (V,) are the tree's, ``rows`` the numbers it was grown from.
    """
    found = np.zeros((len(goes_left), n_columns))
    begin = 0.0
    for leaf, way in _ways(left, right):
        asked = list(dict.fromkeys(int(column[node]) for node, _ in way))
        known = np.ones((len(asked), len(goes_left)))  # o(d) of each row
        share = np.ones(len(asked))  # z(d)
        for node, to_left in way:
            d = asked.index(int(column[node]))
            known[d] *= goes_left[:, node] == to_left
            share[d] *= rows[left[node] if to_left else right[node]] / rows[node]
        begin += values[leaf] * share.prod()
        weights = [1 / (len(asked) * comb(len(asked) - 1, s)) for s in range(len(asked))]
        for d, name in enumerate(asked):
            others = _product(np.delete(share, d), np.delete(known, d, axis=0))  # (D, n)
            found[:, name] += values[leaf] * (known[d] - share[d]) * (weights @ others)
    return found, float(begin)


def _product(share: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Coefficients of Π (share(g) + known(g) t), (G + 1, n)."""
    found = np.ones((1, known.shape[1]))
    for z, o in zip(share, known, strict=True):
        longer = np.zeros((len(found) + 1, found.shape[1]))
        longer[:-1] += z * found
        longer[1:] += o * found
        found = longer
    return found


def _ways(left: np.ndarray, right: np.ndarray) -> Iterator[tuple[int, list[tuple[int, bool]]]]:
    """Each leaf, and the nodes on the way to it with whether it goes left there."""
    waiting: list[tuple[int, list[tuple[int, bool]]]] = [(0, [])]
    while waiting:
        node, way = waiting.pop()
        if left[node] == LEAF:
            yield node, way
        else:
            waiting += [(int(right[node]), [*way, (node, False)]), (int(left[node]), [*way, (node, True)])]

"""What models without a network read of a history: how much of each item is in it, and a prior for who did nothing.

Letters: B requests, E events, N items.
"""

from dataclasses import replace

import numpy as np
from scipy import sparse

from zhiyin.data.contracts import Histories

PRIOR = np.float32(1e-3)
"""Height of the prior beside scores: it orders the items of an empty history and is far below a real neighbour."""


def profiles(histories: Histories, n_items: int, decay: float = 1.0) -> sparse.csr_matrix:
    """Sum of weight · decay^age of each item's events, sparse float32 (B, N); negative for what is disliked."""
    if decay == 1:
        return histories.matrix(n_items, weighted=True)
    weights = histories.weights * decay**histories.ages
    return replace(histories, weights=weights).matrix(n_items, weighted=True)


def signs(histories: Histories, n_items: int) -> sparse.csr_matrix:
    """1 for an item whose events weigh more than nothing together, -1 for less; sparse float32 (B, N)."""
    matrix = histories.matrix(n_items, weighted=True)
    matrix.data = np.sign(matrix.data)
    matrix.eliminate_zeros()
    return matrix


def liked(histories: Histories) -> Histories:
    """The events of positive weight: what a model is trained on."""
    return histories if (histories.weights > 0).all() else histories.keep(histories.weights > 0)


def popularity(histories: Histories, n_items: int) -> np.ndarray:
    """Share of each item's people in the most popular item's, float32 (N,)."""
    people = np.asarray(histories.matrix(n_items).sum(axis=0)).ravel()
    return np.asarray(people / max(1.0, people.max(initial=0)), np.float32)


def with_prior(scores: np.ndarray, histories: Histories, shares: np.ndarray) -> np.ndarray:
    """``scores`` (B, N), in place: popularity decides where a history names no liked item."""
    active = np.zeros(len(histories), bool)
    active[histories.owners[histories.weights > 0]] = True
    scores[~active] += PRIOR * shares
    return scores

"""The best k of given scores, exactly: score descending, and row ascending among equals.

Letters: B requests, N items, k length of a list.
"""

import numpy as np

from zhiyin.data.contracts import FILL, Ragged


def best_rows(
    scores: np.ndarray, k: int, *, exclude: Ragged | None = None, allowed: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Rows int32 (B, k) and scores float32 (B, k) of the best items, best first.

    ``scores`` is float32 (B, N) and is overwritten. ``exclude`` lists rows never returned; ``allowed`` is bool (N,) or
    (B, N). Where fewer than k items are left, rows are -1 and scores -inf.
    """
    n_requests, n_items = scores.shape
    if exclude is not None:
        inside = exclude.rows < n_items
        scores[exclude.owners[inside], exclude.rows[inside]] = -np.inf
    if allowed is not None:
        scores[~np.broadcast_to(allowed, scores.shape)] = -np.inf
    width = min(k, n_items)
    rows = np.full((n_requests, k), FILL, np.int32)
    best = np.full((n_requests, k), -np.inf, np.float32)
    if width == 0 or n_requests == 0:
        return rows, best
    chosen = _chosen(scores, width)  # (B, width), row ascending
    chosen_scores = np.take_along_axis(scores, chosen, axis=1)
    order = np.argsort(-chosen_scores, axis=1, kind="stable")  # stable: row ascending among equals
    best[:, :width] = np.take_along_axis(chosen_scores, order, axis=1)
    rows[:, :width] = np.where(np.isneginf(best[:, :width]), FILL, np.take_along_axis(chosen, order, axis=1))
    return rows, best


def _chosen(scores: np.ndarray, width: int) -> np.ndarray:
    """The rows of the ``width`` best scores of each request, ascending; ties at the border go to the lower row."""
    if width == scores.shape[1]:
        return np.broadcast_to(np.arange(width), scores.shape)
    chosen = np.argpartition(scores, -width, axis=1)[:, -width:]
    chosen.sort(axis=1)
    border = np.take_along_axis(scores, chosen, axis=1).min(axis=1)  # (B,)
    at_border = scores == border[:, None]
    taken = (np.take_along_axis(scores, chosen, axis=1) == border[:, None]).sum(axis=1)
    for b in np.flatnonzero((at_border.sum(axis=1) > taken) & ~np.isneginf(border)):
        above = np.flatnonzero(scores[b] > border[b])
        chosen[b] = np.sort(np.concatenate([above, np.flatnonzero(at_border[b])[: width - len(above)]]))
    return chosen

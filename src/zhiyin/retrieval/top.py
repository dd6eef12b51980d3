"""The best k of given scores, exactly: score descending, and row ascending among equals.

Letters: B requests, N items, k length of a list, G groups of items.
A bound comes first: fold the N scores into G > k groups and keep each group's maximum; the k-th largest maximum has at
least k scores at or above it, so that only the few that reach it need sorting. Score and row are then packed
into one integer, whose order is exactly ours, ties included.
"""

import numpy as np

from zhiyin.core.errors import ModelError
from zhiyin.data.contracts import FILL, Ragged

GROUPS_PER_PLACE = 4
"""Groups for each place of the list: more make the bound tighter and the search for it longer."""
TIED = 8
"""Scores for each place of the list that reach the bound from which equal ones are looked for: sorting is slow."""
LOWEST = np.finfo(np.float32).min
EMPTY = np.iinfo(np.int64).max
"""The key of "no item": sorts behind every key of an item."""


def best_rows(
    scores: np.ndarray, k: int, *, exclude: Ragged | None = None, allowed: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Rows int32 (B, k) and scores float32 (B, k) of the best items, best first.

    ``scores`` is float32 (B, N) and is overwritten. ``exclude`` lists rows never returned; ``allowed`` is bool (N,) or
    (B, N). Where fewer than k items are left, rows are -1 and scores -inf. Raises `ModelError` for NaN.
    """
    n_requests, n_items = scores.shape
    _close(scores, exclude, allowed)
    width = min(k, n_items)
    if not (width and n_requests):
        return np.full((n_requests, k), FILL, np.int32), np.full((n_requests, k), -np.inf, np.float32)
    bound = np.maximum(_bound(scores, width), LOWEST)  # never below: -inf is "no item"
    picks = np.flatnonzero(_reaching(scores, bound, width))
    owners, rows = picks // n_items, picks % n_items
    return _listed(owners, rows, scores.reshape(-1)[picks] if scores.flags.c_contiguous else scores[owners, rows],
                   n_requests, k)  # fmt: skip


def _reaching(scores: np.ndarray, bound: np.ndarray, width: int) -> np.ndarray:
    """Which scores can be among the best ``width``, bool (B, N): those above the bound, and of the ones that are equal
    to it, where these are most of the catalogue (a model that says nothing of most items), as many as are needed."""
    reached = scores >= bound[:, None]
    for b in np.flatnonzero(np.count_nonzero(reached, axis=1) > TIED * width):
        above = scores[b] > bound[b]
        needed = max(0, width - np.count_nonzero(above))
        above[np.flatnonzero(reached[b] ^ above)[:needed]] = True
        reached[b] = above
    return reached


def best_of_pairs(
    owners: np.ndarray, rows: np.ndarray, scores: np.ndarray, n_requests: int, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The same from some pairs of a request (``owners``, (P,)) and an item, in any order, each with its finite score.

    No pair may stand twice; at most 32,767 requests.
    """
    order = np.argsort(owners.astype(np.int16), kind="stable")  # 16 bits are sorted by counting
    return _listed(owners[order], rows[order], scores[order], n_requests, k)


def _close(scores: np.ndarray, exclude: Ragged | None, allowed: np.ndarray | None) -> None:
    """Write -inf where an item may not be returned."""
    if exclude is not None and len(exclude.rows):
        owners, rows = exclude.owners, exclude.rows
        if rows.max() >= scores.shape[1]:
            inside = rows < scores.shape[1]
            owners, rows = owners[inside], rows[inside]
        if scores.flags.c_contiguous:
            scores.reshape(-1)[owners * scores.shape[1] + rows] = -np.inf
        else:
            scores[owners, rows] = -np.inf
    if allowed is not None:
        np.copyto(scores, -np.inf, where=~allowed)


def _listed(
    owners: np.ndarray, rows: np.ndarray, scores: np.ndarray, n_requests: int, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and scores (B, k) from pairs, ``owners`` ascending."""
    counts = np.bincount(owners, minlength=n_requests)
    places = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
    keys = np.full((n_requests, counts.max(initial=0)), EMPTY, np.int64)
    keys[owners, places] = _keys(scores, rows)
    if keys.shape[1] > 8 * k:
        keys = np.partition(keys, k - 1, axis=1)[:, :k]
    keys.sort(axis=1)
    keys = keys[:, :k]
    found = keys != EMPTY
    listed, best = np.full((n_requests, k), FILL, np.int32), np.full((n_requests, k), -np.inf, np.float32)
    listed[:, : keys.shape[1]] = np.where(found, keys & 0xFFFFFFFF, FILL)
    best[:, : keys.shape[1]] = np.where(found, _scores_of(keys), -np.inf)
    return listed, best


def _bound(scores: np.ndarray, width: int) -> np.ndarray:
    """A score that at least ``width`` of each request's scores reach, float32 (B,)."""
    n_requests, n_items = scores.shape
    folds = max(1, n_items // (GROUPS_PER_PLACE * width))
    n_groups = n_items // folds
    folded = folds * n_groups
    maxima = scores[:, :folded].reshape(n_requests, folds, n_groups).max(axis=1)  # (B, G)
    rest = n_items - folded
    np.maximum(maxima[:, :rest], scores[:, folded:], out=maxima[:, :rest])
    if np.isnan(maxima).any():
        raise ModelError("scores contain NaN; every score must be a number: correct the model that made them")
    return np.asarray(np.partition(maxima, n_groups - width, axis=1)[:, n_groups - width])


def _keys(scores: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """int64: smaller for a higher score, then for a lower row."""
    bits = (scores + np.float32(0)).view(np.int32)  # adding 0 makes -0 and 0 equal
    return np.asarray((~_ordered(bits)).astype(np.int64) << 32 | rows)


def _scores_of(keys: np.ndarray) -> np.ndarray:
    """The scores that `_keys` packed."""
    return _ordered(~(keys >> 32).astype(np.int32)).view(np.float32)


def _ordered(bits: np.ndarray) -> np.ndarray:
    """Bits of floats as integers of the same order; its own inverse."""
    return np.asarray(bits ^ (bits >> 31 & np.int32(0x7FFFFFFF)))

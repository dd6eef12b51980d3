"""Ranks of targets in the whole catalogue, counted from scores; no candidate is sampled.

Letters: B cases, N items, T targets, k length of a list.
"""

from collections.abc import Iterator

import numpy as np

from zhiyin.core.errors import ModelError
from zhiyin.data.contracts import Cases, Scorer
from zhiyin.retrieval import best_rows

BLOCK = 256
"""People whose scores of all items are held at once."""
BUDGET = 16_000_000
"""Scores held at once."""


def ranked(scorer: Scorer, cases: Cases, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Rank of each target, float64 (T,), and the first ``k`` rows of each list, int32 (B, k).

    Rank = 1 + items with a higher score + half of the others with the same: a constant scorer gains nothing. Excluded
    (seen) items are not ranked. Raises `ModelError` where a score is NaN.
    """
    ranks, lists = [np.zeros(0)], [np.zeros((0, k), np.int32)]
    for part, scores in _scored(scorer, cases):
        exclude = part.requests.exclude
        scores[exclude.owners, exclude.rows] = -np.inf
        ranks.append(_mid_ranks(scores, part.targets.owners, part.targets.rows))
        lists.append(best_rows(scores, k)[0])
    return np.concatenate(ranks), np.concatenate(lists)


def _scored(scorer: Scorer, cases: Cases) -> Iterator[tuple[Cases, np.ndarray]]:
    """Blocks of cases with their scores, float32 (b, N), ours to overwrite."""
    for part in blocks(cases):
        given, name = scorer.score(part.requests), getattr(scorer, "name", type(scorer).__name__)
        if np.ndim(given) != 2 or len(given) != len(part) or np.shape(given)[1] <= part.targets.rows.max(initial=-1):
            raise ModelError(
                f"{name}.score gives shape {np.shape(given)} for {len(part)} requests; give float32 (B, N): a row a "
                "request, a column an item of the catalogue", found=str(np.shape(given)),
            )  # fmt: skip
        scores = np.array(given, np.float32)
        if np.isnan(scores).any():
            raise ModelError(f"{name} gives NaN as a score; every score must be a number: train it again")
        yield part, scores


def blocks(cases: Cases) -> Iterator[Cases]:
    """The cases, as many at a time as are scored together."""
    for start in range(0, len(cases), BLOCK):
        yield cases.take(np.arange(start, min(start + BLOCK, len(cases))))


def _mid_ranks(scores: np.ndarray, owners: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """float64 (T,)"""
    own = scores[owners, rows]  # (T,)
    ranks = np.empty(len(rows))
    step = max(1, BUDGET // max(1, scores.shape[1]))
    for start in range(0, len(rows), step):
        these = slice(start, start + step)
        beside, target = scores[owners[these]], own[these, None]  # (t, N)
        greater, equal = (beside > target).sum(axis=1), (beside == target).sum(axis=1)
        ranks[these] = 1 + greater + (equal - 1) / 2
    ranks[np.isneginf(own)] = np.inf  # a target that may not be in the list is never found
    return ranks

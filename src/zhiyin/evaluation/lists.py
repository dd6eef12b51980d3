"""Metrics of given lists, and what lists are like whether they hit or not.

Letters: B cases, k length of a list, N items, T targets.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse

from zhiyin.core.wire import FigureJSON
from zhiyin.data.contracts import Ragged
from zhiyin.data.dataset import Dataset
from zhiyin.data.popularity import counts
from zhiyin.evaluation.metrics import Ranks, named_metric

NORMAL = 1.96
"""Standard errors on either side of a 95 % interval."""


def metrics_of_lists(rows: np.ndarray, targets: Ragged, metrics: Sequence[str]) -> dict[str, np.ndarray]:
    """Each metric of each case, float64 (B,), from lists ``rows`` int32 (B, k; -1 fills) and what was then taken.

    Every case needs a target.
    """
    chosen = {name: named_metric(name) for name in metrics}
    rows = rows[:, : max(k for _, k in chosen.values())]
    found = Ranks(ranks_in_lists(rows, targets), targets.owners, targets.lengths)
    return {name: metric(found, k) for name, (metric, k) in chosen.items()}


def ranks_in_lists(rows: np.ndarray, targets: Ragged) -> np.ndarray:
    """Place of each target in its list, from 1; inf where it is not there, float64 (T,)."""
    ranks = np.full(len(targets.rows), np.inf)
    owners = targets.owners
    # a person's targets one after the other: round j looks at everybody's j-th target
    turn = np.arange(len(owners)) - np.repeat(targets.offsets[:-1], targets.lengths)
    if targets.lengths.max(initial=0) <= 4:
        for j in range(int(targets.lengths.max(initial=0))):
            these = np.flatnonzero(turn == j)
            case, column = np.nonzero(rows[owners[these]] == targets.rows[these, None])
            ranks[these[case]] = column + 1
        return ranks
    width = int(max(rows.max(initial=0), targets.rows.max(initial=0))) + 1
    keys = owners * width + targets.rows
    order = np.argsort(keys, kind="stable")
    listed = np.where(rows >= 0, np.arange(len(rows))[:, None] * width + rows, -1)  # (B, k)
    place = np.searchsorted(keys[order], listed)
    place = np.minimum(place, len(keys) - 1)
    case, column = np.nonzero(keys[order][place] == listed)
    ranks[order[place[case, column]]] = column + 1
    return ranks


TRAITS = ("novelty", "popularity_bias", "diversity", "serendipity")


class ListTraits:
    """What a list is like beside the training data: novelty, diversity, serendipity, popularity."""

    def __init__(self, train: Dataset) -> None:
        self.counts = counts(train)
        self.n_people = max(1, len(train.users))
        matrix = train.histories.matrix(train.n_items).tocsc()
        norms = np.sqrt(np.maximum(np.asarray(matrix.sum(axis=0)).ravel(), 1))
        self.unit = (matrix @ sparse.diags(1 / norms)).T.tocsr()  # (N, U), rows of length 1
        order = np.argsort(self.counts, kind="stable")
        self.percentile = np.empty(len(order))
        self.percentile[order] = (np.arange(len(order)) + 0.5) / max(1, len(order))

    def of(self, rows: np.ndarray, targets: Ragged, k: int) -> Mapping[str, np.ndarray]:
        """Traits of the first ``k`` of each list, float64 (B,) each; NaN for an empty list."""
        rows = rows[:, :k]
        there = rows >= 0
        safe = np.maximum(rows, 0)
        known = np.log2(self.n_people / np.maximum(self.counts, 1))[safe]  # bits of surprise
        popular = set(np.argsort(-self.counts, kind="stable")[:k].tolist())
        ranks = ranks_in_lists(rows, targets)
        surprising = np.isfinite(ranks) & ~np.isin(targets.rows, list(popular))
        hits = np.bincount(targets.owners, surprising, minlength=len(rows))
        return {
            f"novelty@{k}": _mean(known, there),
            f"popularity_bias@{k}": _mean(self.percentile[safe], there),
            f"diversity@{k}": self._diversity(rows),
            f"serendipity@{k}": hits / np.minimum(targets.lengths, k),
        }

    def _diversity(self, rows: np.ndarray) -> np.ndarray:
        """1 - mean cosine of all pairs of a list (by who took them): ‖Σ v‖² = n + Σ of all ordered pairs."""
        diversity = np.full(len(rows), np.nan)
        lengths = (rows >= 0).sum(axis=1)
        for start in range(0, len(rows), 512):
            block = rows[start : start + 512]
            case, column = np.nonzero(block >= 0)
            pick = sparse.csr_matrix(
                (np.ones(len(case)), (case, block[case, column])), shape=(len(block), self.unit.shape[0])
            )
            summed = pick @ self.unit
            own = pick @ np.asarray(self.unit.multiply(self.unit).sum(axis=1)).ravel()
            pairs = np.asarray(summed.multiply(summed).sum(axis=1)).ravel() - own
            n = lengths[start : start + 512]
            with np.errstate(invalid="ignore", divide="ignore"):
                diversity[start : start + 512] = np.where(n > 1, 1 - pairs / (n * (n - 1)), np.nan)
        return diversity


def coverage(rows: np.ndarray, people: np.ndarray, n_items: int) -> FigureJSON:
    """Share of the catalogue that stands in any list; ``people`` int64 (B,): whose list each is.

    Resampling people would lose items, so that the interval is the jackknife's (Efron and Stein 1981): what each
    person alone brings in says how far the share would move with other people. It is wide rather than narrow.
    """
    case, column = np.nonzero(rows >= 0)
    pairs = np.unique(people[case] * np.int64(n_items) + rows[case, column])  # each person's items, once
    items, owners = pairs % n_items, pairs // n_items
    known, n_people = np.bincount(items, minlength=n_items), len(np.unique(people))
    alone = np.bincount(owners[known[items] == 1], minlength=int(people.max(initial=-1)) + 1)[np.unique(people)]
    value = float((known > 0).sum() / n_items)
    error = np.sqrt((n_people - 1) / n_people * np.square(alone - alone.mean()).sum()) / n_items
    low, high = max(0.0, value - NORMAL * error), min(1.0, value + NORMAL * error)
    return {"value": value, "low": float(low), "high": float(high), "n": n_people}


def _mean(values: np.ndarray, there: np.ndarray) -> np.ndarray:
    n = there.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n > 0, (values * there).sum(axis=1) / n, np.nan)

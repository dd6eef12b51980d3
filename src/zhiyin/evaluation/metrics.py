"""Ranking metrics from the ranks of what a person then took.

Letters: B cases, T targets, k length of a list. ``ranks`` (T,) start at 1, may be halves (ties count by their middle)
and are inf where a target is in no list; ``owners`` (T,) is the case of each, ``lengths`` (B,) how many it has.
Definitions of Liang et al. 2018 (arXiv 1802.05814): recall@k divides by min(k, targets), NDCG's ideal is cut there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from zhiyin.core.errors import SettingsError
from zhiyin.core.plugins import registered


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """Where the targets of B cases stand."""

    ranks: np.ndarray
    owners: np.ndarray
    lengths: np.ndarray

    def total(self, gains: np.ndarray) -> np.ndarray:
        """Sum over each case's targets, float64 (B,)."""
        return np.asarray(np.bincount(self.owners, gains, minlength=len(self.lengths)))

    def inside(self, k: int) -> np.ndarray:
        """1 for each target within the first k, float64 (T,)."""
        return (self.ranks <= k).astype(np.float64)


def recall(found: Ranks, k: int) -> np.ndarray:
    """Hits among the first k, of min(k, targets)."""
    return np.asarray(found.total(found.inside(k)) / np.minimum(found.lengths, k))


def precision(found: Ranks, k: int) -> np.ndarray:
    """Hits among the first k, of k."""
    return np.asarray(found.total(found.inside(k)) / k)


def hit_rate(found: Ranks, k: int) -> np.ndarray:
    """Whether any target is among the first k."""
    return np.asarray(np.minimum(found.total(found.inside(k)), 1.0))


def ndcg(found: Ranks, k: int) -> np.ndarray:
    """Discounted gain 1 / log2(rank + 1) of hits, of the best possible."""
    gains = found.inside(k) / np.log2(np.minimum(found.ranks, k) + 1)
    ideal = np.cumsum(1 / np.log2(np.arange(2, k + 2)))
    return np.asarray(found.total(gains) / ideal[np.minimum(found.lengths, k) - 1])


def mrr(found: Ranks, k: int) -> np.ndarray:
    """1 / rank of the first hit within k, else 0."""
    best = np.full(len(found.lengths), np.inf)
    np.minimum.at(best, found.owners, np.where(found.ranks <= k, found.ranks, np.inf))
    return np.asarray(1 / best)


def average_precision(found: Ranks, k: int) -> np.ndarray:
    """Mean over min(k, targets) of the precision at each hit within k (MAP's term for one case)."""
    order = np.lexsort((found.ranks, found.owners))
    ranks, owners = found.ranks[order], found.owners[order]
    starts = np.concatenate([[0], np.cumsum(found.lengths)[:-1]])
    place = np.arange(len(ranks)) - starts[owners] + 1  # hits up to and with this one
    gains = np.where(ranks <= k, place / ranks, 0.0)
    return np.asarray(np.bincount(owners, gains, minlength=len(found.lengths)) / np.minimum(found.lengths, k))


METRICS: Mapping[str, Callable[[Ranks, int], np.ndarray]] = {
    "recall": recall, "ndcg": ndcg, "precision": precision, "map": average_precision, "mrr": mrr, "hit_rate": hit_rate,
}  # fmt: skip


def named_metric(name: str) -> tuple[Callable[[Ranks, int], np.ndarray], int]:
    """Function and k of ``"ndcg@10"``, a plug-in's (entry-point group ``zhiyin.metrics``) included."""
    word, _, k = str(name).partition("@")
    plugins = registered("zhiyin.metrics")
    known = [*METRICS, *plugins]
    if word in known and not (k.isdigit() and int(k) >= 1):
        raise SettingsError(
            f"metric {name!r} has no length of list; write for example '{word}@10'", found=name, allowed=f"{word}@10"
        )
    if word not in known or not k:
        raise SettingsError.unknown(f"there is no metric {name!r}", word, known, "write name@k with a name of")
    return METRICS[word] if word in METRICS else plugins[word].load(), int(k)

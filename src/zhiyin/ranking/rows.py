"""Training rows: candidates that were asked about, and whether the person took them. Plain arrays.

Letters: B requests, C candidates of a request, F columns, n rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from zhiyin.core.errors import DataError
from zhiyin.data.contracts import Ragged


@dataclass(frozen=True, eq=False)
class Rows:
    """What a ranker learns from."""

    values: np.ndarray
    """float32 (n, F), NaN where something is not known."""
    labels: np.ndarray
    """bool (n,): the person took the candidate."""
    groups: np.ndarray
    """int64 (n,): number of the request that a row belongs to; ascending, in the order of time."""
    names: tuple[str, ...]
    """Of the columns, (F,)."""
    negative_rate: float = 1.0
    """Share of the rows without a positive label that was kept, see `thinned`."""
    weights: np.ndarray | None = None
    """float64 (n,): how much each row counts, above 0; without, all count the same."""
    clicked: np.ndarray | None = None
    """bool (n,): the person did what comes before taking it (a click before a purchase), where that was logged."""

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def of(cls, values: np.ndarray, names: tuple[str, ...], candidates: np.ndarray, targets: Ragged) -> "Rows":
        """From a feature table (B, C, F): one row for each candidate, none for "no item" (-1)."""
        real = candidates >= 0
        groups = np.broadcast_to(np.arange(len(candidates))[:, None], candidates.shape)
        return cls(values[real], labels_for(candidates, targets)[real], groups[real], names)

    @classmethod
    def joined(cls, parts: Iterable["Rows"]) -> "Rows":
        """Several folds one after the other, oldest first; groups are numbered on."""
        parts = list(parts)
        if len({(part.names, part.negative_rate, part.clicked is None) for part in parts}) != 1:
            raise DataError("these rows have different columns or sampling; join rows of one feature list, or of none")
        starts = np.concatenate([[0], np.cumsum([part.groups.max(initial=-1) + 1 for part in parts])])
        weighted = any(part.weights is not None for part in parts)
        return cls(
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.groups + start for part, start in zip(parts, starts, strict=False)]),
            parts[0].names,
            parts[0].negative_rate,
            np.concatenate([part.counts for part in parts]) if weighted else None,
            None if parts[0].clicked is None else np.concatenate([part.clicked for part in parts]),
        )

    @property
    def counts(self) -> np.ndarray:
        """How much each row counts, float64 (n,): 1 where nothing is said."""
        return np.ones(len(self)) if self.weights is None else np.asarray(self.weights, np.float64)

    def take(self, which: np.ndarray) -> "Rows":
        """The rows at these positions (or of a bool mask)."""
        weights, clicked = (None if own is None else own[which] for own in (self.weights, self.clicked))
        return replace(
            self, values=self.values[which], labels=self.labels[which], groups=self.groups[which], weights=weights,
            clicked=clicked,
        )  # fmt: skip

    def decayed(self, days: np.ndarray, half_life: float) -> "Rows":
        """A row counts half as much for every ``half_life`` days of its age; ``days`` (n,) before the newest row."""
        days = np.asarray(days, np.float64)
        if days.shape != (len(self),) or not np.isfinite(days).all() or days.min(initial=0) < 0:
            raise DataError(f"ages have shape {days.shape} for {len(self)} rows; give days of 0 or more, one for each")
        if not half_life > 0:
            raise DataError(f"a half-life is above 0 days, found {half_life}; give for example 30")
        return replace(self, weights=self.counts * 0.5 ** (days / half_life))

    def thinned(self, rate: float, rng: np.random.Generator) -> "Rows":
        """All positives and a share ``rate`` of the negatives; rankers put the probabilities right again."""
        if not 0 < rate <= 1:
            raise DataError(f"negatives are kept at a rate above 0 up to 1, found {rate}; give for example 0.1")
        kept = self.take(self.labels | (rng.random(len(self)) < rate))
        return replace(kept, negative_rate=self.negative_rate * rate)


def labels_for(candidates: np.ndarray, targets: Ragged) -> np.ndarray:
    """Whether each candidate, int32 (B, C), is among the targets of its request; bool (B, C), False for -1."""
    if len(candidates) != len(targets):
        raise DataError(f"{len(candidates)} rows of candidates for {len(targets)} lists of targets; give one each")
    width = int(max(candidates.max(initial=0), targets.rows.max(initial=0))) + 1
    wanted = targets.owners * width + targets.rows
    asked = np.arange(len(candidates))[:, None] * width + candidates
    return np.isin(asked, wanted) & (candidates >= 0)


def without_sampling(probability: np.ndarray, negative_rate: float) -> np.ndarray:
    """Probabilities among all rows from those among thinned rows: q = p / (p + (1 - p) / w).

    Reference: He et al. 2014, Practical lessons from predicting clicks on ads at Facebook.
    """
    if negative_rate == 1:
        return probability
    return np.asarray(probability / (probability + (1 - probability) / negative_rate))

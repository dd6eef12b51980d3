"""Popularity in the newest days: on a real time split the strongest simple model.

The score is the number of events of positive weight in the last W days before the newest event that was trained on.
Items that are equal there are ordered by the last 4·W days, then 16·W …, then all time, so that a short window fills a
long list. With ``by``, what is known of a person without history counts too: n_jv, the events of item j by people of
value v, are drawn to what all of them say of it, s_j = n_j / n, and

    score(j) = log s_j + Σ_columns log((n_jv + m s_j) / ((n_v + m) s_j)).

Letters: B requests, N items, W days, V values of a column.
"""

from collections.abc import Callable, Mapping
from typing import Self

import numpy as np
from pydantic import Field

from zhiyin.core.errors import ModelError
from zhiyin.core.progress import Progress
from zhiyin.data.contracts import Cases, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.data.popularity import DAY_S, counts
from zhiyin.models.model import Model, ModelConfig

WIDENING = 4
"""How much longer each window is that decides among equals of the one before."""
EVEN_NOBODY = np.float32(1e-3)
"""Events of an item that nobody took, so that it has a logarithm."""
CLOCK: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "hour": lambda seconds: seconds // 3600 % 24, "weekday": lambda seconds: (seconds // 86400 + 3) % 7,
}  # fmt: skip
"""Of a moment, seconds UTC; Monday is 0."""


class PopularConfig(ModelConfig):
    """Settings of Popular."""

    window_days: float | None = Field(default=None, gt=0)
    """Only events of so many newest days count; all time without it, and in a log without times."""
    by: tuple[str, ...] = ()
    """What of a person or of the moment of asking counts: columns of the people (country, gender …), ``hour`` or
    ``weekday`` (UTC). What is not known of somebody is passed over."""
    prior: float = Field(default=100.0, gt=0)
    """m: as many events of everybody are added to those of a value, so that a rare one says little."""


class Popular(Model[PopularConfig]):
    """Popular: what most people took, over all time or in the newest days; the same for everybody, or by what is known
    of a person and the moment."""

    name = "Popular"
    Config = PopularConfig
    reads_history = False
    shares: np.ndarray
    tables: dict[str, np.ndarray]
    """Column → what is added to the log of each item's share, float32 (V, N), of each value in ``facts["values"]``."""

    def fit(self, dataset: Dataset, *, validation: Cases | None = None, progress: Progress | None = None) -> Self:
        """Count. Events of negative weight (dislikes, returns) do not count."""
        self.learned_from(dataset)
        window = self.config.window_days if dataset.order == "time" else None
        self.facts["window_days"] = window
        self.shares = counts(dataset, window_days=window).astype(np.float32) + _among_equals(dataset, window)
        self.tables, self.facts["values"] = {}, {}
        for name in self.config.by:
            self.tables[name], self.facts["values"][name] = self._by(dataset, name)
        return self

    def score_all(self, requests: Requests) -> np.ndarray:
        scores = np.tile(self.shares, (len(requests), 1))  # (B, N)
        if not self.tables:
            return scores
        scores = np.log(scores + EVEN_NOBODY)
        for name, table in self.tables.items():
            values = {value: row for row, value in enumerate(self.facts["values"][name])}
            rows = np.array([values.get(str(value), -1) for value in _asked(requests, name)], np.int64)
            scores[rows >= 0] += table[rows[rows >= 0]]
        return np.asarray(scores, np.float32)

    def arrays(self) -> Mapping[str, np.ndarray]:
        return {"shares": self.shares, **{f"by.{name}": table for name, table in self.tables.items()}}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.shares = arrays["shares"]
        self.tables = {name[3:]: table for name, table in arrays.items() if name.startswith("by.")}

    def _by(self, dataset: Dataset, name: str) -> tuple[np.ndarray, list[str]]:
        """What each value of a column adds, (V, N), and the values."""
        histories = dataset.histories.keep(dataset.histories.weights > 0)
        if name in CLOCK:
            if dataset.order != "time":
                raise ModelError(f"{self.name} counts by {name}, and this log has no times; leave it out of by")
            column = CLOCK[name](histories.times)
        elif name in dataset.people:
            column = dataset.people[name][histories.owners]
        else:
            there = ", ".join((*dataset.people, *CLOCK))
            raise ModelError(f"{self.name} counts by {name!r}, which is no column of the people; there are {there}",
                             found=name, allowed=there)  # fmt: skip
        known = np.array([value is not None and value == value for value in column.tolist()], bool)
        values, codes = np.unique(column[known].astype(str), return_inverse=True)
        counted = np.bincount(codes * dataset.n_items + histories.items[known], minlength=len(values) * dataset.n_items)
        table = counted.reshape(len(values), -1).astype(np.float64)  # (V, N)
        share = np.maximum(table.sum(axis=0) / max(1.0, table.sum()), 1e-12)
        here = (table + self.config.prior * share) / (table.sum(axis=1, keepdims=True) + self.config.prior)
        return np.log(here / share).astype(np.float32), values.tolist()


def _among_equals(dataset: Dataset, window: float | None) -> np.ndarray:
    """A number below 1 for each item that orders those with equal counts by ever longer windows, float32 (N,)."""
    if window is None:
        return np.zeros(dataset.n_items, np.float32)
    times, longer = dataset.histories.times, []
    days = float(times.max() - times.min()) / DAY_S
    while (window := window * WIDENING) < days:
        longer.append(counts(dataset, window_days=window))
    columns = np.stack([*longer, counts(dataset)], axis=1)  # (N, windows)
    _, rank = np.unique(columns, axis=0, return_inverse=True)
    return np.asarray(rank / (rank.max(initial=0) + 1), np.float32)


def _asked(requests: Requests, name: str) -> list[object]:
    """The value of each request, None where it is not known."""
    if name in CLOCK:
        return [int(value) for value in CLOCK[name](requests.now)]
    for told in (requests.moment, requests.person):
        if told is not None and name in told:
            return list(told[name].tolist())
    return [None] * len(requests)

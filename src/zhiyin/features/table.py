"""All features of all candidates in one table. Letters: B requests, C candidates of a request, F columns."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from zhiyin.core.errors import DataError
from zhiyin.data.contracts import Requests
from zhiyin.features.feature import Counters, Feature


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """What a ranker reads."""

    names: tuple[str, ...]
    """Of the columns: a feature's own, or ``NAME.0``, ``NAME.1`` … where it gives several numbers."""
    values: np.ndarray
    """float32 (B, C, F); NaN where something is not known, and everywhere for "no item" (-1)."""


def compute_table(
    features: Iterable[Feature], requests: Requests, candidates: np.ndarray, counters: Counters,
    counted: np.ndarray | None = None,
) -> FeatureTable:  # fmt: skip
    """Every feature for ``candidates`` int32 (B, C), each as of its request's ``now``.

    ``counted``, bool (B, C): the candidates among which places and spreads are counted; all of them without.
    """
    if candidates.ndim != 2 or len(candidates) != len(requests):
        raise DataError(
            f"candidates have shape {candidates.shape} for {len(requests)} requests; give one row of items a request"
        )
    counted = candidates >= 0 if counted is None else counted & (candidates >= 0)
    counters = CountedOnce(counters)
    names: list[str] = []
    blocks = [np.zeros((*candidates.shape, 0), np.float32)]
    for feature in features:
        numbers = feature.compute(requests, candidates, counters)
        block = _checked(feature, feature.among(numbers, counted) if feature.among else numbers, candidates.shape)
        width = block.shape[2]
        names += [feature.name] if width == 1 else [f"{feature.name}.{d}" for d in range(width)]
        blocks.append(block)
    values = np.concatenate(blocks, axis=2)
    values[candidates < 0] = np.nan
    values[~np.isfinite(values)] = np.nan  # so that nobody multiplies with infinite numbers
    return FeatureTable(tuple(names), values)


class CountedOnce:
    """`Counters` for one table: what several features count of the same candidates is counted once."""

    def __init__(self, counters: Counters) -> None:
        self.timed, self.dataset = counters.timed, counters.dataset
        self.all_events, self.grouped, self.counted = counters.all_events, counters.grouped, counters.counted
        self.days_since_last, self.days_since_first = counters.days_since_last, counters.days_since_first
        self.resemblance, self.taken_by = counters.resemblance, counters.taken_by
        self._counters = counters
        self._kept: dict[Any, tuple[np.ndarray, np.ndarray]] = {}

    def events(
        self, items: np.ndarray, until: np.ndarray, days: float | None = None, kind: str | None = None
    ) -> np.ndarray:  # fmt: skip
        """As `Counters.events`; not to be changed."""
        key = (id(items), until.shape, until.tobytes(), days, kind)
        if key not in self._kept:
            found = self._counters.events(items, until, days, kind)
            self._kept[key] = items, found  # with the items, whose id stays their own as long as they live
        return self._kept[key][1]


def _checked(feature: Feature, block: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """float32 (B, C, D)"""
    if block.shape[:2] != shape or block.ndim > 3:
        raise DataError(f"feature {feature.name!r} gave shape {block.shape}; it must give {shape} or {shape} and D")
    return np.asarray(block, np.float32).reshape(*shape, -1 if block.ndim == 3 else 1)

"""All features of all candidates in one table. Letters: B requests, C candidates of a request, F columns."""

from collections.abc import Iterable
from dataclasses import dataclass

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
    return FeatureTable(tuple(names), values)


def _checked(feature: Feature, block: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """float32 (B, C, D); infinite numbers become NaN, so that nobody multiplies with them."""
    if block.shape[:2] != shape or block.ndim > 3:
        raise DataError(f"feature {feature.name!r} gave shape {block.shape}; it must give {shape} or {shape} and D")
    block = block.astype(np.float32).reshape(*shape, -1 if block.ndim == 3 else 1)
    block[~np.isfinite(block)] = np.nan
    return block

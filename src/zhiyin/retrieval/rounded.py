"""Vectors in 8 bits, and by how much a product of two of them can be wrong.

Letters: B people, C items of a tile, D numbers of a vector.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np

Product: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""int8 (B, D) times int8 (D, C): whole numbers (B, C), exact, as int32 or floats; freshly made."""

STEPS = 127
"""Whole numbers on either side of 0."""
EXACT = 1000
"""Numbers of a vector up to which sums of products stay below 2^24, where float32 has every whole number."""


def float_product(people: np.ndarray, items: np.ndarray) -> np.ndarray:
    """By NumPy's floats: nothing gained in speed, the same whole numbers on every machine."""
    kind = np.float32 if people.shape[1] <= EXACT else np.float64
    return np.asarray(people.astype(kind) @ items.astype(kind))


@dataclass(frozen=True, eq=False)
class Tile:
    """Items that are multiplied together."""

    start: int
    """Place of the first."""
    exact: np.ndarray
    """float32 (C, D)"""
    centre: np.ndarray
    """float32 (D,): their mean; only what differs from it is rounded."""
    scale: np.float32
    rounded: np.ndarray
    """int8 (D, C)"""
    lost: np.float32
    """Length of the longest difference that rounding made."""
    reach: np.float32
    """Length of the longest rounded vector."""

    @classmethod
    def of(cls, exact: np.ndarray, start: int = 0) -> Self:
        centre = exact.mean(axis=0)
        apart = exact - centre
        scale = np.float32(max(np.abs(apart).max(initial=0), 1e-20) / STEPS)
        rounded = np.rint(apart / scale).astype(np.int8)
        kept = rounded * scale
        lost, reach = (np.linalg.norm(part, axis=1).max(initial=0) for part in (apart - kept, kept))
        return cls(start, exact, centre, scale, np.ascontiguousarray(rounded.T), lost, reach)


@dataclass(frozen=True, eq=False)
class People:
    """A block of people, rounded. Nobody's vector is all zeros."""

    exact: np.ndarray
    """float32 (B, D)"""
    rounded: np.ndarray
    """int8 (B, D)"""
    scale: np.ndarray
    """float32 (B,)"""
    length: np.ndarray
    """float32 (B,), of the vector"""
    lost: np.ndarray
    """float32 (B,): length of what rounding took from it."""

    @classmethod
    def of(cls, exact: np.ndarray) -> Self:
        scale = np.maximum(np.abs(exact).max(axis=1), np.float32(1e-20)) / np.float32(STEPS)
        rounded = np.rint(exact / scale[:, None]).astype(np.int8)
        length, lost = (np.linalg.norm(part, axis=1) for part in (exact, exact - rounded * scale[:, None]))
        return cls(exact, rounded, scale, length, lost)

    def doubt(self, tile: Tile) -> np.ndarray:
        """By how much a rounded score may be too low or too high (Cauchy and Schwarz), float32 (B,)."""
        return np.asarray(self.length * tile.lost + self.lost * tile.reach)

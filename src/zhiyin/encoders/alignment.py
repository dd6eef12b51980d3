"""Words and what they describe in one space, so that words find images and sounds.

Letters: n pairs, S numbers of a text vector, D of a thing's. Learned on pairs (a thing, words for it): ridge regression
from things to texts, after both are centred and brought to length 1,

    W = (XᵀX + λ n I)⁻¹ XᵀT,   λ chosen by leave-one-out error (closed form);

a thing is where its words should be, and is found by the cosine with any words, also ones that no pair had.
"""

from dataclasses import dataclass

import numpy as np

from zhiyin.core.errors import ModelError
from zhiyin.core.lengths import at_length_one

STRENGTHS = 10.0 ** np.arange(-4, 2)
"""λ that are tried."""


@dataclass(frozen=True, eq=False)
class Alignment:
    """From things' vectors to where words for them lie."""

    weights: np.ndarray
    """float64 (D, S)"""
    things: np.ndarray
    """Mean of the things learned from, float64 (D,)."""
    texts: np.ndarray
    """Mean of their texts, float64 (S,)."""
    strength: float
    """λ"""

    @classmethod
    def learn(cls, things: np.ndarray, texts: np.ndarray) -> "Alignment":
        """From pairs: things (n, D) and texts (n, S), row by row; a pair with a NaN is left out.

        Raises `ModelError` where rows do not pair, or fewer than two pairs are whole.
        """
        if things.ndim != 2 or texts.ndim != 2 or len(things) != len(texts):
            raise ModelError(
                f"things have shape {things.shape}, texts {texts.shape}; give one row of each for every pair",
                found=f"{things.shape} and {texts.shape}", allowed="(n, D) and (n, S)",
            )  # fmt: skip
        whole = np.isfinite(things).all(axis=1) & np.isfinite(texts).all(axis=1)
        if whole.sum() < 2:
            raise ModelError(f"{whole.sum()} pairs have both vectors; give at least two")
        x, t = things[whole].astype(np.float64), texts[whole].astype(np.float64)
        means = x.mean(axis=0), t.mean(axis=0)
        x, t = at_length_one(x - means[0]), at_length_one(t - means[1])
        left, spread, right = np.linalg.svd(x, full_matrices=False)
        seen = left.T @ t  # (rank, S)
        errors = []
        for strength in STRENGTHS:
            kept = spread**2 / (spread**2 + strength * len(x))
            leverage = (left**2 * kept).sum(axis=1)
            residual = (t - left @ (kept[:, None] * seen)) / np.maximum(1 - leverage, 1e-9)[:, None]
            errors.append(float((residual**2).sum()))
        best = float(STRENGTHS[int(np.argmin(errors))])
        weights = right.T @ ((spread / (spread**2 + best * len(x)))[:, None] * seen)
        return cls(weights, *means, best)

    def likeness(self, texts: np.ndarray, things: np.ndarray) -> np.ndarray:
        """How well each of the things (n, D) fits each of the texts (m, S): cosines, float32 (m, n); NaN gives NaN."""
        placed = at_length_one(at_length_one(things.astype(np.float64) - self.things) @ self.weights)
        return np.asarray(at_length_one(texts.astype(np.float64) - self.texts) @ placed.T, np.float32)

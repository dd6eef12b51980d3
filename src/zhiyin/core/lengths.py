"""Vectors of length 1, whose products are cosines."""

import numpy as np


def at_length_one(vectors: np.ndarray) -> np.ndarray:
    """Each vector (the last axis) divided by its length, in its own dtype; zeros stay zeros, NaN stays NaN."""
    unit: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    return unit

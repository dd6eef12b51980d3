"""Vectors of length 1."""

import numpy as np

from zhiyin.core.lengths import at_length_one


def test_zeros_stay_zeros_and_nan_stays_nan() -> None:
    given = np.array([[3, 4], [0, 0], [np.nan, 1], [1e-9, 0]], np.float32)
    made = at_length_one(given)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, [[0.6, 0.8], [0, 0], [np.nan, np.nan], [1, 0]], rtol=1e-6)
    np.testing.assert_allclose(at_length_one(np.array([3.0, 4.0])), [0.6, 0.8])

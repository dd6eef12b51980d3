"""Vectors that the items' table holds already."""

import numpy as np
import pytest

import zhiyin
from zhiyin.core.errors import ModelError
from zhiyin.encoders import estimator


def test_what_is_no_vector_of_the_usual_width_is_told(tmp_path) -> None:  # type: ignore[no-untyped-def]
    things = [[1.0, 2.0], None, [3.0], "red", [np.inf, 0.0], [5.0, 6.0], []]
    encoder = estimator("Vectors")().fit(things)
    found = encoder.encode(things)
    np.testing.assert_array_equal(found.vectors[[0, 5]], [[1, 2], [5, 6]])
    assert np.isnan(found.vectors[[1, 2, 3, 4, 6]]).all()
    assert found.unusable == {
        2: "it has 1 numbers, not 2", 3: "it is no list of numbers", 4: "it holds numbers that are not finite",
        6: "it has 0 numbers, not 2",
    }  # fmt: skip
    encoder.save(tmp_path / "kept")
    again = zhiyin.load(tmp_path / "kept")
    assert again.digest == encoder.digest
    np.testing.assert_array_equal(again.encode(things).vectors, found.vectors)


def test_a_column_without_lists_is_refused() -> None:
    with pytest.raises(ModelError, match="no list of numbers; give a column of lists"):
        estimator("Vectors")().fit([None, 3.0, "", "red"])

"""A SciPy sparse matrix (``.npz``, as ``scipy.sparse.save_npz`` writes it): rows are people, columns items.

Ids are the numbers of rows and columns, from 0, as text; the entries are values.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl
from scipy import sparse


class MatrixReader:
    """Recognised by its ending; nothing in it is unpickled."""

    first_line = 1

    def reads(self, path: Path, head: bytes) -> bool:
        return path.suffix == ".npz"

    def careful(self, path: Path) -> pl.LazyFrame:
        matrix = sparse.coo_array(sparse.load_npz(path))
        rows, columns = (pl.Series(numbers, dtype=pl.Int64).cast(pl.String) for numbers in (matrix.row, matrix.col))
        return pl.LazyFrame({"user": rows, "item": columns, "value": matrix.data})

    def ends_early(self, path: Path) -> bool:
        return False

    def quick(self, path: Path, types: Mapping[str, pl.DataType]) -> pl.LazyFrame:
        return self.careful(path)

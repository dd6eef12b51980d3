"""A SciPy sparse matrix (``.npz``, as ``scipy.sparse.save_npz`` writes it): rows are people, columns items.

Ids are the numbers of rows and columns, from 0, as text; the entries are values.
"""

from collections.abc import Mapping
from pathlib import Path
from zipfile import is_zipfile

import polars as pl
from scipy import sparse

from zhiyin.core.errors import DataError


class MatrixReader:
    """Recognised by its ending; nothing in it is unpickled."""

    first_line = 1

    def reads(self, path: Path, head: bytes) -> bool:
        return path.suffix == ".npz"

    def careful(self, path: Path) -> pl.LazyFrame:
        if not is_zipfile(path):
            raise DataError(f"{path.name} is no sparse matrix; write it with scipy.sparse.save_npz(path, matrix)",
                            found=path.name)  # fmt: skip
        matrix = sparse.coo_array(sparse.load_npz(path))
        rows, columns = (pl.Series(numbers, dtype=pl.Int64).cast(pl.String) for numbers in (matrix.row, matrix.col))
        return pl.LazyFrame({"user": rows, "item": columns, "value": matrix.data})

    def ends_early(self, path: Path) -> bool:
        return False

    def quick(self, path: Path, types: Mapping[str, pl.DataType]) -> pl.LazyFrame:
        return self.careful(path)

"""Parquet, by Polars."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl


class ParquetReader:
    """Recognised by its ending, so that a damaged file is said to be damaged, or by its magic bytes."""

    first_line = 1

    def reads(self, path: Path, head: bytes) -> bool:
        return path.suffix in (".parquet", ".pq") or head.startswith(b"PAR1")

    def careful(self, path: Path) -> pl.LazyFrame:
        return pl.scan_parquet(path, glob=False)

    def ends_early(self, path: Path) -> bool:
        return False

    def quick(self, path: Path, types: Mapping[str, pl.DataType]) -> pl.LazyFrame:
        return pl.scan_parquet(path, glob=False)

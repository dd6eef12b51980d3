"""Between columns of a `Table` (NumPy) and frames (Polars)."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from zhiyin.core.ids import IdIndex
from zhiyin.data.contracts import Catalogue, Table


def table_of(frame: pl.DataFrame) -> dict[str, np.ndarray]:
    """Columns of a frame: numbers as they are (missing ones NaN), dates as seconds UTC, lists and text as objects."""
    return {name: _column(frame[name]) for name in frame.columns}


def frame_of(table: Table) -> pl.DataFrame:
    """The inverse of `table_of`."""
    return pl.DataFrame(
        {
            name: pl.Series(name, column.tolist(), strict=False) if column.dtype == object else pl.Series(name, column)
            for name, column in table.items()
        }
    )


def catalogue_frame(catalogue: Catalogue) -> pl.DataFrame:
    """Ids and columns of a catalogue, one row an item, the id in ``item``."""
    return pl.DataFrame({"item": catalogue.ids.series}).hstack(frame_of(catalogue.columns).get_columns())


def catalogue_of(frame: pl.DataFrame, content: Mapping[str, np.ndarray] | None = None) -> Catalogue:
    """The inverse of `catalogue_frame`."""
    return Catalogue(IdIndex(frame["item"]), table_of(frame.drop("item")), dict(content or {}))


def _column(series: pl.Series) -> np.ndarray:
    if series.dtype.is_temporal():
        return series.cast(pl.Datetime("us")).dt.epoch("s").cast(pl.Float64).fill_null(float("nan")).to_numpy()
    if series.dtype == pl.Boolean or series.dtype.is_numeric():
        if series.null_count():
            return series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return series.to_numpy()
    return np.array([*series.to_list(), None], dtype=object)[:-1]

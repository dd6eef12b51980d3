"""Which of your columns is which of ours: guessed from usual names, or given."""

from collections.abc import Mapping

import polars as pl

from zhiyin.core.errors import DataError

GUESSES: Mapping[str, tuple[str, ...]] = {
    "user": ("user", "user_id", "userid", "customerid", "customer_id", "customer", "uid", "visitorid", "session_id"),
    "item": ("item", "item_id", "itemid", "stockcode", "product_id", "productid", "movie_id", "movieid", "asin", "book_id"),
    "time": ("time", "timestamp", "ts", "invoicedate", "date", "datetime", "unix_timestamp"),
    "position": ("position", "pos"),
    "kind": ("kind", "event", "event_type", "behavior", "behaviour"),
    "value": ("value", "rating", "quantity", "count", "score"),
    "session": ("session",),
    "split": ("split",),
    "consent": ("consent",),
}  # fmt: skip


def guessed(columns: list[str]) -> dict[str, str]:
    """Our name → your column, for those whose name tells."""
    folded = {column.casefold().strip(): column for column in reversed(columns)}
    found = {ours: next((folded[name] for name in names if name in folded), "") for ours, names in GUESSES.items()}
    return {ours: theirs for ours, theirs in found.items() if theirs}


def named_columns(frame: pl.DataFrame, given: Mapping[str, str]) -> pl.DataFrame:
    """The frame under our names; ``given`` (ours: yours) goes before guesses. Time becomes int64 seconds UTC."""
    names = {**guessed(frame.columns), **given}
    for ours in ("user", "item"):
        if names.get(ours) not in frame.columns:
            raise DataError(
                f"no column for {ours!r}; found {', '.join(frame.columns)}: say which one it is, for example "
                f"map={{'{ours}': '{frame.columns[0] if frame.columns else 'column'}'}}",
                found=", ".join(frame.columns),
            )
    frame = frame.rename({theirs: ours for ours, theirs in names.items()})
    frame = frame.with_columns(pl.col("user", "item").cast(pl.String))
    if "time" in frame.columns and frame["time"].dtype.is_temporal():
        frame = frame.with_columns(pl.col("time").cast(pl.Datetime("us")).dt.epoch("s"))
    return frame

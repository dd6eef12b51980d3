"""A row a person with a list of items (JSON lines, Parquet, frames) → a row an event, in the order of the list."""

import polars as pl

from zhiyin.data.clues import folded
from zhiyin.data.columns import ROLES, USUAL
from zhiyin.data.readers.reader import TROUBLE

LISTS = ("items", "itemids", "itemlist", "itemidlist", "history", "sequence")
"""What a column of lists of items is called, besides any name of an item."""
ITEMS = frozenset((*LISTS, *ROLES["item"]))
UNEVEN = "lists of different length"


def unrolled(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame itself, unless its items are lists; then every list that is as long goes along: times, ratings …

    ``times`` becomes ``time``. A row whose lists differ in length is one row in trouble. Beside a column of single
    items lists are what came before, and stay.
    """
    lists = [name for name, dtype in frame.schema.items() if dtype == pl.List]
    items = next((name for name in lists if folded(name) in ITEMS), None)
    if items is None or any(folded(name) in ROLES["item"] for name in frame.columns if name not in lists):
        return frame
    along = [name for name in lists if name != items and folded(_one(name)) in USUAL]
    length = pl.col(items).list.len()
    even = pl.all_horizontal(pl.lit(True), *(pl.col(name).list.len().eq_missing(length) for name in along))
    trouble = pl.col(TROUBLE) if TROUBLE in frame.columns else pl.lit(None, pl.String)
    marked = frame.with_columns(pl.coalesce(trouble, pl.when(~even).then(pl.lit(UNEVEN))).alias(TROUBLE))
    whole = marked.with_columns(pl.when(even).then(pl.col(name)).alias(name) for name in (items, *along))
    return whole.explode(items, *along, empty_as_null=True).rename({name: _one(name) for name in (items, *along)})


def _one(name: str) -> str:
    """``items`` → ``item``, ``history`` → ``item``, ``times`` → ``time``."""
    if folded(name) in LISTS:
        return "item"
    return name if folded(name) in USUAL or name[-1:] not in ("s", "S") else name[:-1]

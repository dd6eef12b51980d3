"""What is known of items and of people: from a table of their own, or from columns that the events carry along."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from zhiyin.core.errors import DataError
from zhiyin.data.canonical import SEPARATOR, as_id, free_name, lost, number
from zhiyin.data.clues import folded
from zhiyin.data.columns import NO_ID, ROLES, Guess, by_folded, spelled_out, unread_cells

MORE_IDS: Mapping[str, tuple[str, ...]] = {"item": ("id",), "user": ("id",)}
"""Names that mean the id in a table of one row each, though not in a log."""
RENAMED: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "name", "itemname", "productname", "movietitle", "booktitle", "description"),
    "price": ("price", "unitprice"),
}


FIRST = 1_000
"""Events whose ids tell which column of a table has them."""
MOSTLY = 0.5
"""The share of them that it has at least."""
ONCE = 0.9
"""A column of ids has a new one in nearly each row."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What the events say of the ids that a table is to have."""

    column: str
    """What the events call them."""
    ids: pl.Series
    """Those of the first events, each once, as text."""

    @classmethod
    def of(cls, sample: pl.DataFrame, found: Guess, ours: str) -> "Known | None":
        """From first rows and what their columns are; None where no one column is the id."""
        column = found.names.get(ours)
        if column is None:
            return None
        first = spelled_out(sample.select(column).head(FIRST))
        ids = first.select(as_id(column, first.schema[column], column in found.whole)).to_series()
        return cls(column, ids.drop_nulls().unique())

    def share(self, column: pl.Series) -> float:
        """How many of them stand in this column, of 1."""
        if not len(self.ids) or not (column.dtype == pl.String or column.dtype.is_numeric()):
            return 0.0
        there = column.to_frame().select(as_id(column.name, column.dtype, _whole(column))).to_series()
        return float(self.ids.is_in(there.implode()).mean() or 0)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """A table with one row an id."""

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    """Columns that make the id together, "item" for the id's own; none where one column is the id."""


def side_table(
    raw: pl.DataFrame, ours: str, given: Mapping[str, str], event_columns: Iterable[str], known: Known | None = None
) -> Side:
    """The table of items (``ours="item"``) or people, its id under our name, each id once, no row without an id.

    The id is the column that is called as ``given`` says, as in the events, or as usual, if it has their ids
    (``known``), else the one that has them.
    """
    raw = spelled_out(raw)
    column, note = _id_column(raw, ours, given, known)
    notes = [note] if note else []
    ids = raw.select(as_id(column, raw.schema[column], _whole(raw[column])).alias(ours))
    others = raw.drop(column)
    frame = ids.hstack(others.rename({ours: free_name(ours)} if ours in others.columns else {}))
    unnamed = frame[ours].is_null() | frame[ours].is_in(NO_ID)
    if unnamed.any():
        notes.append(f"{int(unnamed.sum()):,} rows of the {ours}s table have no {ours}: left out")
        frame = frame.filter(~unnamed)
    joined: tuple[str, ...] = ()
    if ours == "item" and frame["item"].is_duplicated().any():
        joined = joined_columns(frame, event_columns)
    if joined:  # numbered anew in each campaign or shop
        parts = [pl.col(part).cast(pl.String) for part in joined]
        frame = frame.with_columns(item=pl.concat_str(parts, separator=SEPARATOR))
        notes.append(f"item numbers repeat in each {joined[0]}: {joined[0]} and item together are the id")
    double = len(frame) - frame[ours].n_unique()
    if double:
        notes.append(f"{double:,} rows of the {ours}s table repeat an {ours}: the first of each is kept")
        frame = frame.unique(ours, keep="first", maintain_order=True)
    frame = _renamed(frame, ours)
    if ours == "item" and frame.schema.get("price") == pl.String:
        price = frame.select(number("price", pl.String()).alias("price")).to_series()
        rows = lost(frame["price"], price)
        notes += [f"items: {unread_cells('price', rows)}"] if rows else []
        frame = frame.with_columns(price)
    return Side(frame, tuple(notes), joined)


def _id_column(raw: pl.DataFrame, ours: str, given: Mapping[str, str], known: Known | None) -> tuple[str, str]:
    """The column of ids, and what there is to say of it."""
    by_name = by_folded(raw.columns)
    called = [given.get(ours, ""), *([known.column] if known else [])]
    usual = [by_name[name] for name in (*map(folded, called), *ROLES[ours], *MORE_IDS[ours]) if name in by_name]
    named = [*(name for name in called if name in raw.columns), *usual]
    if known is None and named:
        return named[0], ""
    if known is not None:
        share = {name: known.share(raw[name]) for name in named}
        if found := next((name for name in named if share[name] >= MOSTLY), None):
            return found, ""
        others = {name: known.share(raw[name]) for name in raw.columns if name not in share and _once(raw[name])}
        most = max(others, key=others.__getitem__, default="")
        if others.get(most, 0) >= MOSTLY:
            return most, f"{ours}s: {most} is taken for the {ours}, as the events' {ours}s stand in it"
        if named:
            empty = len(known.ids) and not share[named[0]]
            return named[0], f"{ours}s: none of the first events' {ours}s stands in {named[0]}" if empty else ""
    also = f", or to {known.column}, as in the events" if known and known.column != ours else ""
    raise DataError(
        f"the {ours}s table has no column for {ours!r}; found {', '.join(raw.columns)}: rename its id column to "
        f"{ours}{also}", found=", ".join(raw.columns), allowed=ours,
    )  # fmt: skip


def _once(column: pl.Series) -> bool:
    return not column.dtype.is_nested() and column.n_unique() >= ONCE * len(column)


def _whole(ids: pl.Series) -> bool:
    return ids.dtype == pl.String and len(ids) > 0 and bool(ids.drop_nulls().str.contains(r"^-?\d+\.0$").all())


def joined_columns(frame: pl.DataFrame, event_columns: Iterable[str]) -> tuple[str, ...]:
    """Columns shared with the events that together with the item make each row unlike all others."""
    shared = [name for name in frame.columns if name in set(event_columns) and name != "item"]
    return next(((name, "item") for name in shared if not frame.select(name, "item").is_duplicated().any()), ())


def _renamed(frame: pl.DataFrame, ours: str) -> pl.DataFrame:
    if ours != "item":
        return frame.select(ours, pl.exclude(ours))
    by_name = by_folded(frame.columns)
    for new, usual in RENAMED.items():
        found = next((by_name[name] for name in usual if name in by_name), None)
        if new not in frame.columns and found:
            frame = frame.rename({found: new})
    return frame.select("item", pl.exclude("item"))


def items_of_events(events: pl.LazyFrame) -> pl.DataFrame:
    """Every item of the events by first appearance; its most frequent title and median price where events have them."""
    names = events.collect_schema().names()
    known = events.filter(pl.col("item").is_not_null())
    items = known.select("item").unique(maintain_order=True).collect()
    if "title" in names:
        items = items.join(_usual(known, "item", "title"), on="item", how="left", maintain_order="left")
    if "price" in names:
        prices = known.filter(pl.col("price") > 0).group_by("item").agg(pl.col("price").median()).collect()
        items = items.join(prices, on="item", how="left", maintain_order="left")
    return items


def users_of_events(events: pl.LazyFrame) -> pl.DataFrame:
    """Every user of the events by first appearance; the most frequent country, where events have one."""
    names = events.collect_schema().names()
    known = events.filter(pl.col("user").is_not_null())
    users = known.select("user").unique(maintain_order=True).collect()
    if "country" in names:
        users = users.join(_usual(known, "user", "country"), on="user", how="left", maintain_order="left")
    return users


def _usual(events: pl.LazyFrame, id_: str, column: str) -> pl.DataFrame:
    """The most frequent text of each id, spaces around it not counted; the first one where two are as frequent."""
    return (
        events.select(id_, pl.col(column).str.strip_chars())
        .filter(pl.col(column).is_not_null() & (pl.col(column) != ""))
        .with_row_index("first")
        .group_by(id_, column)
        .agg(pl.len().alias("n"), pl.col("first").min())
        .sort("n", "first", descending=[True, False])
        .unique(id_, keep="first", maintain_order=True)
        .select(id_, column)
        .collect()
    )

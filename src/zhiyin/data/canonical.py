"""Any log under our column names: ids as text byte for byte, times in seconds, each bad row with its reason.

A row is bad if it names no user or no item, if its time cannot be read or cannot be, or if its value is no number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import polars as pl

from zhiyin.data.cleaning import FixReport
from zhiyin.data.columns import NO_ID, ROLES, Guess, spelled_out
from zhiyin.data.consent import CONSENT_FORM
from zhiyin.data.contracts import KINDS
from zhiyin.data.readers.delimited import BROKEN
from zhiyin.data.readers.reader import LINE, TROUBLE
from zhiyin.data.report import left_out

CURRENCY = r"(?i)^(?:[$€£¥￥₹]|eur|usd|gbp|cny|rmb|jpy|chf)\s*|\s*(?:[$€£¥￥₹元]|eur|usd|gbp|cny|rmb|jpy|chf)$"
DECIMAL_COMMA = r"^[-+]?(?:\d+,\d{1,2}|\d{1,3}(?:\.\d{3})+,\d+)$"
"""``34,79`` and ``1.234,50``; ``1,234`` is a thousand."""
THOUSANDS = r"^[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$"
OURS = ("user", "item", "time", "position", "kind", "value", "session", "split", "consent", "title", "price", "country")
"""Our columns in the order in which they stand; then come the context columns."""
REASON = "__reason__"
IMPRESSION = "impression"
"""Kind of an event that only says that the item was shown."""
DAY = 86_400
LARGEST = 1e15
"""A value above this is a slip, and near the end of what float32 counts."""
SEPARATOR = "/"
KIND_WORDS: Mapping[str, str] = {
    "viewed": "view", "pageview": "view", "page_view": "view", "pv": "view", "detail": "view", "clicked": "click",
    "addtocart": "cart", "add_to_cart": "cart", "add to cart": "cart", "basket": "cart",
    "transaction": "purchase", "buy": "purchase", "order": "purchase", "bought": "purchase", "sale": "purchase",
    "rate": "rating", "fav": "bookmark", "favorite": "bookmark", "favourite": "bookmark", "save": "bookmark",
    "comment created": "comment", "returned": "return", "refund": "return", "followed": "follow", "liked": "like",
    "浏览": "view", "点击": "click", "加购": "cart", "购买": "purchase", "收藏": "bookmark", "退货": "return",
}  # fmt: skip
"""Usual words for kinds, lower case → ours. Other words stay as they are."""


@dataclass(frozen=True, slots=True, eq=False)
class Separated:
    """Rows that can be used, and rows that cannot."""

    good: pl.DataFrame
    """Our columns (`OURS`, those there are), then context."""
    bad: pl.DataFrame
    """row (number in the file, UInt32), line (where the reader knows it), reason, text (the row as JSON)."""
    nameless: pl.DataFrame
    """The bad rows that lack nothing but a user, under our columns: nobody's events, but their items exist."""
    units: Mapping[str, int] = field(default_factory=dict)
    """How many of the good rows write their time in each unit."""
    unread: Mapping[str, int] = field(default_factory=dict)
    """Of price and position: how many cells of good rows are no number, and are null now."""
    forgotten: int = 0
    """Rows that were left out because their person was forgotten."""


def separate(raw: pl.DataFrame, guess: Guess, now: int | None) -> Separated:
    """Rows of a file or a frame, good and bad apart.

    ``now`` (s UTC) decides what is in the future. None: only what lacks a user, an item or a time is bad.
    """
    raw = spelled_out(raw)
    written, raw = raw, _numbers_read(raw, guess)
    troubles = _troubles(raw.schema, guess, now)
    columns = _columns(raw.schema, guess)
    if not len(raw) or not raw.select(pl.any_horizontal([found.any() for found, _ in troubles])).item():
        good = raw.select(columns)
        return Separated(good, NO_BAD, good.clear(), _units(raw, guess), _unread(raw, good, guess))
    reasons = [pl.when(found).then(reason) for found, reason in troubles]
    frame = raw.select(*columns, pl.coalesce(*reasons, pl.lit(None, pl.String)).alias(REASON))
    is_bad = frame[REASON].is_not_null()
    rows = is_bad.arg_true()
    bad = written[rows]
    shown = [_printable(column) for column in bad if not column.name.startswith("__")]
    text = pl.select(pl.struct(shown).struct.json_encode()).to_series()
    lines = bad[LINE] if LINE in bad.columns else pl.Series([None] * len(rows), dtype=pl.Int64)
    kept = pl.DataFrame({"row": rows.cast(pl.UInt32), "line": lines, "reason": frame[REASON][rows], "text": text})
    no_user = (frame[REASON] == "no user") | frame[REASON].str.starts_with(f"user{IS_WORD}")
    nameless = frame.filter(no_user).drop(REASON).drop_nulls("item")
    used, good = raw.filter(~is_bad), frame.filter(~is_bad).drop(REASON)
    aside = kept.filter(kept["reason"] != EMPTY)
    return Separated(good, aside, nameless, _units(used, guess), _unread(used, good, guess))


def _units(raw: pl.DataFrame, guess: Guess) -> Mapping[str, int]:
    return guess.time.units(raw[guess.names["time"]]) if guess.time and "time" in guess.names else {}


def _unread(raw: pl.DataFrame, good: pl.DataFrame, guess: Guess) -> Mapping[str, int]:
    written = [ours for ours in ("price", "position") if raw.schema.get(guess.names.get(ours, "")) == pl.String]
    return {ours: lost(raw[guess.names[ours]], good[ours]) for ours in written}


def lost(written: pl.Series, read: pl.Series) -> int:
    """Cells of a text column with something in them of which no number was made."""
    return int(((written.str.strip_chars() != "") & read.is_null()).sum())


def usable(frame: pl.DataFrame, guess: Guess) -> tuple[pl.DataFrame, tuple[FixReport, ...]]:
    """A frame under our names without the rows that no dataset can hold (no user, item or time), and their counts."""
    separated = separate(frame, guess, now=None)
    return separated.good, left_out(separated.bad, len(separated.good))


EMPTY = "empty line"
IS_WORD = " is the word '"
FOREVER = 1 << 62
NO_BAD = pl.DataFrame(schema={"row": pl.UInt32, "line": pl.Int64, "reason": pl.String, "text": pl.String})


def _numbers_read(raw: pl.DataFrame, guess: Guess) -> pl.DataFrame:
    """Numbers written as text become numbers, if every one of them is; else all stay text, and are read with care."""
    casts = [pl.col(name).cast(dtype) for name, dtype in number_types(guess).items() if raw.schema[name] == pl.String]
    try:
        return raw.with_columns(casts)
    except pl.exceptions.InvalidOperationError:
        return raw


def number_types(guess: Guess) -> dict[str, pl.DataType]:
    """What the columns of numbers are read as, where every row allows it."""
    types: dict[str, pl.DataType] = {}
    if "time" in guess.names and guess.time and not guess.time.forms:
        types[guess.names["time"]] = pl.Int64()
    for ours in ("value", "price"):
        if ours in guess.names:
            types[guess.names[ours]] = pl.Float64()
    return types


def _printable(column: pl.Series) -> pl.Series:
    """What JSON has no form for, bytes, also inside lists, as Python writes it."""
    if column.dtype == pl.Binary or (column.dtype.is_nested() and "Binary" in str(column.dtype)):
        return pl.Series(
            column.name, [None if value is None else repr(value) for value in column.to_list()], dtype=pl.String
        )
    return column


def _columns(schema: pl.Schema, guess: Guess) -> list[pl.Expr]:
    names, made = guess.names, {}
    for ours in ("user", "item", "session", "split", "consent", "title", "country"):
        if ours in names:
            made[ours] = as_id(names[ours], schema[names[ours]], names[ours] in guess.whole)
    for ours, parts in (("user", guess.joined_user), ("item", guess.joined_item)):
        if parts:
            made[ours] = pl.concat_str([pl.col(part).cast(pl.String) for part in parts], separator=SEPARATOR)
    if "time" in names and guess.time:
        made["time"] = guess.time.seconds(pl.col(names["time"]), schema[names["time"]])
    if "position" in names:
        made["position"] = pl.col(names["position"]).cast(pl.Int64, strict=False)
    for ours, dtype in (("value", pl.Float32), ("price", pl.Float64)):
        if ours in names:
            made[ours] = number(names[ours], schema[names[ours]]).cast(dtype, strict=False)
    kind = _kind(schema, guess)
    if kind is not None:
        made["kind"] = kind
    further = [pl.col(name).alias(free_name(name)) for name in guess.others]
    return [*(made[ours].alias(ours) for ours in OURS if ours in made), *further]


def free_name(name: str) -> str:
    """A context column's name, which is never one of ours: a place on the page is ``slot``, any other gets a ``_``."""
    if name == "position":
        return "slot"
    return f"{name}_" if name in ROLES else name


def as_id(name: str, dtype: pl.DataType, whole: bool = False) -> pl.Expr:
    """An id as text: text byte for byte, whole numbers without ``.0``."""
    column = pl.col(name)
    if dtype.is_float():
        column = column.fill_nan(None)
        return pl.coalesce(
            [
                pl.when(column == column.floor()).then(column.cast(pl.Int64, strict=False).cast(pl.String)),
                column.cast(pl.String),
            ]
        )
    if whole:
        return pl.when(column.str.contains(r"^-?\d+\.0$")).then(column.str.strip_suffix(".0")).otherwise(column)
    return column.cast(pl.String)


def number(name: str, dtype: pl.DataType) -> pl.Expr:
    """A value as Float64, null where it cannot be read: 34.79, 34,79, 1.234,50, 1,234.50, $3.50, 4 EUR."""
    column = pl.col(name)
    if dtype != pl.String:
        return column.cast(pl.Float64, strict=False)
    text = column.str.strip_chars()
    bare = text.str.replace_all(CURRENCY, "")
    comma = bare.str.contains(DECIMAL_COMMA)
    plain = (
        pl.when(comma)
        .then(bare.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True))
        .otherwise(
            pl.when(bare.str.contains(THOUSANDS)).then(bare.str.replace_all(",", "", literal=True)).otherwise(bare)
        )
    )
    return pl.coalesce([text.cast(pl.Float64, strict=False), plain.cast(pl.Float64, strict=False)])


def _kind(schema: pl.Schema, guess: Guess) -> pl.Expr | None:
    names = guess.names
    if "kind" in names:
        word = pl.col(names["kind"]).cast(pl.String).str.strip_chars()
        low = word.str.to_lowercase()
        ours = low.replace_strict({**KIND_WORDS, **{kind: kind for kind in KINDS}}, default=None)
        return pl.coalesce([ours, word])
    if "label" in names:
        label = pl.col(names["label"]).cast(pl.String).str.to_lowercase().is_in(["1", "1.0", "true"])
        return pl.when(label).then(pl.lit("click")).otherwise(pl.lit(IMPRESSION))
    return pl.lit(guess.kind) if guess.kind else None


Trouble: TypeAlias = tuple[pl.Expr, pl.Expr]
"""Which rows (bool), and the reason."""


def _troubles(schema: pl.Schema, guess: Guess, now: int | None) -> list[Trouble]:
    """All that can be wrong with a row; the first that applies is its reason."""
    names, found = guess.names, list[Trouble]()
    if TROUBLE in schema:
        found.append((pl.col(TROUBLE).is_not_null(), pl.col(TROUBLE)))
    # an empty line is nobody's event
    empty = pl.all_horizontal(pl.col(name).is_null() for name in schema if not name.startswith("__"))
    found.append((empty, pl.lit(EMPTY)))
    for ours in ("user", "item"):
        for column in [names[ours]] if ours in names else []:
            found += _id_troubles(ours, pl.col(column), schema[column], careful=TROUBLE in schema)
    if "consent" in names and now is not None:
        unreadable = ~pl.col(names["consent"]).cast(pl.String).str.contains(CONSENT_FORM)
        found.append((unreadable, pl.lit("consent cannot be read")))
    found += _time_troubles(schema, guess, now)
    return found if now is None else found + _value_troubles(schema, guess)


def _id_troubles(ours: str, column: pl.Expr, dtype: pl.DataType, careful: bool) -> list[Trouble]:
    if dtype.is_float():
        column = column.fill_nan(None)
    found = [(column.is_null(), pl.lit(f"no {ours}"))]
    if dtype == pl.String:
        word = pl.lit(f"{ours}{IS_WORD}") + column + pl.lit("', taken for missing")
        found.append((column.is_in(NO_ID), pl.when(column == "").then(pl.lit(f"no {ours}")).otherwise(word)))
    if dtype.is_float():
        found.append((column.is_infinite(), pl.lit(f"{ours} is infinite")))
    if careful and dtype == pl.String:
        found.append((column.str.contains(BROKEN, literal=True), pl.lit(f"{ours} is broken UTF-8")))
    return found


def _time_troubles(schema: pl.Schema, guess: Guess, now: int | None) -> list[Trouble]:
    if "time" not in guess.names or guess.time is None:
        return []
    written = pl.col(guess.names["time"])
    seconds = guess.time.seconds(written, schema[guess.names["time"]])
    found = [(written.is_null(), pl.lit("no time")), (seconds.is_null(), pl.lit("time cannot be read"))]
    if now is None:
        return found
    return [
        *found,
        (seconds < 0, pl.lit("time is before 1970")),
        (seconds > now + DAY, pl.lit("time is in the future")),
    ]


def _value_troubles(schema: pl.Schema, guess: Guess) -> list[Trouble]:
    if "value" not in guess.names:
        return []
    written = pl.col(guess.names["value"])
    value = number(guess.names["value"], schema[guess.names["value"]])
    found = [(written.is_not_null() & value.is_null(), pl.lit("value cannot be read"))]
    if schema[guess.names["value"]].is_integer():
        return []
    return [
        *found,
        (value.is_nan(), pl.lit("value is NaN")),
        (value.abs() > LARGEST, pl.lit("value is impossibly large")),
    ]

"""Which of your columns is which of ours: guessed from usual names and first rows, printable, overridden by you."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from zhiyin.core.errors import DataError
from zhiyin.data.clues import folded, likely, of_time, option
from zhiyin.data.times import TimeForm, said_form, time_form

ROLES: Mapping[str, tuple[str, ...]] = {
    "user": (
        "user", "userid", "customerid", "customer", "customerno", "customernumber", "uid", "visitorid", "visitor",
        "personid", "person", "reviewerid", "memberid", "clientid", "buyerid", "accountid", "account", "member",
        "customercode", "clientno", "memberno", "buyerno", "readerid", "readerno",
        "用户", "用户id", "用户编号", "会员", "会员id", "顾客",
    ),
    "item": (
        "item", "itemid", "itemcode", "itemno", "itemnumber", "stockcode", "productid", "productno", "productnumber",
        "product", "productcode", "sku", "movieid", "movie", "asin", "parentasin", "bookid", "bookcode", "bookno",
        "book", "isbn", "articleid", "articlecode", "articleno", "article", "contentid", "videoid", "songid",
        "trackid", "artistid", "newsid", "goodsid", "iid", "商品", "商品id", "商品编号", "物品", "物品id",
    ),
    "time": (
        "time", "timestamp", "ts", "invoicedate", "datetime", "date", "eventtime", "eventdate", "createdat",
        "orderdate", "purchasedate", "unixtimestamp", "unixreviewtime", "reviewtime", "soldat", "soldon", "saledate",
        "saletime", "salesdate", "dateofsale", "orderedat", "orderedon", "ordertime", "purchasetime", "purchasedat",
        "purchasedon", "boughtat", "boughton", "paidat", "transactiondate", "transactiontime", "viewedat", "ratedat",
        "时间", "日期", "下单时间", "下单日期", "购买时间", "购买日期", "销售日期", "交易时间",
    ),
    "position": ("position", "pos", "step", "timeframe"),
    "kind": ("kind", "event", "eventtype", "behavior", "behaviour", "behaviortype", "action", "interaction", "行为"),
    "value": (
        "value", "rating", "overall", "stars", "score", "quantity", "qty", "count", "cnt", "playcount", "dwell",
        "评分", "数量",
    ),
    "label": ("label", "click", "clicked", "isclick"),
    "session": (
        "session", "sessionid", "invoiceno", "invoice", "orderid", "orderno", "order", "basket", "basketid",
        "transactionid", "订单", "订单号",
    ),
    "split": ("split",),
    "consent": ("consent",),
    "title": (
        "title", "description", "productname", "itemname", "booktitle", "bookname", "movietitle", "producttitle",
        "标题", "商品名称",
    ),
    "price": ("price", "unitprice", "价格", "单价"),
    "country": ("country",),
}  # fmt: skip
"""Our name → usual names, letters and digits only, most telling first. From ``title`` on: context with a use."""
USUAL = frozenset(name for usual in ROLES.values() for name in usual)
"""All of them."""
BASKETS = (
    "invoiceno",
    "invoice",
    "orderid",
    "orderno",
    "order",
    "basket",
    "basketid",
    "transactionid",
    "订单",
    "订单号",
)
QUANTITIES = ("quantity", "qty", "数量")
RATINGS = ("rating", "overall", "stars", "评分")
NO_ID = ("", "nan", "NaN", "NaT", "null", "NULL", "None", "NA", "N/A", "<NA>", "\\N", "undefined")
"""Ids that are a missing value written as text."""
MOSTLY = 0.5
"""Where more users than this are missing, sessions are taken for the people."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What each column is taken for; ``print(guess)`` shows it."""

    names: Mapping[str, str]
    """Our name → your column."""
    others: tuple[str, ...] = ()
    """Your columns that are kept as context under their own names."""
    kind: str | None = None
    """The kind of every event, where no column says it."""
    time: TimeForm | None = None
    joined_user: tuple[str, ...] = ()
    """Columns that make the user together, where there is no user column."""
    joined_item: tuple[str, ...] = ()
    """Columns that make the item together."""
    whole: tuple[str, ...] = ()
    """Id columns that are whole numbers written with ``.0``."""
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        rows = [(ours, theirs) for ours, theirs in self.names.items()]
        rows += [("user", " + ".join(self.joined_user))] if self.joined_user else []
        width = max((len(theirs) for _, theirs in rows), default=0)
        lines = [f"{theirs:<{width}}  →  {ours}" for ours, theirs in rows]
        if self.others:
            lines.append(f"kept as context: {', '.join(self.others)}")
        return "\n".join([*lines, *self.notes])

    def after(self, units: Mapping[str, int], unread: Mapping[str, int]) -> "Guess":
        """The same once all rows were read: the units of their times, and how many cells of each column of ours are no
        number that can be read."""
        notes = list(self.notes)
        if self.time is not None and self.time.note_for(units) != self.time.note:
            column = self.names["time"]
            notes = [note for note in notes if note != f"{column} {self.time.note}"]
            notes.append(f"{column} {self.time.note_for(units)}")
        notes += [unread_cells(self.names[ours], rows) for ours, rows in unread.items() if rows]
        return replace(self, notes=tuple(notes))


def unread_cells(column: str, rows: int) -> str:
    """The note on cells of a column of numbers that are none."""
    return f"{column} holds no number that can be read in {rows:,} rows: taken for missing"


def spelled_out(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with text for categories and for objects of Python."""
    objects = [name for name, dtype in frame.schema.items() if dtype == pl.Object]
    texts = [
        pl.Series(name, [None if value is None else str(value) for value in frame[name].to_list()], dtype=pl.String)
        for name in objects
    ]
    return frame.with_columns(*texts, pl.col(pl.Categorical, pl.Enum).cast(pl.String))


def by_folded(columns: Iterable[str]) -> dict[str, str]:
    """Folded name → column. Of ``User`` and ``user`` it is the one written like ours, else the first."""
    names = list(columns)
    names.reverse()
    return {folded(name): name for name in sorted(names, key=ROLES.__contains__)}


def guess(
    sample: pl.DataFrame, given: Mapping[str, str] | None = None, about: str = "events", time_format: str | None = None
) -> Guess:
    """What the columns of a log are, from their names and its first rows; ``given`` (ours: yours) goes before.

    Raises `DataError` where user or item cannot be told, or where ``given`` names what is not there or a column twice.
    """
    columns = [name for name in sample.columns if not name.startswith("__")]
    names = matched(columns, given or {}, ROLES)
    _fitting(sample, names)
    sample = spelled_out(sample)
    notes: list[str] = []
    kind = None
    if "label" in names:
        kind = _labelled(sample, names, notes, given or {})
    joined = _without_user(sample, names, notes)
    if "time" not in names:
        _time_by_cells(sample, names, notes, joined)
    _need(sample, names, ("item",) if joined else ("user", "item"), about)
    value, session = folded(names.get("value", "")), folded(names.get("session", ""))
    if kind is None and "kind" not in names:
        kind = "purchase" if value in QUANTITIES or session in BASKETS else "rating" if value in RATINGS else None
        if kind:
            notes.append(f"every event is a {kind}: {names['value'] if value else names['session']} says so")
    whole = tuple(names[ours] for ours in ("user", "item") if ours in names and _is_whole(sample[names[ours]]))
    notes += [f"{column} is written like 17850.0: read as 17850" for column in whole]
    form = _time_form(sample, names, time_format)
    if form and form.note:
        notes.append(f"{names['time']} {form.note}")
    notes += _rivals(columns, names, given or {})
    used = {*names.values(), *joined}
    return Guess(names, tuple(c for c in columns if c not in used), kind, form, joined, (), whole, tuple(notes))


def matched(columns: Iterable[str], given: Mapping[str, str], roles: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Our name → your column: those given, then those whose name tells."""
    columns = list(columns)
    if not isinstance(given, Mapping):
        raise DataError(
            f"map is {given!r}; give our names to yours, for example map={{'user': 'CustomerID'}}", found=repr(given)
        )
    for ours, theirs in given.items():
        if ours not in roles:
            raise DataError.unknown(f"map names {ours!r}, which is no column of ours", ours, roles, "ours are")
        if theirs not in columns:
            raise DataError.unknown(
                f"map says {ours!r} is column {theirs!r}, which is not there", theirs, columns, "the columns are"
            )
    twice = [theirs for theirs in given.values() if list(given.values()).count(theirs) > 1]
    if twice:
        both = " and ".join(repr(ours) for ours, theirs in given.items() if theirs == twice[0])
        raise DataError(f"column {twice[0]!r} is mapped to {both}; map each column once", found=twice[0])
    names = dict(given)
    by_name = by_folded(columns)
    for ours, usual in roles.items():
        free = [by_name[n] for n in usual if n in by_name and by_name[n] not in names.values()]
        if ours not in names and free:
            names[ours] = free[0]
    return {ours: names[ours] for ours in roles if ours in names}


def _time_by_cells(sample: pl.DataFrame, names: dict[str, str], notes: list[str], joined: Iterable[str]) -> None:
    used = {*names.values(), *joined}
    found, note = of_time(sample, [c for c in sample.columns if c not in used and not c.startswith("__")])
    if found is not None:
        names["time"] = found
        names.update({ours: names.pop(ours) for ours in ROLES if ours in names})
    notes += [note] if note else []


def _time_form(sample: pl.DataFrame, names: Mapping[str, str], said: str | None) -> TimeForm | None:
    if "time" in names:
        column = sample[names["time"]]
        return time_form(column) if said is None else said_form(column, said)
    if said is not None:
        raise DataError(
            f"a time format {said!r} was given, and no column is taken for the time; name it, --map time=COLUMN",
            found=said,
        )
    return None


def _rivals(columns: list[str], names: Mapping[str, str], given: Mapping[str, str]) -> list[str]:
    """Which column was taken where another has a name as usual."""
    notes = []
    for ours, theirs in names.items():
        others = [c for c in columns if folded(c) in ROLES[ours] and c not in names.values()]
        if others and ours not in given:
            called, otherwise = ", ".join(others), f"say otherwise with {option(ours, others[0])}"
            notes.append(f"{theirs} is taken for {ours}, though {called} could be it: {otherwise}")
    return notes


PLAIN = (pl.String, pl.Boolean, pl.Null, pl.Categorical, pl.Enum)
"""What ids, times and values may be beside numbers and dates."""
EXACT = 2.0**53
"""From here on floating-point numbers skip whole numbers: two ids may have become one."""


def _fitting(sample: pl.DataFrame, names: Mapping[str, str]) -> None:
    """Raises `DataError` for a column that cannot be what it is taken for, whatever its rows say."""
    for ours, theirs in names.items():
        column = sample[theirs]
        wanted = "an id" if ours in ("user", "item") else "a time" if ours == "time" else "a number"
        dtype = column.dtype
        known = dtype.is_numeric() or dtype.is_temporal() or dtype in PLAIN
        no_moment = ours == "time" and dtype in (pl.Time, pl.Duration, pl.Boolean)
        if (not known and ours in ("user", "item", "time", "value", "position", "price")) or no_moment:
            how = ", in pandas with .dt.to_timestamp()" if "pandas.period" in str(dtype) else ""
            raise DataError(
                f"column {theirs!r} is taken for {ours!r} and holds {dtype}, which is not {wanted}; convert it{how}, "
                f"or name another with map={{{ours!r}: …}}", found=str(dtype), allowed=wanted,
            )  # fmt: skip
        largest = column.abs().max() if ours in ("user", "item") and column.dtype.is_float() else None
        if isinstance(largest, float) and largest >= EXACT:
            raise DataError(
                f"column {theirs!r} holds ids as floating-point numbers as large as {largest:.6g}, where "
                f"different ids become one; read it as text, in pandas dtype={{{theirs!r}: str}}", found=theirs,
            )  # fmt: skip


def _need(sample: pl.DataFrame, names: Mapping[str, str], needed: tuple[str, ...], about: str) -> None:
    columns = [name for name in sample.columns if not name.startswith("__")]
    for ours in needed:
        if ours not in names:
            if about != "events":
                raise DataError(
                    f"the {about} have no column for {ours!r}; found {', '.join(columns) or 'none'}: rename the one "
                    f"that it is to {ours!r}", found=", ".join(columns), allowed=ours,
                )  # fmt: skip
            free = likely(ours, sample, [column for column in columns if column not in names.values()])
            raise DataError(
                f"the {about} have no column for {ours!r}; found {', '.join(columns) or 'none'}: say which one it is, "
                f"for example {option(ours, free)}, in Python map={{{ours!r}: {free!r}}}",
                found=", ".join(columns), allowed=", ".join(ROLES.get(ours, (ours,))),
            )  # fmt: skip


def _labelled(sample: pl.DataFrame, names: dict[str, str], notes: list[str], given: Mapping[str, str]) -> str | None:
    """A column of 0 and 1 that says whether the shown item was taken. A position is then a place on the page."""
    values = {str(value).removesuffix(".0") for value in sample[names["label"]].drop_nulls().unique()}
    if not values or not values <= {"0", "1", "true", "false", "True", "False"}:
        names.pop("label")
        return None
    notes.append(
        f"{names['label']} is 1 for a click and 0 for an impression, which says nothing for or against the item"
    )
    if "position" in names and "position" not in given:
        notes.append(f"{names['position']} is taken for the place on the page and kept as context")
        names.pop("position")
    return "impression"


def _without_user(sample: pl.DataFrame, names: dict[str, str], notes: list[str]) -> tuple[str, ...]:
    """Where nobody is named, a session is a person; where there is no session either, people alike are one."""
    if "user" in names and "session" in names and len(sample) and _missing(sample[names["user"]]).mean() > MOSTLY:  # type: ignore[operator]
        notes.append(f"{names['user']} is mostly empty")
        names.pop("user")
    if "user" in names:
        return ()
    if "session" in names:
        notes.append("no column names the user: each session is one")
        names["user"] = names.pop("session")
        names.update({ours: names.pop(ours) for ours in ROLES if ours in names})
        return ()
    features = tuple(name for name in sample.columns if folded(name).startswith("userfeature"))
    if features:
        notes.append("no column names the user: people of the same features are taken for one")
    return features


def _missing(ids: pl.Series) -> pl.Series:
    return ids.is_null() | ids.cast(pl.String).is_in(NO_ID)


def _is_whole(ids: pl.Series) -> bool:
    """Whether ids are whole numbers that somebody stored as floats."""
    seen = ids.filter(~_missing(ids))
    if ids.dtype.is_float():
        return bool((seen == seen.floor()).all()) and len(seen) > 0
    return ids.dtype == pl.String and len(seen) > 0 and bool(seen.str.contains(r"^-?\d+\.0$").all())

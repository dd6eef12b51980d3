"""What a column looks like where its name alone does not tell: dates, ids, and how to name it on the command line."""

import re
import shlex
from collections.abc import Iterable

import polars as pl

from zhiyin.data.times import COMPACT, UNITS, in_unit, time_form

FIRST = 200
"""Cells of a column that are looked at."""
NEARLY_ALL = 0.9
"""The share of them that are dates in a column of dates."""
WHEN = ("sold", "bought", "ordered", "purchased", "paid", "day", "when", "售出", "购买", "支付")
"""Names that mean the time of an event if the cells are dates; a column ``day`` may hold anything."""
NOT_WHEN = re.compile(
    "birth|born|dob|releas|publish|regist|signup|signedup|joined|expir|updat|modif|deliver|ship|return|deadline|until"
    "|export|import|出生|生日|出版|发布|注册|更新|发货|到期"
)
"""What is in the names of dates that are of an item or a person, or of what comes after an event."""
VERSIONS = ("%d.%m.%y", "%y.%m.%d")
"""``1.2.10`` is a version as often as a date."""
WORDS = {
    "user": re.compile("customer|client|user|buyer|member|account|person|people|visitor|reader|e?mail|who|客|户|会员"),
    "item": re.compile("item|product|book|sku|article|isbn|asin|title|goods|movie|film|song|what|商品|货|书"),
}
"""What is in the names of columns that may be who or what."""
ID = re.compile("(id|no|nr|number|code|key|mail|编号|号)$")
"""How the names of columns of ids end."""


def folded(name: str) -> str:
    """``Customer_ID`` and ``customer id`` are ``customerid``."""
    return re.sub(r"[\W_]+", "", name.casefold())


def of_time(sample: pl.DataFrame, columns: Iterable[str]) -> tuple[str | None, str]:
    """The one of these columns that is the time of the events, told by its cells, and what to say of it or of others.

    None where none looks like dates or several do, and no name tells which.
    """
    columns = [name for name in columns if _are_dates(sample[name], folded(name) in WHEN)]
    if not columns:
        return None, ""
    named = [name for name in columns if folded(name) in WHEN]
    likely = named or [name for name in columns if not NOT_WHEN.search(folded(name))]
    if len(likely) == 1:
        taken = likely[0]
        others = ", ".join(name for name in columns if name != taken)
        though = f", though {others} could be it" if others else ""
        return taken, f"{taken} is taken for time, as its cells are dates{though}"
    looks = f"{', '.join(columns)} {'look' if len(columns) > 1 else 'looks'} like dates"
    return None, f"no time; {looks}: say which is when things happened, {option('time', (likely or columns)[0])}"


def _are_dates(column: pl.Series, numbers: bool) -> bool:
    """Whether nearly all of its first cells are dates, or (``numbers``) counts of seconds or finer of these decades."""
    seen = column.drop_nulls().head(FIRST)
    if column.dtype in (pl.Date, pl.Datetime):
        return len(seen) > 0
    if not len(seen) or not (column.dtype == pl.String or column.dtype.is_numeric()):
        return False
    form = time_form(seen)
    if form.forms and (numbers or not {COMPACT, *VERSIONS} & set(form.forms)):
        read = seen.to_frame("t").select(form.seconds(pl.col("t"), seen.dtype)).to_series()
        return read.count() >= NEARLY_ALL * len(seen)
    whole = seen.cast(pl.Float64, strict=False).cast(pl.Int64, strict=False).to_frame("t")
    moment = pl.any_horizontal(in_unit(pl.col("t"), per_second) for _, per_second in UNITS)
    return numbers and not form.forms and bool(whole.select(moment.fill_null(value=False).all()).item())


def likely(ours: str, sample: pl.DataFrame, columns: Iterable[str]) -> str:
    """The column of these that is most likely who (``user``) or what (``item``), for a hint; COLUMN where none is."""

    def score(name: str) -> int:
        plain, other = folded(name), "item" if ours == "user" else "user"
        never = sample[name].dtype.is_float() or _are_dates(sample[name], numbers=True)
        told = {role: bool(words.search(plain)) for role, words in WORDS.items()}
        return 2 * told.get(ours, False) - 2 * told[other] + bool(ID.search(plain)) - 4 * never

    return max(columns, key=score, default="COLUMN")


def option(ours: str, theirs: str) -> str:
    """``--map user=ID``, in quotation marks where a shell needs them."""
    said = f"{ours}={theirs}"
    if re.fullmatch(r"[\w./:=+-]+", said):
        return f"--map {said}"
    return f"--map {shlex.quote(said)}" if re.search(r'["$`\\!]', said) else f'--map "{said}"'

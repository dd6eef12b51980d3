"""How a log writes its times: a unit, or one of the usual forms of date. All become int64 seconds UTC."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from zhiyin.core.errors import DataError

EARLIEST, LATEST = 315_532_800, 4_102_444_800
"""1980 and 2100, seconds UTC."""
UNITS = (("seconds", 1), ("milliseconds", 10**3), ("microseconds", 10**6), ("nanoseconds", 10**9))
"""Name, and how many make a second: the years 1980 to 2100 of two units never overlap."""
FORMS = (
    "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.fZ", "%Y-%m-%d %H:%M", "%Y-%m-%d",
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y",
    "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y",
    "%d-%b-%Y", "%b %d, %Y", "%a %b %d %H:%M:%S %Y", "%Y年%m月%d日",
)  # fmt: skip
HOUR = re.compile("%[-_]?[HIklsTRcrX]")
"""What a form has that is more than a day."""
ZONED = ("%Y-%m-%dT%H:%M:%S%.f%:z", "%Y-%m-%d %H:%M:%S%.f%:z")


@dataclass(frozen=True, slots=True)
class TimeForm:
    """How the times of one column are written."""

    per_second: int = 1
    """For numbers: how many of the unit make a second, where the size of a number does not say it."""
    forms: tuple[str, ...] = ()
    """For text: the forms of date that its first rows have, most frequent first."""
    note: str = ""

    def seconds(self, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
        """Int64 seconds UTC; null where the cell cannot be read."""
        if dtype.is_temporal():
            return column.cast(pl.Datetime("us")).dt.epoch("s")
        if self.forms:
            if dtype != pl.String:  # a day written as the number 20111209
                column = (column.cast(pl.Int64, strict=False) if dtype.is_float() else column).cast(pl.String)
            return pl.coalesce([_dated(column.str.strip_chars(), form) for form in self.forms])
        column = _whole(column, dtype)
        seconds = column if self.per_second == 1 else column // self.per_second
        for _, per_second in UNITS:
            seconds = pl.when(in_unit(column, per_second)).then(column // per_second).otherwise(seconds)
        return seconds

    def units(self, times: pl.Series) -> dict[str, int]:
        """How many of these are in each unit, for numbers; nothing for dates."""
        if times.dtype.is_temporal() or self.forms:
            return {}
        column = _whole(pl.col("time"), times.dtype)
        unit = pl.lit(next(name for name, per_second in UNITS if per_second == self.per_second))
        for name, per_second in UNITS:
            unit = pl.when(in_unit(column, per_second)).then(pl.lit(name)).otherwise(unit)
        return dict(times.alias("time").to_frame().select(unit.alias("unit").value_counts()).unnest("unit").iter_rows())

    def note_for(self, units: Mapping[str, int]) -> str:
        """What there is to say once all rows have been seen: of several units, how many rows have each."""
        if len(units) < 2:
            return self.note
        counts = [f"{units[name]:,} rows in {name}" for name, _ in UNITS if name in units]
        return f"mixes units ({', '.join(counts)}): each row read as seconds, its unit told by its size"


def in_unit(column: pl.Expr, per_second: int) -> pl.Expr:
    """Whether whole numbers lie in the years 1980 to 2100 in this unit."""
    return column.is_between(EARLIEST * per_second, min(LATEST * per_second, 2**63 - 1), closed="left")


def _whole(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Numbers as Int64, written as text or not; null where the cell is none."""
    if dtype == pl.String:
        text = column.str.strip_chars()
        whole, broken = text.cast(pl.Int64, strict=False), text.cast(pl.Float64, strict=False)
        return pl.coalesce([whole, broken.floor().cast(pl.Int64, strict=False)])
    return (column.floor() if dtype.is_float() else column).cast(pl.Int64, strict=False)


def said_form(sample: pl.Series, form: str) -> TimeForm:
    """The form of date that somebody named. Raises `DataError` where no row of the sample is written so."""
    seen = sample.drop_nulls()
    said = TimeForm(forms=(form,))
    try:
        read = seen.to_frame("t").select(said.seconds(pl.col("t"), seen.dtype)).to_series()
    except pl.exceptions.PolarsError:
        read = pl.Series([None])
    if sample.dtype.is_temporal() or read.null_count() < len(read):
        return said
    raise DataError(
        f"the time format {form!r} reads none of the first times, such as {str(seen.first())!r}; write it like "
        "%d.%m.%Y %H:%M, or leave it out to have it told", found=form, allowed="%Y %m %d %H %M %S",
    )  # fmt: skip


def time_form(sample: pl.Series) -> TimeForm:
    """Told from the first rows: the unit most of them have, or the forms that some of them have."""
    seen = sample.drop_nulls()
    if sample.dtype.is_temporal() or not len(seen):
        return TimeForm()
    numbers = seen.cast(pl.Float64, strict=False) if sample.dtype == pl.String else seen.cast(pl.Float64)
    numbers = numbers.filter(numbers.is_finite())
    if len(numbers) * 2 >= len(seen):
        middle = numbers.abs().median()
        size = middle if isinstance(middle, float) else 0.0
        name, per_second = next(((name, per) for name, per in UNITS[:0:-1] if size >= EARLIEST * per), ("", 1))
        return TimeForm(per_second, note=f"is in {name}: read as seconds" if name else "")
    text = seen.cast(pl.String).str.strip_chars()
    read = {form: int(text.to_frame("t").select(_dated(pl.col("t"), form).is_not_null().sum()).item())
            for form in (*FORMS, *ZONED)}  # fmt: skip
    forms = tuple(sorted((form for form, n in read.items() if n), key=lambda form: -read[form]))
    return TimeForm(forms=_one_order(forms), note=_ambiguous(forms, read))


def _dated(text: pl.Expr, form: str) -> pl.Expr:
    if form in ZONED:
        parsed = text.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")
    elif HOUR.search(form):
        parsed = text.str.to_datetime(form, strict=False, time_unit="us", exact=True)
    else:
        parsed = text.str.to_date(form, strict=False).cast(pl.Datetime("us"))
    return parsed.dt.epoch("s")


def _one_order(forms: tuple[str, ...]) -> tuple[str, ...]:
    """Day and month never change places inside one column: the order that reads more rows is the column's."""
    first = next((form[:5] for form in forms if form[:5] in ("%d/%m", "%m/%d")), "")
    return tuple(form for form in forms if form[:5] not in ("%d/%m", "%m/%d") or form[:5] == first)


def _ambiguous(forms: tuple[str, ...], read: dict[str, int]) -> str:
    for form in forms:
        other = form.replace("%d/%m", "%m/%d")
        if form.startswith("%d/%m") and read.get(other) == read[form]:
            return "could be day/month or month/day: read as day/month"
    return ""

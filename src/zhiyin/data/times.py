"""How a log writes its times: a unit, or one of the usual forms of date. All become int64 seconds UTC."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from zhiyin.core.errors import DataError

EARLIEST, LATEST = 315_532_800, 4_102_444_800
"""1980 and 2100, seconds UTC."""
YEAR_1000 = -30_610_224_000
UNITS = (("seconds", 1), ("milliseconds", 10**3), ("microseconds", 10**6), ("nanoseconds", 10**9))
"""Name, and how many make a second: the years 1980 to 2100 of two units never overlap."""
WHOLE_YEARS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y",
)  # fmt: skip
SHORT_YEARS = (*(form.replace("Y", "y") for form in WHOLE_YEARS[3:]), "%y/%m/%d", "%y-%m-%d", "%y.%m.%d")
"""``03/05/24``: which of the three is the year, the month and the day, the whole column says."""
CLOCKS = ("", " %H:%M:%S%.f", " %H:%M", " %I:%M:%S %p", " %I:%M %p")
FORMS = (
    *(day + clock for day in (*WHOLE_YEARS, *SHORT_YEARS) for clock in CLOCKS), "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.fZ", "%d-%b-%Y", "%b %d, %Y", "%a %b %d %H:%M:%S %Y", "%Y年%m月%d日",
)  # fmt: skip
HOUR = re.compile("%[-_]?[HIklsTRcrX]")
"""What a form has that is more than a day."""
COMPACT = "%Y%m%d"
"""A day written as the number 20111209."""
FIRST_DAY, LAST_DAY = 19_700_101, 21_001_231
FIRST_SERIAL, LAST_SERIAL, SERIAL_1970 = 29_221, 73_050, 25_569
"""1980, the end of 2099 and 1970 in days as spreadsheets count them, the time of day behind the point."""
ORDERS: Mapping[str, str] = {"%d": "day/month", "%m": "month/day", "%y": "year/month/day"}
"""How a date of numbers alone begins → the order of its parts; a year of four digits can be nothing else."""
OPEN = "could be"
APART = 10
"""Times as far as one order spreads the dates, another is none."""
ZONED = ("%Y-%m-%dT%H:%M:%S%.f%:z", "%Y-%m-%d %H:%M:%S%.f%:z")


@dataclass(frozen=True, slots=True)
class TimeForm:
    """How the times of one column are written."""

    per_second: int = 1
    """For numbers: how many of the unit make a second, where the size of a number does not say it."""
    forms: tuple[str, ...] = ()
    """For text: the forms of date that its first rows have, most frequent first."""
    note: str = ""
    serial: bool = False
    """For numbers: days as spreadsheets count them."""

    @property
    def is_open(self) -> bool:
        """Whether the rows seen could have day, month and year in several orders."""
        return self.note.startswith(OPEN)

    def seconds(self, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
        """Int64 seconds UTC; null where the cell cannot be read."""
        if dtype.is_temporal():
            return column.cast(pl.Datetime("us")).dt.epoch("s")
        if self.forms:
            if dtype != pl.String:  # a day written as the number 20111209
                column = (column.cast(pl.Int64, strict=False) if dtype.is_float() else column).cast(pl.String)
            return pl.coalesce([_dated(column.str.strip_chars(), form) for form in self.forms])
        if self.serial:
            days = (column.str.strip_chars() if dtype == pl.String else column).cast(pl.Float64, strict=False)
            return ((days - SERIAL_1970) * 86_400).round().cast(pl.Int64, strict=False)
        column = _whole(column, dtype)
        seconds = column if self.per_second == 1 else column // self.per_second
        for _, per_second in UNITS:
            seconds = pl.when(in_unit(column, per_second)).then(column // per_second).otherwise(seconds)
        return seconds

    def units(self, times: pl.Series) -> dict[str, int]:
        """How many of these are in each unit, for numbers; nothing for dates."""
        if times.dtype.is_temporal() or self.forms or self.serial:
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
    """The form of date that somebody named, then what is told from the rows that it does not read.

    Raises `DataError` where no row of the sample is written so.
    """
    seen = sample.drop_nulls()
    said = TimeForm(forms=(form,))
    if sample.dtype.is_temporal():
        return said
    try:
        read = seen.to_frame("t").select(said.seconds(pl.col("t"), seen.dtype)).to_series()
    except pl.exceptions.PolarsError:
        read = pl.Series([None])
    if read.null_count() == len(read):
        raise DataError(
            f"the time format {form!r} reads none of the first times, such as {str(seen.first())!r}; write it like "
            "%d.%m.%Y %H:%M, or leave it out to have it told", found=form, allowed="%Y %m %d %H %M %S",
        )  # fmt: skip
    others = time_form(seen.filter(read.is_null()), form)
    return TimeForm(forms=(form, *others.forms))


def time_form(sample: pl.Series, said: str = "") -> TimeForm:
    """Told from the first rows: the unit most of them have, or the forms that some of them have.

    ``said`` is a form that somebody named: day and month stand where it has them.
    """
    seen = sample.drop_nulls()
    if sample.dtype.is_temporal() or not len(seen):
        return TimeForm()
    numbers = seen.cast(pl.Float64, strict=False) if sample.dtype == pl.String else seen.cast(pl.Float64)
    numbers = numbers.filter(numbers.is_finite())
    if len(numbers) * 2 >= len(seen):
        return _unit(numbers)
    text = seen.cast(pl.String).str.strip_chars()
    shapes = set(_shape(text).unique())
    read = {form: _read(text, form) for form in (*(form for form in FORMS if _form_shape(form) in shapes), *ZONED)}
    read = {form: times for form, times in read.items() if times.null_count() < len(times)}
    orders, note = _orders(read)
    if order := _order(said):
        orders[said[2]] = order
    forms = [form for form in read if _order(form) in (None, orders.get(form[2]))]
    return TimeForm(forms=tuple(sorted(forms, key=lambda form: read[form].null_count())), note=note)


def _unit(numbers: pl.Series) -> TimeForm:
    """Days like 20111209 or as spreadsheets count where all are, else the unit that most have."""
    if numbers.is_between(FIRST_DAY, LAST_DAY).all() and not _read(_digits(numbers), COMPACT).null_count():
        return TimeForm(forms=(COMPACT,))
    if numbers.is_between(FIRST_SERIAL, LAST_SERIAL).all() and (numbers % 1 != 0).any():  # whole ones may only count
        return TimeForm(note="is in days since 1900, as spreadsheets count: read as dates", serial=True)
    middle = numbers.abs().median()
    size = middle if isinstance(middle, float) else 0.0
    name, per_second = next(((name, per) for name, per in UNITS[:0:-1] if size >= EARLIEST * per), ("", 1))
    return TimeForm(per_second, note=f"is in {name}: read as seconds" if name else "")


def _digits(numbers: pl.Series) -> pl.Series:
    return numbers.cast(pl.Int64, strict=False).cast(pl.String)


def _read(text: pl.Series, form: str) -> pl.Series:
    """Seconds of each cell, null where it is not of this form."""
    return text.to_frame("t").select(_dated(pl.col("t"), form)).to_series()


def _shape(text: pl.Series) -> pl.Series:
    """``9/9/9 9:9 A`` of ``3/5/2024 4:00 PM``: most forms need not be tried."""
    bare = text.str.replace_all(r"\d+", "9").str.replace_all("[A-Za-z]+", "A")
    return bare.str.replace(":9.9", ":9", literal=True)


def _form_shape(form: str) -> str:
    return re.sub("[A-Za-z]+", "A", re.sub("%[YymdHIMS]", "9", re.sub("%[abp]", "A", form.replace("%.f", ""))))


def _dated(text: pl.Expr, form: str) -> pl.Expr:
    if form in ZONED:
        parsed = text.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")
    elif HOUR.search(form):
        parsed = text.str.to_datetime(form, strict=False, time_unit="us", exact=True)
    else:
        parsed = text.str.to_date(form, strict=False).cast(pl.Datetime("us"))
    seconds = parsed.dt.epoch("s")
    if "%Y" in form:  # which takes 24 for the year 24; a condition would parse twice
        seconds = (seconds - YEAR_1000).cast(pl.UInt64, strict=False).cast(pl.Int64) + YEAR_1000
    return seconds


def _order(form: str) -> str | None:
    """What a date of numbers begins with, where it could be another order; None where it could not."""
    return form[:2] if form[:2] in ORDERS and form[2:3] in "/-." and form[3:5] in ("%d", "%m") else None


def _orders(read: Mapping[str, pl.Series]) -> tuple[dict[str, str], str]:
    """Day, month and year never change places inside one column: for each separator the order that reads most rows.

    Where two read as many, the days before the months, and it is told. The year first where that keeps the dates
    together: days taken for years spread over decades, and the other way round.
    """
    found: dict[str, str] = {}
    note = ""
    for mark in "/-.":
        of = {form: times for form, times in read.items() if form[2:3] == mark and _order(form)}
        rows = {order: sum(t.count() for form, t in of.items() if _order(form) == order) for order in ORDERS}
        most = [order for order in ORDERS if rows[order] == max(rows.values()) > 0]
        if "%y" in most and len(most) > 1:
            year, others = (_spread(of, orders) for orders in (most[-1:], most[:-1]))
            most = most[-1:] if APART * year < others else most[:-1] if APART * others < year else most
        if len(most) > 1:
            note = f"{OPEN} {' or '.join(ORDERS[order] for order in most)}: read as {ORDERS[most[0]]}"
        if most:
            found[mark] = most[0]
    return found, note


def _spread(of: Mapping[str, pl.Series], orders: Iterable[str]) -> int:
    """Seconds between the first and the last, in the order that keeps them closest."""
    read = [pl.concat([times for form, times in of.items() if _order(form) == order]) for order in orders]
    return min(int(times.max()) - int(times.min()) for times in read)  # type: ignore[arg-type]

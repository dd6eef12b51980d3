"""Times in milliseconds, microseconds or nanoseconds, or as dates like 20111209, where seconds are meant.

The years 1980 to 2100 in seconds, milliseconds, microseconds and nanoseconds are ranges that do not overlap, so the
unit of each row can be told by its size alone, also where a log mixes them.
"""

import polars as pl

from zhiyin.data.checks.check import Check, Finding, Words, where
from zhiyin.data.checks.evidence import Evidence
from zhiyin.data.times import EARLIEST, UNITS, in_unit

FACTORS = tuple(per_second for _, per_second in UNITS[1:])
"""How many of each finer unit make a second."""
FIRST_DATE, LAST_DATE = 1980_01_01, 2100_12_31


class TimeUnit(Check):
    """Rows whose time is a plausible date in another unit than seconds."""

    name = "time_unit"
    about = Words("Times in another unit than seconds, or in several units.", "时间单位不是秒，或混用多种单位。")
    remedy = Words("converts these times to seconds", "将这些时间换算为秒")
    done = Words("{rows} times in another unit: converted to seconds", "{rows} 行时间单位不是秒：已换算为秒")
    needs = ("time",)
    fail_above = 0.0

    def look(self, evidence: Evidence) -> Finding:
        times = evidence.times
        if _are_dates(times):
            return self.about_rows(evidence, where(times.is_not_null()), "user", "item", "time")
        newest = times.max()
        if not isinstance(newest, int) or newest < EARLIEST * FACTORS[0]:
            return self.finding(evidence)
        found = pl.any_horizontal([in_unit(pl.col("time"), factor) for factor in FACTORS])
        rows = where(times.alias("time").to_frame().select(found).to_series())
        return self.about_rows(evidence, rows, "user", "item", "time")

    def fix(self, evidence: Evidence, finding: Finding) -> pl.DataFrame:
        if not len(finding.rows):
            return evidence.events
        times = evidence.times.alias("time")
        if _are_dates(times):
            seconds = times.cast(pl.String).str.to_date("%Y%m%d", strict=False).dt.epoch("s").cast(pl.Int64)
            return evidence.events.with_columns(seconds)
        mended = pl.col("time")
        for factor in FACTORS:
            mended = pl.when(in_unit(pl.col("time"), factor)).then(pl.col("time") // factor).otherwise(mended)
        return evidence.events.with_columns(times.to_frame().select(mended.alias("time")).to_series())


def _are_dates(times: pl.Series) -> bool:
    """Whether every time reads as YYYYMMDD; as seconds they would all lie in two weeks of 1970."""
    oldest, newest = times.min(), times.max()
    return isinstance(oldest, int) and isinstance(newest, int) and oldest >= FIRST_DATE and newest <= LAST_DATE

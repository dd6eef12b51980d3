"""Values and times that cannot be: infinite, absurdly large, off a rating scale, before computers kept logs.

A rating scale is recognised by itself: at least four evenly spaced values that each have 1 % of the rows and together
90 %, with a cliff beyond both ends (counts have a tail instead: 6 is bought nearly as often as 5).
"""

import numpy as np
import polars as pl

from zhiyin.data.checks.check import NO_ROWS, Check, Finding, Words, either, where
from zhiyin.data.checks.evidence import Evidence
from zhiyin.data.times import EARLIEST

ABSURD = 1_000
"""A value this many times the 90th percentile is a slip of the key, not an order."""
ALWAYS_ABSURD = 1e12
STEP_SHARE, SCALE_SHARE, SCALE_STEPS, CLIFF = 0.01, 0.90, 4, 0.2
SAMPLE = 100_000
"""Rows from which scale and percentile are taken."""
MOST = 0.5
"""Times before 1980 are wrong only where most are later; else the log counts from a zero of its own."""


class Impossible(Check):
    """Values that are infinite, absurd or off the scale; times before 1980 in a log of later ones."""

    name = "impossible"
    about = Words("Values and times that cannot be.", "不可能的数值和时间。")
    remedy = Words("leaves these rows out", "去除这些行")
    done = Words("{rows} rows of impossible value or time: left out", "{rows} 行数值或时间不可能：已去除")

    def look(self, evidence: Evidence) -> Finding:
        rows = either(evidence.n, _values(evidence), _times(evidence))
        return self.about_rows(evidence, rows, "user", "item", "value", "time")


def _values(evidence: Evidence) -> np.ndarray:
    if not evidence.has("value"):
        return NO_ROWS
    values = evidence.numbers("value")
    seen = values.drop_nulls()
    seen = seen.filter(seen.is_finite())
    sample = seen.sample(min(len(seen), SAMPLE), seed=0)
    usual = sample.filter(sample != 0).abs().quantile(0.9)
    limit = min(ALWAYS_ABSURD, ABSURD * usual) if usual else ALWAYS_ABSURD
    low, high = rating_scale(sample) or (-limit, limit)
    lowest, highest = values.min(), values.max()
    if isinstance(lowest, float) and isinstance(highest, float) and low <= lowest and highest <= high:
        return NO_ROWS
    return where(~values.is_between(low, high) & values.is_not_nan())


def rating_scale(values: pl.Series) -> tuple[float, float] | None:
    """Lowest and highest step of the scale that these finite values are on; None where they are on none."""
    counted = values.alias("value").value_counts().sort("value")
    value, count = counted["value"].to_numpy(), counted["count"].to_numpy()
    steps = count >= max(1, STEP_SHARE * count.sum()) if len(count) else np.zeros(0, bool)
    if steps.sum() < SCALE_STEPS or count[steps].sum() < SCALE_SHARE * count.sum():
        return None
    on, gaps = value[steps], np.diff(value[steps])
    if not np.allclose(gaps, gaps[0]):
        return None
    inside = count[steps]
    for end, beyond in ((inside[0], on[0] - gaps[0]), (inside[-1], on[-1] + gaps[0])):
        next_one = count[np.isclose(value, beyond)].sum()
        if next_one > CLIFF * end:
            return None
    return float(on[0]), float(on[-1])


def _times(evidence: Evidence) -> np.ndarray:
    if not evidence.has("time"):
        return NO_ROWS
    oldest = evidence.times.min()
    if not isinstance(oldest, int) or oldest >= EARLIEST:
        return NO_ROWS
    early = evidence.times < EARLIEST
    mean = early.mean()
    return where(early) if isinstance(mean, float) and mean < MOST else NO_ROWS

"""What was left out of a log: one line a reason, in the same form as the reports of the fixes."""

from collections.abc import Mapping

import polars as pl

from zhiyin.data.checks.check import Words
from zhiyin.data.cleaning import FixReport

LEFT_OUT: Mapping[str, Words] = {
    "no user": Words("{rows} lines have no customer: left out", "{rows} 行没有顾客：已去除"),
    "no item": Words("{rows} lines have no item: left out", "{rows} 行没有商品：已去除"),
    "no time": Words("{rows} lines have no time: left out", "{rows} 行没有时间：已去除"),
}
"""Reasons of bad rows in a reader's words; the others are said as they are."""


def left_out(bad: pl.DataFrame, n_good: int) -> tuple[FixReport, ...]:
    """The bad rows by reason, most frequent first."""
    reports, left = [], n_good + len(bad)
    for reason, rows in counted(bad).items():
        plain = Words("{rows} lines: " + reason + ": left out", "{rows} 行：" + reason + "：已去除")
        left -= rows
        reports.append(FixReport(reason, rows, left, LEFT_OUT.get(reason, plain).filled(rows=rows)))
    return tuple(reports)


def counted(bad: pl.DataFrame) -> dict[str, int]:
    """Rows of each reason, most frequent first."""
    return dict(bad["reason"].value_counts().sort("count", "reason", descending=[True, False]).iter_rows())

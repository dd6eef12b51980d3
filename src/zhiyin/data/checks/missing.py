"""Missing columns and values, also those written as text: an empty id, ``nan``, ``None``, ``null``."""

from dataclasses import replace

import numpy as np
import polars as pl

from zhiyin.data.checks.check import NO_ROWS, Check, Finding, Words, either, where
from zhiyin.data.checks.evidence import Coded, Evidence

WRITTEN_MISSING = ("", "nan", "none", "null", "<na>", "n/a", "nat", "undefined", "(null)", "\\n")
"""Ids that are a missing value written as text, lower case."""
NO_TIME = Words("neither time nor position: the order of the rows is taken as the order of events",
                "没有时间也没有次序列：以行的顺序作为事件顺序")  # fmt: skip


class Missing(Check):
    """Nulls in the columns that a log lives on; no time and no position is a warning of its own."""

    name = "missing"
    about = Words("Missing columns and missing values.", "缺失的列和缺失的值。")
    remedy = Words("leaves these rows out", "去除这些行")
    done = Words("{rows} rows with a missing value: left out", "{rows} 行有缺失值：已去除")

    def look(self, evidence: Evidence) -> Finding:
        rows = NO_ROWS
        for name in ("user", "item"):
            if name in evidence.events.columns:
                rows = either(evidence.n, rows, _without_id(evidence, name))
        for name in ("time", "position", "kind", "session"):
            if evidence.has(name) and evidence.events[name].null_count():
                rows = either(evidence.n, rows, where(evidence.events[name].is_null()))
        rows = either(evidence.n, rows, _without_value(evidence))
        finding = self.about_rows(evidence, rows, "user", "item", "time", "value")
        if evidence.n and not evidence.has("time") and not evidence.has("position"):
            return replace(finding, verdict="warn" if finding.verdict == "pass" else finding.verdict, note=NO_TIME)
        return finding


def _without_id(evidence: Evidence, name: str) -> np.ndarray:
    if not evidence.has(name):
        return np.arange(evidence.n)
    coded: Coded = getattr(evidence, name)
    written = coded.ids.str.strip_chars().str.to_lowercase().is_in(WRITTEN_MISSING).to_numpy()
    return either(evidence.n, np.flatnonzero(coded.codes < 0), coded.rows_of(written))


def _without_value(evidence: Evidence) -> np.ndarray:
    """Rows without a value where most rows of their kind have one: a view has none, a rating has."""
    if not evidence.has("value"):
        return NO_ROWS
    values = evidence.events["value"]
    bare = (values.is_null() | values.is_nan() if values.dtype.is_float() else values.is_null()).alias("bare")
    if not bare.any() or not evidence.has("kind"):
        return where(bare)
    by_kind = pl.DataFrame([bare, evidence.events["kind"]])
    return where(by_kind.select(pl.col("bare") & (pl.col("bare").mean().over("kind") < 0.5)).to_series())

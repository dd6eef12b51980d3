"""Rows that repeat an earlier row in every column."""

import numpy as np
import polars as pl

from zhiyin.data.checks.check import Check, Finding, Words
from zhiyin.data.checks.evidence import Evidence


class Duplicates(Check):
    """Finds every copy but the first. Hashes narrow the search; equality decides."""

    name = "duplicates"
    about = Words("Rows that repeat an earlier row in every column.", "与前面某一行的所有列都相同的行。")
    remedy = Words("keeps the first of each and leaves out its copies", "保留第一行，去除其余重复行")
    done = Words("{rows} exact duplicates: left out", "{rows} 行完全重复：已去除")
    fail_above = 0.2

    def look(self, evidence: Evidence) -> Finding:
        rows = _suspects(evidence)
        hashes = evidence.events[rows].hash_rows(seed=0)
        rows = rows[hashes.is_duplicated().to_numpy()]
        if not len(rows):
            return self.finding(evidence)
        first = evidence.events[rows].select(pl.struct(pl.all()).is_first_distinct()).to_series().to_numpy()
        return self.about_rows(evidence, rows[~first], "user", "item", "time", "value")


def _suspects(evidence: Evidence) -> np.ndarray:
    """Rows that may have a copy, int64 ascending: with a user and a time, only those that share their moment."""
    if not (evidence.has("user") and evidence.has("time")):
        return np.arange(evidence.n)
    line = evidence.timeline
    tied = line.rows[line.tied]
    if len(line.rows) == evidence.n:
        return np.sort(tied)
    mask = np.ones(evidence.n, bool)  # rows without user or time are suspects too
    mask[line.rows] = False
    mask[tied] = True
    return np.flatnonzero(mask)

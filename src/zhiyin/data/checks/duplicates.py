"""Rows that repeat an earlier row in every column."""

import numpy as np
import polars as pl

from zhiyin.data.checks.check import Check, Finding, Words
from zhiyin.data.checks.evidence import Evidence

AT_ONCE = 1 << 20
"""Rows that are compared at once."""
NO_HASH = np.zeros(0, np.uint64)


class Duplicates(Check):
    """Finds every copy but the first. Hashes narrow the search; equality decides."""

    name = "duplicates"
    about = Words("Rows that repeat an earlier row in every column.", "与前面某一行的所有列都相同的行。")
    remedy = Words("keeps the first of each and leaves out its copies", "保留第一行，去除其余重复行")
    done = Words("{rows} exact duplicates: left out", "{rows} 行完全重复：已去除")
    fail_above = 0.2

    def look(self, evidence: Evidence) -> Finding:
        rows = _suspects(evidence)
        slices = [rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE)]
        hashes = np.concatenate([NO_HASH, *(evidence.events[some].hash_rows(seed=0).to_numpy() for some in slices)])
        twice = pl.Series(hashes).is_duplicated().to_numpy()
        rows, hashes = rows[twice], hashes[twice]
        copies = np.zeros(evidence.n, bool)
        group = hashes % np.uint64(len(rows) // AT_ONCE + 1)  # copies are in one group, which fits into memory
        for number in range(len(rows) // AT_ONCE + 1):
            some = rows[group == number]
            first = evidence.events[some].select(pl.struct(pl.all()).is_first_distinct()).to_series().to_numpy()
            copies[some[~first]] = True
        return self.about_rows(evidence, np.flatnonzero(copies), "user", "item", "time", "value")


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

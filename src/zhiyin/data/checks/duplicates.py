"""Rows that repeat an earlier row in every column."""

import numpy as np
import polars as pl

from zhiyin.data.checks.check import Check, Finding, Words, where
from zhiyin.data.checks.evidence import Evidence


class Duplicates(Check):
    """Finds every copy but the first. Hashes narrow the search; equality decides."""

    name = "duplicates"
    about = Words("Rows that repeat an earlier row in every column.", "与前面某一行的所有列都相同的行。")
    remedy = Words("keeps the first of each and leaves out its copies", "保留第一行，去除其余重复行")
    done = Words("{rows} exact duplicates: left out", "{rows} 行完全重复：已去除")
    fail_above = 0.2

    def look(self, evidence: Evidence) -> Finding:
        events = evidence.events
        if len(events.columns) == 0 or evidence.n < 2:
            return self.finding(evidence)
        alike = where(events.hash_rows(seed=0).is_duplicated())
        if not len(alike):
            return self.finding(evidence)
        suspects = events[alike]
        first = suspects.select(pl.struct(pl.all()).is_first_distinct()).to_series().to_numpy()
        return self.about_rows(evidence, np.asarray(alike[~first]), "user", "item", "time", "value")

"""Ids that differ only in spelling: letter case, spaces, NFC against NFD, a trailing ``.0``.

They are found and shown, never merged unless a recipe names the fix: two codes may look alike and be two things.
"""

import numpy as np
import polars as pl

from zhiyin.data.checks.check import N_OFFENDERS, NO_ROWS, Check, Finding, Words, clipped, either
from zhiyin.data.checks.evidence import Coded, Evidence

MIXED = 0.1
"""Where more ids than this share have a capital right after a small letter (``xK9aBc``), case is part of the id."""


class Spelling(Check):
    """Finds the rows of every spelling but the most frequent one of each group."""

    name = "spelling"
    about = Words("Ids that differ only in spelling.", "只有写法不同的编号。")
    remedy = Words("writes the most frequent spelling of each everywhere", "统一为每个编号最常见的写法")
    done = Words("{rows} ids of another spelling: written in the usual one", "{rows} 行编号写法不同：已统一")

    def look(self, evidence: Evidence) -> Finding:
        rows, shown = NO_ROWS, []
        for name in ("user", "item"):
            if not evidence.has(name):
                continue
            coded: Coded = getattr(evidence, name)
            usual = usual_spelling(coded)
            other = usual != np.arange(len(usual))
            rows = either(evidence.n, rows, coded.rows_of(other))
            for code in np.flatnonzero(other)[:N_OFFENDERS]:
                pair = [f"{clipped(coded.ids[int(c)])} ({coded.counts[c]:,})" for c in (code, usual[code])]
                shown.append(f"{name} {pair[0]} and {pair[1]}")
        return self.finding(evidence, rows, shown)

    def fix(self, evidence: Evidence, finding: Finding) -> pl.DataFrame:
        events = evidence.events
        for name in ("user", "item"):
            if len(finding.rows) and evidence.has(name):
                coded: Coded = getattr(evidence, name)
                merged = usual_spelling(coded)[coded.codes]
                merged[coded.codes < 0] = len(coded.ids)  # past the end: stays missing
                ids = pl.concat([coded.ids, pl.Series([None], dtype=pl.String)])
                events = events.with_columns(ids.gather(merged).alias(name))
        return events


def usual_spelling(coded: Coded) -> np.ndarray:
    """For each distinct id the code of the most frequent spelling of its group (the first of equals), int64 (I,)."""
    codes = np.arange(len(coded.ids), dtype=np.int64)
    frame = pl.DataFrame({"key": spelling_key(coded.ids), "n": coded.counts}).with_row_index("code")
    frame = frame.filter(frame["key"].is_duplicated())
    if len(frame):
        usual = pl.col("code").sort_by("n", descending=True, maintain_order=True).first().over("key")
        codes[frame["code"].to_numpy()] = frame.select(usual).to_series().to_numpy()
    return codes


def spelling_key(ids: pl.Series) -> pl.Series:
    """What two spellings of one id have in common."""
    keys = ids
    if (ids.str.len_bytes() != ids.str.len_chars()).any():
        keys = keys.str.normalize("NFC")
    if keys.str.contains(r"\s").any():
        keys = keys.str.strip_chars().str.replace_all(r"\s+", " ")
    if keys.str.contains(".0", literal=True).any():
        keys = keys.str.replace(r"^(-?\d+)\.0+$", "$1")
    mixed = ids.str.contains(r"[a-z][A-Z]").mean() or 0.0
    return keys if isinstance(mixed, float) and mixed > MIXED else keys.str.to_lowercase()

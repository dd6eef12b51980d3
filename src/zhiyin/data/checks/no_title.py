"""Items without a title: models of content know nothing of them, and a slate shows a bare code."""

import polars as pl

from zhiyin.data.checks.check import N_OFFENDERS, Check, Finding, Words, clipped, where
from zhiyin.data.checks.evidence import Evidence
from zhiyin.data.checks.several_titles import titled


class NoTitle(Check):
    """Items that no row gives a title; a single row without one is no trouble where another row has it."""

    name = "no_title"
    about = Words("Items without a title.", "没有标题的商品。")
    remedy = Words("has no fix: give these items a title in the catalogue", "没有自动修复：请在商品目录中补充标题")
    fail_above = 1.0
    weight = 0.1

    def look(self, evidence: Evidence) -> Finding:
        part, frame = titled(evidence)
        if frame is None:
            return self.finding(evidence, note=Words("not looked at: no title", "未检查：没有 title 列"))
        blank = pl.col("title").is_null() | (pl.col("title").str.strip_chars() == "")
        bare = frame.lazy().group_by("item").agg(blank.all().alias("bare")).filter("bare").collect()["item"]
        rows = where(frame["item"].is_in(bare.implode()))
        shown = [clipped(item) for item in bare.drop_nulls().sort()[:N_OFFENDERS]]
        return self.finding(evidence, rows, shown, part=part)

"""Items with several titles: spelling variants, renamed goods, notes of the stock-keeper in the place of a name."""

import numpy as np
import polars as pl

from zhiyin.data.checks.check import N_OFFENDERS, Check, Finding, Part, Words, clipped
from zhiyin.data.checks.evidence import Evidence


class SeveralTitles(Check):
    """Rows whose title is not the most frequent one of their item; in the events if they have titles, else in items."""

    name = "several_titles"
    about = Words("Items with several titles.", "有多个标题的商品。")
    remedy = Words("gives every row the most frequent title of its item", "统一为该商品最常见的标题")
    done = Words("{rows} rows with a rarer title of their item: given the usual one", "{rows} 行标题不常见：已统一")
    fail_above = 1.0
    weight = 0.1

    def look(self, evidence: Evidence) -> Finding:
        part, frame = titled(evidence)
        if frame is None:
            return self.finding(evidence, note=Words("not looked at: no title", "未检查：没有 title 列"))
        joined = _with_usual(frame)
        other = joined.filter(pl.col("title").str.strip_chars() != pl.col("usual"))
        shown = [
            f"{clipped(row['item'])}: {clipped(row['usual'])} and {clipped(row['title'])}"
            for row in other.unique("item", maintain_order=True).head(N_OFFENDERS).iter_rows(named=True)
        ]
        return self.finding(evidence, np.sort(other["row"].to_numpy().astype(np.int64)), shown, part=part)

    def fix(self, evidence: Evidence, finding: Finding) -> pl.DataFrame:
        if finding.part != "events" or not len(finding.rows):
            return evidence.events
        joined = _with_usual(evidence.events).sort("row")
        mended = joined.select(pl.when(pl.col("title").is_null()).then(None).otherwise(pl.col("usual")).alias("title"))
        return evidence.events.with_columns(mended.to_series())


def titled(evidence: Evidence) -> tuple[Part, pl.DataFrame | None]:
    """The frame that has the titles: the events, else the catalogue, else none."""
    if evidence.has("title") and evidence.has("item"):
        return "events", evidence.events
    items = evidence.items
    if items is not None and {"item", "title"} <= set(items.columns) and items["title"].dtype == pl.String:
        return "items", items
    return "items", None


def _with_usual(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns row, item, title, usual: the most frequent title of the item, spaces around it not counted."""
    rows = frame.select("item", "title").with_row_index("row")
    counted = (
        rows.lazy()
        .filter(pl.col("title").is_not_null() & pl.col("item").is_not_null())
        .with_columns(pl.col("title").str.strip_chars())
        .group_by("item", "title")
        .agg(pl.len().alias("n"), pl.col("row").min().alias("first"))
        .sort("n", "first", descending=[True, False])
        .group_by("item", maintain_order=True)
        .agg(pl.col("title").first().alias("usual"))
        .collect()
    )
    return rows.join(counted, on="item", how="left", maintain_order="left")

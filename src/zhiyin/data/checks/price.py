"""Prices of nothing or less: gifts, corrections of stock, bad debts."""

import polars as pl

from zhiyin.data.checks.check import Check, Finding, Words, where
from zhiyin.data.checks.evidence import Evidence


class Price(Check):
    """Looks at the events' prices where they have one, else at the catalogue's."""

    name = "price"
    about = Words("Prices of 0 or less.", "价格为 0 或负数。")
    remedy = Words("leaves out events of price 0 or less", "去除价格为 0 或负数的行")
    done = Words("{rows} of price 0 or less: left out", "{rows} 行价格为 0 或负数：已去除")

    def look(self, evidence: Evidence) -> Finding:
        if evidence.has("price"):
            rows = where(evidence.numbers("price") <= 0)
            return self.about_rows(evidence, rows, "user", "item", "price")
        if evidence.items is not None and "price" in evidence.items.columns:
            rows = where(evidence.items["price"].cast(pl.Float64, strict=False) <= 0)
            return self.about_rows(evidence, rows, "item", "price", part="items")
        return self.finding(evidence, note=Words("not looked at: no price", "未检查：没有 price 列"))

"""Returned goods and cancelled invoices: events that take an earlier one back."""

import polars as pl

from zhiyin.data.checks.check import Check, Finding, Words, where
from zhiyin.data.checks.evidence import Evidence

FEW = 0.25
"""Where more values than this are negative, they are one side of a scale (-10..10, -1/+1); where more sessions than
this are like C123, that is how sessions are numbered."""
OPINIONS = ("rating", "like", "dislike", "hide")
"""Kinds whose value is an opinion; a negative one is no return."""


class Returns(Check):
    """Kind ``return``, an invoice number that begins with C before digits, or a negative quantity."""

    name = "returns"
    about = Words("Returned goods and cancelled invoices.", "退货和取消的订单。")
    remedy = Words("leaves these rows out; else they count against the item", "去除这些行；否则按负面反馈计")
    done = Words("{rows} returns: left out", "{rows} 行退货：已去除")
    fail_above = 0.2

    def look(self, evidence: Evidence) -> Finding:
        signs = [*self._kind(evidence), *self._invoice(evidence), *self._quantity(evidence)]
        if not signs:
            return self.finding(evidence)
        found = evidence.events.select(pl.any_horizontal(signs)).to_series()
        return self.about_rows(evidence, where(found), "user", "item", "value", "session", "kind")

    def _kind(self, evidence: Evidence) -> list[pl.Expr]:
        return [pl.col("kind") == "return"] if evidence.has("kind") else []

    def _invoice(self, evidence: Evidence) -> list[pl.Expr]:
        if not evidence.has("session") or evidence.events["session"].dtype != pl.String:
            return []
        return _where_few(evidence, pl.col("session").str.contains(r"^[Cc]\d+$"))

    def _quantity(self, evidence: Evidence) -> list[pl.Expr]:
        if not evidence.has("value"):
            return []
        negative = pl.col("value").cast(pl.Float64, strict=False) < 0
        if evidence.has("kind"):
            negative &= ~pl.col("kind").is_in(OPINIONS)
        return _where_few(evidence, negative)


def _where_few(evidence: Evidence, sign: pl.Expr) -> list[pl.Expr]:
    """The sign, unless so many rows have it that it means something else."""
    share = evidence.events.select(sign.mean()).item() or 0.0
    return [sign] if share <= FEW else []

"""Returned goods and cancelled invoices: events that take an earlier one back."""

import polars as pl

from zhiyin.data.checks.check import NO_ROWS, Check, Finding, Words, where
from zhiyin.data.checks.evidence import Evidence

FEW = 0.25
"""Where more values than this are negative, they are one side of a scale (-10..10, -1/+1); where more sessions than
this are like C123, that is how sessions are numbered."""
OPINIONS = ("rating", "like", "dislike", "hide")
"""Kinds whose value is an opinion; a negative one is no return."""
TURNED = Words(
    "every quantity is negative: nothing but returns, or the sign is turned round? no row is taken for a return",
    "所有数量均为负：全部是退货，还是正负号颠倒了？没有任何一行按退货处理",
)


class Returns(Check):
    """Kind ``return``, an invoice number that begins with C before digits, or a negative quantity."""

    name = "returns"
    about = Words("Returned goods and cancelled invoices.", "退货和取消的订单。")
    remedy = Words("leaves these rows out; else they count against the item", "去除这些行；否则按负面反馈计")
    done = Words("{rows} returns: left out", "{rows} 行退货：已去除")
    fail_above = 0.2

    def look(self, evidence: Evidence) -> Finding:
        signs = [*self._kind(evidence), *self._invoice(evidence), *self._quantity(evidence)]
        rows = where(evidence.events.select(pl.any_horizontal(signs)).to_series()) if signs else NO_ROWS
        if not len(rows) and _all_negative(evidence):
            return self.finding(evidence, verdict="warn", note=TURNED)
        return self.about_rows(evidence, rows, "user", "item", "value", "session", "kind")

    def _kind(self, evidence: Evidence) -> list[pl.Expr]:
        return [pl.col("kind") == "return"] if evidence.has("kind") else []

    def _invoice(self, evidence: Evidence) -> list[pl.Expr]:
        if not evidence.has("session") or evidence.events["session"].dtype != pl.String:
            return []
        return _where_few(evidence, pl.col("session").str.contains(r"^[Cc]\d+$"))

    def _quantity(self, evidence: Evidence) -> list[pl.Expr]:
        return _where_few(evidence, _negative(evidence)) if evidence.has("value") else []


def _negative(evidence: Evidence) -> pl.Expr:
    """Whether the value is below zero and no opinion."""
    negative = pl.col("value").cast(pl.Float64, strict=False) < 0
    return negative & ~pl.col("kind").is_in(OPINIONS) if evidence.has("kind") else negative


def _all_negative(evidence: Evidence) -> bool:
    """Whether there are values, and each of them (but zeros) is below zero and no opinion."""
    if not evidence.has("value"):
        return False
    counted = pl.col("value").cast(pl.Float64, strict=False).fill_nan(None) != 0
    return evidence.events.filter(counted).select(_negative(evidence).all() & (pl.len() > 0)).item() is True


def _where_few(evidence: Evidence, sign: pl.Expr) -> list[pl.Expr]:
    """The sign, unless so many rows have it that it means something else."""
    share = evidence.events.select(sign.mean()).item() or 0.0
    return [sign] if share <= FEW else []

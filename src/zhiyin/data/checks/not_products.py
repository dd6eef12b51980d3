"""Lines of no product: postage, bank charges, discounts, vouchers, written into the log under a code of their own.

The rule: write every code as its shape (each run of digits ``9``, each run of letters ``A``, so that 85123A and 22423
become ``9A`` and ``9``). Where a catalogue has usual shapes, the codes of all other shapes are few; those are
shown. In addition the codes that shops use for such lines are known by name, where most of the catalogue is of
another shape than the name.
"""

import numpy as np
import polars as pl

from zhiyin.data.checks.check import N_OFFENDERS, Check, Finding, Words
from zhiyin.data.checks.evidence import Evidence

SHOP_WORDS = (
    "post", "postage", "dot", "dotcom postage", "shipping", "freight", "carriage", "delivery", "m", "manual", "d",
    "discount", "s", "samples", "sample", "b", "adjust", "adjustment", "bad debt", "bank charges", "bank charge",
    "amazonfee", "fee", "fees", "cruk", "pads", "c2", "gift", "gift card", "voucher", "coupon", "refund", "tax",
    "vat", "deposit", "tip", "test", "运费", "邮费", "折扣", "优惠券", "礼品卡", "补差价",
)  # fmt: skip
"""Codes of no product, lower case."""
ENOUGH = 100
"""Distinct codes from which shapes say something."""
RARE_SHAPE = 0.01
"""A shape that fewer codes than this share have is unusual."""
N_USUAL, USUAL_SHARE = 3, 0.95
"""Where this many shapes do not cover this share of the codes, the catalogue has no usual shape."""


class NotProducts(Check):
    """Codes without the catalogue's usual shape, and the usual names of postage, fees and vouchers."""

    name = "not_products"
    about = Words("Lines of no product, such as postage or bank charges.", "不是商品的行，例如邮费或银行手续费。")
    remedy = Words("leaves these lines out", "去除这些行")
    done = Words("{rows} lines of no product ({codes} codes): left out", "{rows} 行不是商品（{codes} 个代码）：已去除")
    needs = ("item",)

    def look(self, evidence: Evidence) -> Finding:
        item = evidence.item
        found = no_product(item.ids)
        order = np.argsort(-item.counts[found], kind="stable")
        codes, counts = item.ids.filter(pl.Series(found)).gather(order), item.counts[found][order]
        shown = [f"{codes[i]!r} ({counts[i]:,})" for i in range(min(len(codes), N_OFFENDERS))]
        return self.finding(evidence, item.rows_of(found), shown)

    def said(self, evidence: Evidence, finding: Finding) -> Words:
        codes = len(np.unique(evidence.item.codes[finding.rows]))
        return NotProducts.done.filled(rows=len(finding.rows), codes=codes)


def no_product(codes: pl.Series) -> np.ndarray:
    """Which of these distinct codes name no product, bool (I,)."""
    if not len(codes):
        return np.zeros(0, bool)
    shapes = codes.str.replace_all(r"\d+", "9").str.replace_all(r"\p{L}+", "A").alias("shape")
    share = shapes.to_frame().select(pl.len().over("shape") / pl.len()).to_series().to_numpy()
    covered = shapes.value_counts(sort=True)["count"][:N_USUAL].sum() / len(codes)
    unusual = (share < RARE_SHAPE) & (len(codes) >= ENOUGH and covered >= USUAL_SHARE)
    named = codes.str.strip_chars().str.to_lowercase().str.replace_all(r"[\s_-]+", " ").is_in(SHOP_WORDS).to_numpy()
    listed = named & (share <= 0.5)
    return np.asarray(unusual | listed)

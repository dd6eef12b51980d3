"""Lines of no product: postage, bank charges, discounts, vouchers, written into the log under a code of their own.

The rule: most catalogues number their goods in one way, and what is numbered otherwise is no good. Three ways of
looking at a code: its shape (each run of digits ``9``, each run of letters ``A``, so that 85123A and 22423 become
``9A`` and ``9``), its length, and whether it has anything but letters and digits. Where nearly all codes agree in one
of these, the others are shown. In addition the codes that shops use for such lines are known by name.
"""

import numpy as np
import polars as pl

from zhiyin.data.checks.check import N_OFFENDERS, Check, Finding, Words, clipped
from zhiyin.data.checks.evidence import Evidence

SHOP_WORDS = (
    "post", "postage", "dot", "dotcom postage", "shipping", "freight", "carriage", "delivery", "m", "manual", "d",
    "discount", "s", "samples", "sample", "b", "adjust", "adjustment", "bad debt", "bank charges", "bank charge",
    "amazonfee", "fee", "fees", "cruk", "pads", "c2", "gift", "gift card", "voucher", "coupon", "refund", "tax",
    "vat", "deposit", "tip", "test", "运费", "邮费", "折扣", "优惠券", "礼品卡", "补差价",
)  # fmt: skip
"""Codes of no product, lower case."""
RARE_SHAPE = 0.01
"""A shape that fewer codes than this share have is unusual; so a catalogue of less than 100 codes has none."""
N_USUAL, USUAL_SHARE = 3, 0.95
"""Where this many shapes do not cover this share of the codes, the catalogue has no usual shape."""
SAME = 0.99
"""Share of codes that must agree in length, or in having letters and digits alone. Numbers 1..n never do in length."""


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
        shown = [f"{clipped(codes[i])} ({counts[i]:,})" for i in range(min(len(codes), N_OFFENDERS))]
        return self.finding(evidence, item.rows_of(found), shown)

    def said(self, evidence: Evidence, finding: Finding) -> Words:
        codes = len(np.unique(evidence.item.codes[finding.rows]))
        return NotProducts.done.filled(rows=len(finding.rows), codes=codes)


def no_product(codes: pl.Series) -> np.ndarray:
    """Which of these distinct codes name no product, bool (I,)."""
    if not len(codes):
        return np.zeros(0, bool)
    shapes = codes.str.replace_all(r"\d+", "9").str.replace_all(r"\p{L}+", "A")
    share = _share_alike(shapes)
    covered = shapes.value_counts(sort=True)["count"][:N_USUAL].sum()
    unusual = (share < RARE_SHAPE) & (covered >= USUAL_SHARE * len(codes))
    for view in (codes.str.len_chars(), shapes.str.contains("[^9A]")):
        alike = _share_alike(view)
        unusual |= (alike < 0.5) & (alike.max() >= SAME)
    named = codes.str.strip_chars().str.to_lowercase().str.replace_all(r"[\s_-]+", " ").is_in(SHOP_WORDS).to_numpy()
    listed = named & (share <= 0.5)
    return np.asarray(unusual | listed)


def _share_alike(views: pl.Series) -> np.ndarray:
    """For each code the share of codes that look the same, (I,)."""
    return views.to_frame("view").select(pl.len().over("view") / pl.len()).to_series().to_numpy()

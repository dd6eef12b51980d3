"""One item or one person with too large a share of all events: a test account, a cash desk, a start page."""

import numpy as np

from zhiyin.data.checks.check import N_OFFENDERS, NO_ROWS, Check, Finding, Words, clipped, either
from zhiyin.data.checks.evidence import Coded, Evidence

USER_SHARE, ITEM_SHARE = 0.01, 0.03
"""Shares from which one person or one item is too much."""
TIMES_EVEN = 8
"""... if that is also this many times what everybody would have if all had the same."""
ENOUGH = 1_000
"""Events from which shares say something."""


class Concentration(Check):
    """A person with 1 % of all events or an item with 3 %, and eight times the even share."""

    name = "concentration"
    about = Words("One item or one person with too large a share.", "单个商品或用户占比过大。")
    remedy = Words(
        "has no fix: see who it is; a cash desk or a test account is better left out by hand",
        "没有自动修复：请查明来源，收银台或测试账号最好手动去除",
    )
    fail_above = 0.2
    weight = 0.1

    def look(self, evidence: Evidence) -> Finding:
        rows, shown = NO_ROWS, []
        for name, limit in (("user", USER_SHARE), ("item", ITEM_SHARE)):
            if evidence.n < ENOUGH or not evidence.has(name):
                continue
            coded: Coded = getattr(evidence, name)
            share = coded.counts / evidence.n
            heavy = share >= max(limit, TIMES_EVEN / len(share))
            rows = either(evidence.n, rows, coded.rows_of(heavy))
            heaviest = sorted(np.flatnonzero(heavy), key=lambda code: -share[code])
            shown += [f"{name} {clipped(coded.ids[int(code)])}: {share[code]:.1%}" for code in heaviest[:N_OFFENDERS]]
        return self.finding(evidence, rows, shown)

"""Events of one person at one time: their order is not known, only the order in which they were stored."""

import numpy as np

from zhiyin.data.checks.check import Check, Finding, Words
from zhiyin.data.checks.evidence import Evidence


class TimeTies(Check):
    """Baskets and days make ties by nature; a model of sequences must not read an order into them."""

    name = "time_ties"
    about = Words("Several events of one person at the same time.", "同一用户在同一时间有多个事件。")
    remedy = Words(
        "has no fix: evaluate sequence models with ties shuffled as well",
        "没有自动修复：评估序列模型时请同时打乱并列事件",
    )
    needs = ("user", "time")
    warn_above = 0.005
    fail_above = 1.0
    weight = 0.05

    def look(self, evidence: Evidence) -> Finding:
        line = evidence.timeline
        return self.about_rows(evidence, np.sort(line.rows[line.tied]), "user", "item", "time")

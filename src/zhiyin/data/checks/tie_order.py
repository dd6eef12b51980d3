"""Ties whose stored order follows the ids: a model can learn the id instead of the person.

Of k different items at one moment, one order in k! ascends. The check counts the moments that ascend (or descend)
against that chance, for ids read as text and, where all are whole numbers, as numbers.
"""

import numpy as np
import polars as pl
from scipy.special import gammaln

from zhiyin.data.checks.check import Check, Finding, Words
from zhiyin.data.checks.evidence import Coded, Evidence

SIGNIFICANT = 5.0
"""Standard deviations above chance."""
CLEAR = 4
"""Different items from which a single sorted moment says something (chance 1 in 24)."""
NEARLY_ALL = 0.9
"""Share of sorted moments from which all of them count, pairs too."""


class TieOrder(Check):
    """Moments whose items stand in the order of their ids, where there are more of them than chance allows."""

    name = "tie_order"
    about = Words("Ties whose stored order follows the ids.", "并列事件的存储顺序与编号顺序一致。")
    remedy = Words(
        "has no fix: evaluate with ties shuffled (ties = shuffle), else the order of ids leaks the answer",
        "没有自动修复：评估时请打乱并列事件（ties = shuffle），否则编号顺序会泄露答案",
    )
    needs = ("user", "item", "time")
    fail_above = 1.0
    weight = 0.1

    def look(self, evidence: Evidence) -> Finding:
        line = evidence.timeline
        if not len(line.tied):
            return self.finding(evidence)
        rows, moments = line.rows[line.tied], np.cumsum(line.starts[line.tied]) - 1
        items = evidence.item.codes[rows]
        in_order = np.zeros(moments[-1] + 1, bool)
        for ranks in _ranks(evidence.item):
            in_order |= _sorted_beyond_chance(ranks[items], moments, len(in_order))
        return self.about_rows(evidence, np.sort(rows[in_order[moments]]), "user", "item", "time")


def _ranks(item: Coded) -> list[np.ndarray]:
    """The place of each distinct id in the order of text and of numbers, each int64 (I,), last place for missing."""
    orders = [item.ids]
    numbers = item.ids.cast(pl.Int64, strict=False)
    if not numbers.null_count():
        orders.append(numbers)
    return [np.append(ids.rank("dense").to_numpy().astype(np.int64), 0) for ids in orders]


def _sorted_beyond_chance(ranks: np.ndarray, moments: np.ndarray, n: int) -> np.ndarray:
    """Moments sorted up, or sorted down, if there are too many of them; bool (n,)."""
    inside = moments[1:] == moments[:-1]
    steps, owners = np.sign(np.diff(ranks))[inside], moments[1:][inside]
    ups, downs = (np.bincount(owners[steps == sign], minlength=n) for sign in (1, -1))
    different = ups + downs + 1
    chance = np.where(different > 1, np.exp(-gammaln(different + 1)), 0)
    found = np.zeros(n, bool)
    for mine, against in ((ups, downs), (downs, ups)):
        in_order = (mine > 0) & (against == 0)
        nearly_all = in_order.sum() >= NEARLY_ALL * (different > 1).sum()
        looked_at = (different > 1) if nearly_all else (different >= CLEAR)
        excess = in_order[looked_at].sum() - chance[looked_at].sum()
        if excess > 1 and excess > SIGNIFICANT * np.sqrt((chance * (1 - chance))[looked_at].sum()):
            found |= in_order & looked_at
    return found

"""How good a list is: metrics, intervals, comparisons, the leakage audit. Pure functions on arrays and scorers."""

from zhiyin.evaluation.audit import Audit, audit
from zhiyin.evaluation.comparison import Comparison, compare, compare_pairs, paired
from zhiyin.evaluation.evaluate import Evaluation, evaluate
from zhiyin.evaluation.lists import metrics_of_lists

__all__ = [
    "Audit",
    "Comparison",
    "Evaluation",
    "audit",
    "compare",
    "compare_pairs",
    "evaluate",
    "metrics_of_lists",
    "paired",
]

"""Why this item, for this person, now: in words, and with a number that can be checked."""

from zhiyin.explanation.counterfactual import TRIED, Outcome, Rerun, Score, falls, verified, without
from zhiyin.explanation.reasons import reasons_for

__all__ = ["TRIED", "Outcome", "Rerun", "Score", "falls", "reasons_for", "verified", "without"]

"""Why this item, for this person, now: in words, and with a number that can be checked."""

from zhiyin.explanation.counterfactual import TRIED, Rerun, Verified, falls, verified

__all__ = ["TRIED", "Rerun", "Verified", "falls", "verified"]

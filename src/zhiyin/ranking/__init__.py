"""Models that order candidates from their feature columns; they know nothing of what made the columns."""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "BoostedTrees": "boosted_trees",
    "Logistic": "logistic",
    "Ranker": "ranker",
    "Reliability": "reliability",
    "Rows": "rows",
    "labels_for": "rows",
    "outcome_folds": "folds",
    "reliability_of": "reliability",
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"zhiyin.ranking has no {name!r}; it has {', '.join(_PUBLIC)}")
    return getattr(import_module(f"zhiyin.ranking.{_PUBLIC[name]}"), name)

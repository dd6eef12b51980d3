"""The columns that a ranker reads: definitions, counters as of a moment, one table; the same offline and online."""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Counters": "feature",
    "EventCounters": "counters",
    "Feature": "feature",
    "FeatureTable": "table",
    "compute_table": "table",
    "default_names": "definitions",
    "named_features": "definitions",
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"zhiyin.features has no {name!r}; it has {', '.join(_PUBLIC)}")
    return getattr(import_module(f"zhiyin.features.{_PUBLIC[name]}"), name)

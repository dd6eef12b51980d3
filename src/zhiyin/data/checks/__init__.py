"""What may be wrong with a log: one small file a check, each with its verdict, its rows and what its fix does."""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "CHECKS": "table",
    "Check": "check",
    "Evidence": "evidence",
    "Finding": "check",
    "Quality": "quality",
    "Words": "check",
    "all_checks": "table",
    "named_check": "table",
    "run_checks": "quality",
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"zhiyin.data.checks has no {name!r}; it has {', '.join(_PUBLIC)}")
    return getattr(import_module(f"zhiyin.data.checks.{_PUBLIC[name]}"), name)

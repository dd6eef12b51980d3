"""Online: a request to an explained slate; never loads training code."""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Answerer": "answer",
    "Assembly": "assembly",
    "Plan": "assembly",
    "Rules": "rules",
    "explain": "answer",
    "features_for": "candidates",
    "merge": "candidates",
    "proposed": "candidates",
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"zhiyin.answering has no {name!r}; it has {', '.join(_PUBLIC)}")
    return getattr(import_module(f"zhiyin.answering.{_PUBLIC[name]}"), name)

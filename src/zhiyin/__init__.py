"""Zhiyin (知音): from a raw behaviour log to recommendations made by large models, with reasons and honest figures."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "Catalogue": "zhiyin.data.contracts:Catalogue",
    "Dataset": "zhiyin.data.dataset:Dataset",
    "Histories": "zhiyin.data.contracts:Histories",
    "Requests": "zhiyin.data.contracts:Requests",
    "Slates": "zhiyin.data.contracts:Slates",
    "Weighting": "zhiyin.data.weighting:Weighting",
    "ZhiyinError": "zhiyin.core.errors:ZhiyinError",
    "compare": "zhiyin.evaluation:compare",
    "explain": "zhiyin.answering:explain",
    "evaluate": "zhiyin.evaluation:evaluate",
    "load": "zhiyin.registry:load",
    "models": "zhiyin.models",
    "read": "zhiyin.data.reading:read",
    "split": "zhiyin.data.splits:split",
}
"""Public name → where it is. Importing zhiyin imports none of them."""


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"zhiyin has no {name!r}; it has {', '.join(sorted(_PUBLIC))}")
    module, _, attribute = _PUBLIC[name].partition(":")
    found = import_module(module)
    return getattr(found, attribute) if attribute else found


def __dir__() -> list[str]:
    return sorted([*_PUBLIC, "__version__"])

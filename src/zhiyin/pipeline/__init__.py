"""Offline: a recipe to artefacts, step by step, resumable."""

from importlib import import_module
from typing import Any

_PUBLIC = {"Recipe": "recipe", "Workspace": "workspace", "run": "run"}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"zhiyin.pipeline has no {name!r}; it has {', '.join(_PUBLIC)}")
    return getattr(import_module(f"zhiyin.pipeline.{_PUBLIC[name]}"), name)

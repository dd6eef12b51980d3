"""What may not exist yet: specifications of items that a person would like and the catalogue may not hold."""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "ConditionalGAN": "gan.training",
    "ConditionalGANModel": "gan.network",
    "Encoding": "encoding",
    "Specification": "specification",
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"zhiyin.generation has no {name!r}; it has {', '.join(_PUBLIC)}")
    return getattr(import_module(f"zhiyin.generation.{_PUBLIC[name]}"), name)

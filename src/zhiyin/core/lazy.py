"""Public names of a room that are imported when they are first asked for."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from zhiyin.core.errors import did_you_mean


def lazily(package: str, public: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of ``package``, from public name → the module below it that has it ("": is it).

    Importing the package imports none of them; the names stand as strings, which no tool takes for imports.
    """

    def get(name: str) -> Any:
        if name not in public:
            guess = did_you_mean(name, public) or ";"
            raise AttributeError(f"{package} has no {name!r}{guess} it has {', '.join(public)}")
        module = import_module(f"{package}.{public[name] or name}")
        return getattr(module, name) if public[name] else module

    return get, lambda: sorted(public)

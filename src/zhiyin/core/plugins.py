"""Plug-ins are found by name in entry-point groups; built-in ones are registered the same way as anybody's."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from zhiyin.core.errors import ModelError


@cache
def registered(group: str) -> dict[str, EntryPoint]:
    """Entry points of one group (``zhiyin.models`` …) by name. Nothing is imported."""
    return {point.name: point for point in entry_points(group=group)}


def find(group: str, name: str) -> Any:
    """The object registered under ``name``; raises `ModelError` naming the choices where there is none."""
    known = registered(group)
    if name not in known:
        what = group.removeprefix("zhiyin.").removesuffix("s")
        raise ModelError.unknown(f"there is no {what} {name!r}", name, sorted(known))
    return known[name].load()

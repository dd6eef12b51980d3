"""An item that need not exist: what it would be, what there is near it, how new it is."""

from dataclasses import dataclass
from typing import Any

Attributes = dict[str, str | float | list[str]]


@dataclass(frozen=True)
class Specification:
    """One made-up item."""

    attributes: Attributes
    """By catalogue column: a value, a number, or several values (the words of a title in their usual order)."""
    neighbours: list[tuple[str, float]]
    """Ids of the nearest items of the catalogue and their distances, nearest first."""
    novelty: float
    """Share of the catalogue's items that have a nearer neighbour than this: 0 is a copy, above 0.05 counts as new."""

    @property
    def text(self) -> str:
        """For people: ``jug, ceramic, price 4–6, red retrospot``."""
        return ", ".join(filter(None, (_said(name, value) for name, value in self.attributes.items())))

    def to_dict(self) -> dict[str, Any]:
        """The JSON shape of ``generate``."""
        neighbours = [{"item": item, "distance": distance} for item, distance in self.neighbours]
        return {"attributes": self.attributes, "neighbours": neighbours, "novelty": self.novelty}


def _said(name: str, value: str | float | list[str]) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return " ".join(value)
    return f"{name} {0.8 * value:.2g}–{1.2 * value:.2g}" if value > 0 else f"{name} {value:.2g}"

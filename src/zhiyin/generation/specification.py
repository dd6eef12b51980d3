"""An item that need not exist: what it would be, what there is near it, how new it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zhiyin.core.languages import Sentence

Attributes = dict[str, str | float | list[str]]
Ranges = dict[str, tuple[float, float]]

CHINESE = {"price": "价格", "year": "年份", "rating": "评分", "pages": "页数", "weight": "重量", "size": "尺寸"}
"""Names of columns of numbers, where we know them."""


@dataclass(frozen=True)
class Specification:
    """One made-up item."""

    attributes: Attributes
    """By catalogue column: a value, a number, or several values (the words of a title in their usual order)."""
    neighbours: list[tuple[str, float]]
    """Ids of the nearest items of the catalogue and their distances, nearest first."""
    novelty: float
    """Share of the catalogue's items that have a nearer neighbour than this: 0 is a copy, above 0.05 counts as new."""
    ranges: Ranges
    """By column of numbers: the middle half of what was drawn with the most similar words and values."""
    text: Sentence
    """For people: ``ceramic jug, price 4–6, red, retro spot``."""

    def to_dict(self) -> dict[str, Any]:
        """The JSON shape of ``generate``."""
        neighbours = [{"item": item, "distance": distance} for item, distance in self.neighbours]
        return {
            "attributes": self.attributes, "neighbours": neighbours, "novelty": self.novelty,
            "ranges": {name: list(ends) for name, ends in self.ranges.items()},
            "text": self.text.en, "text_zh": self.text.zh,
        }  # fmt: skip


def sentence(attributes: Attributes, ranges: Ranges, titles: frozenset[str] = frozenset()) -> Sentence:
    """An item in words: the words of ``titles`` first, then values, ranges of numbers, tags."""
    order = sorted(attributes, key=lambda name: _place(attributes[name], name in titles))
    english = [_said(name, attributes[name], ranges, titles, {}) for name in order]
    chinese = [_said(name, attributes[name], ranges, titles, CHINESE) for name in order]
    return Sentence(", ".join(english), "，".join(chinese))


def _place(value: str | float | list[str], is_title: bool) -> int:
    return 0 if is_title else 1 if isinstance(value, str) else 3 if isinstance(value, list) else 2


def _said(
    name: str, value: str | float | list[str], ranges: Ranges, titles: frozenset[str], names: Mapping[str, str]
) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return " ".join(value) if name in titles else ("，" if names else ", ").join(value)
    low, high = (_number(end) for end in ranges.get(name, (value, value)))
    return f"{names.get(name, name)} {low}" + (f"–{high}" if high != low else "")


def _number(x: float) -> str:
    """At most three digits of what is no whole number."""
    return f"{x:.0f}" if x == round(x) or abs(x) >= 100 else f"{x:.3g}"

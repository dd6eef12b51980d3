"""An item that need not exist: what it would be, what there is near it, how new it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zhiyin.core.languages import Sentence

Attributes = dict[str, str | float | list[str]]
Ranges = dict[str, tuple[float, float]]

CHINESE = {
    "price": "价格", "year": "年份", "rating": "评分", "pages": "页数", "weight": "重量", "size": "尺寸",
    "author": "作者", "authors": "作者", "brand": "品牌", "publisher": "出版社", "language": "语言", "country": "国家",
    "artist": "艺术家", "director": "导演",
}  # fmt: skip
"""Names of columns, where we know them."""
PLAIN = frozenset((
    "title", "name", "category", "categories", "genre", "genres", "kind", "type", "colour", "color", "material",
    "style", "tag", "tags", "department", "标题", "名称", "类别", "分类", "类型", "颜色", "标签",
))  # fmt: skip
"""Columns whose values speak for themselves; those of others stand beside the column's name."""


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
    """For people: ``ceramic jug, brand Hygge, price 4–6, red``."""

    def to_dict(self) -> dict[str, Any]:
        """The JSON shape of ``generate``."""
        neighbours = [{"item": item, "distance": distance} for item, distance in self.neighbours]
        return {
            "attributes": self.attributes, "neighbours": neighbours, "novelty": self.novelty,
            "ranges": {name: list(ends) for name, ends in self.ranges.items()},
            "text": self.text.en, "text_zh": self.text.zh,
        }  # fmt: skip


def sentence(attributes: Attributes, ranges: Ranges, texts: tuple[str, ...] = ()) -> Sentence:
    """An item in words: the words of ``texts`` first, of which the first is the title, then values, ranges, tags."""
    order = sorted(attributes, key=lambda name: _place(name, attributes[name], texts))
    english = [_said(name, attributes[name], ranges, texts, {}) for name in order]
    chinese = [_said(name, attributes[name], ranges, texts, CHINESE) for name in order]
    return Sentence(", ".join(english), "，".join(chinese))


def _place(name: str, value: str | float | list[str], texts: tuple[str, ...]) -> int:
    if name in texts:
        return texts.index(name) - len(texts)
    return 1 if isinstance(value, str) else 3 if isinstance(value, list) else 2


def _said(
    name: str, value: str | float | list[str], ranges: Ranges, texts: tuple[str, ...], names: Mapping[str, str]
) -> str:
    named = "" if name.lower() in PLAIN or name in texts[:1] else f"{names.get(name, name).replace('_', ' ')} "
    if isinstance(value, str):
        return named + value
    if isinstance(value, list):
        return named + (" " if name in texts else "，" if names else ", ").join(value)
    low, high = (_number(end) for end in ranges.get(name, (value, value)))
    return f"{named}{low}" + (f"–{high}" if high != low else "")


def _number(x: float) -> str:
    """At most three digits of what is no whole number."""
    return f"{x:.0f}" if x == round(x) or abs(x) >= 100 else f"{x:.3g}"

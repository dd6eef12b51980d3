"""What a log can give beside the usual features: the names of all whose inputs are there."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from zhiyin.data.dataset import Dataset
from zhiyin.features import catalogue as columns
from zhiyin.features import groups, mood, place, search, session, social
from zhiyin.features.definitions import FURTHER, TITLE
from zhiyin.features.plugins import plugins

WINDOWS = (7, 30)
"""Days for which counters of each kind are offered."""


def further_names(dataset: Dataset, models: Mapping[str, Any] | None = None) -> list[str]:
    """Names of what this log and these models can give beside `default_names`, windows of other lengths aside."""
    people, context, items = dataset.people, dataset.histories.context, dataset.catalogue
    names = [name for name in FURTHER if not name.startswith(("friends", "nearby"))]
    names += ["nearby"] if place.has_place(people) or place.has_place(context) else []
    names += ["friends", "friends_7d", "friends_30d"] if social.COLUMN in people else []
    codes = sorted(set(dataset.histories.kinds.tolist()))
    happening = [dataset.kinds[code] for code in codes]
    if len(happening) > 1:
        names += [f"count.{kind}{window}" for kind in happening for window in ("", *(f".{d}d" for d in WINDOWS))]
        names += [f"own.{kind}" for kind in happening]
        names += [f"conversion.{one}.{then}" for one, then in pairwise(happening)]
    groupable = [name for name, column in people.items() if _groups(name, column)]
    names += [f"group.{name}" for name in groupable]
    names += [f"person.{name}" for name, column in people.items() if columns.is_number(column)]
    names += [
        f"cross.{name}.{column}" for name in groupable for column, values in items.columns.items()
        if not columns.is_number(values) and columns.repeats(items, column)
    ]  # fmt: skip
    names += [f"match.{name}" for name in groupable if name in items.columns]
    names += [f"at.{name}" for name, column in context.items() if _groups(name, column) and _few(column)]
    names += ["distance"] if place.has_place(items.columns) and "nearby" in names else []
    names += ["query"] if search.COLUMN in context and TITLE in items.columns else []
    names += [f"{family}.{name}" for name in context if name in mood.WORDS for family in ("mood", "mood_fit")]
    names += [
        f"recent.{name}"
        for name in (*items.content, *(models or {}))
        if name in items.content or _vectors(models, name)
    ]
    return names + sorted(plugins())


def _groups(name: str, column: Any) -> bool:
    """Whether people or events can be put into groups by it."""
    place_of = {part for pair in place.NAMES for part in pair}
    return column.ndim == 1 and name not in (
        *place_of,
        *mood.WORDS,
        social.COLUMN,
        search.COLUMN,
        session.COLUMN,
        "consent",
    )


def _few(column: Any) -> bool:
    """Whether its values are no measures and come again, so that events of one can be counted."""
    return column.dtype.kind != "f" and len(groups.different(column)) * 10 <= max(len(column), 1)


def _vectors(models: Mapping[str, Any] | None, name: str) -> bool:
    return hasattr((models or {}).get(name), "item_vectors")

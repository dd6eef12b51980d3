"""Every feature by its name, in one place. A new one is a function, and a line here."""

from collections.abc import Iterable, Mapping
from typing import Any

from zhiyin.core.errors import SettingsError
from zhiyin.data.contracts import Catalogue
from zhiyin.features import catalogue as columns
from zhiyin.features import person, popularity
from zhiyin.features.feature import Compute, Feature
from zhiyin.features.large import Asked, model_feature

COUNTED = ("counters",)
BEHAVIOUR: dict[str, tuple[Compute, tuple[str, ...], str]] = {
    "popularity": (popularity.popularity(None), COUNTED, "log(1 + events of the item until now)"),
    "popularity_1d": (popularity.popularity(1), COUNTED, "log(1 + events of the item in the last day)"),
    "popularity_7d": (popularity.popularity(7), COUNTED, "log(1 + events of the item in the last 7 days)"),
    "popularity_30d": (popularity.popularity(30), COUNTED, "log(1 + events of the item in the last 30 days)"),
    "trend": (popularity.trend, COUNTED, "log of the item's rate in the last 7 days over that in the last 30"),
    "item_recency": (popularity.item_recency, COUNTED, "log(1 + days since anybody took the item)"),
    "item_age": (popularity.item_age, COUNTED, "log(1 + days since somebody first took the item)"),
    "activity": (person.activity, ("history",), "log(1 + events of the person)"),
    "variety": (person.variety, ("history",), "different items over events of the person"),
    "person_recency": (person.person_recency, ("history", "moment"), "log(1 + days since the person's newest event)"),
    "times_taken": (person.times_taken, ("history",), "log(1 + how often the person took this item before)"),
    "days_since_taken": (
        person.days_since_taken, ("history", "moment"), "log(1 + days since the person last took this item)",
    ),
    "resemblance": (
        person.resemblance, ("history", "counters"), "how often the same people took this and the newest items",
    ),
    "resemblance_last": (
        person.resemblance_last, ("history", "counters"), "how often the same people took this and the last item",
    ),
}  # fmt: skip
OF_COLUMN = {
    "value": (columns.numeric, "the catalogue's {} of the item"),
    "against_usual": (columns.against_usual, "log of the item's {} over the person's usual one"),
    "same": (columns.same_value, "share of the person's events with an item of the same {}"),
}
"""``value.price``, ``against_usual.price``, ``same.category``: one feature for each fitting catalogue column."""
OF_MODEL = ("score", "rank", "similarity")


def default_names(catalogue: Catalogue, models: Mapping[str, Any] | None = None) -> list[str]:
    """Names of all features that this catalogue and these models (by name) can give, vectors' single numbers aside."""
    names = list(BEHAVIOUR)
    for name, column in catalogue.columns.items():
        if columns.is_number(column):
            names += [f"value.{name}", f"against_usual.{name}"]
        elif columns.repeats(catalogue, name):
            names.append(f"same.{name}")
    for name, model in (models or {}).items():
        names += [f"{name}.{what}" for what in OF_MODEL if what != "similarity" or hasattr(model, "item_vectors")]
    return names


def named_features(
    names: Iterable[str], catalogue: Catalogue, models: Mapping[str, Any] | None = None
) -> list[Feature]:
    """The features of these names; raises `SettingsError` for one that does not exist, naming the nearest."""
    asked = {name: Asked(model) for name, model in (models or {}).items()}
    return [_feature(name, catalogue, asked) for name in names]


def _feature(name: str, catalogue: Catalogue, models: Mapping[str, Asked]) -> Feature:
    if name in BEHAVIOUR:
        compute, inputs, meaning = BEHAVIOUR[name]
        return Feature(name, inputs, meaning, compute)
    kind, _, column = name.partition(".")
    if kind in OF_COLUMN and column in catalogue.columns:
        make, meaning = OF_COLUMN[kind]
        if kind != "same" and not columns.is_number(catalogue.columns[column]):
            raise SettingsError(
                f"feature {name!r} needs numbers, catalogue column {column!r} has none; use same.{column}"
            )
        inputs = ("catalogue",) if kind == "value" else ("history", "catalogue")
        return Feature(name, inputs, meaning.format(column), make(catalogue.columns[column]))
    model, _, what = name.rpartition(".")
    if model in models:
        return model_feature(model, what, models[model])
    known = default_names(catalogue, {name: asked.model for name, asked in models.items()})
    raise SettingsError.unknown(f"there is no feature {name!r}", name, known, "the features here are")

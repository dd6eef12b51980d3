"""Every feature by its name, in one place. A new one is a function, and a line here."""

from collections.abc import Mapping
from typing import Any

from zhiyin.core.errors import SettingsError
from zhiyin.data.contracts import Catalogue
from zhiyin.features import catalogue as columns
from zhiyin.features import groups, moment, person, place, popularity, search, session, social
from zhiyin.features.families import COUNTED, FAMILIES, LIFT, Known
from zhiyin.features.feature import DAY, Compute, Feature
from zhiyin.features.large import model_feature
from zhiyin.features.plugins import plugins

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
"""What a recipe that names nothing takes."""
RUNNING = ("history", "moment")
WHERE = ("person", "moment", "history")
FURTHER: dict[str, tuple[Compute, tuple[str, ...], str]] = {
    "trend_1d": (popularity.trend_1d, COUNTED, "log of the item's rate in the last day over that in the last 7"),
    "person_trend": (person.person_trend, RUNNING, "log of the person's rate in the last 7 days over that in 30"),
    "session_events": (session.session_events, RUNNING, "log(1 + events of the running session)"),
    "session_minutes": (session.session_minutes, RUNNING, "log(1 + minutes since the running session began)"),
    "session_taken": (session.session_taken, RUNNING, "log(1 + how often the item is in the running session)"),
    "session_resemblance": (
        session.session_resemblance, ("history", "moment", "counters"),
        "how often the same people took this and the items of the running session",
    ),
    "hour_sin": (moment.cycle(DAY, "sin"), ("moment",), "sine of the hour of the day, UTC"),
    "hour_cos": (moment.cycle(DAY, "cos"), ("moment",), "cosine of the hour of the day, UTC"),
    "weekday_sin": (moment.cycle(7 * DAY, "sin"), ("moment",), "sine of the place in the week, from Monday, UTC"),
    "weekday_cos": (moment.cycle(7 * DAY, "cos"), ("moment",), "cosine of the place in the week, from Monday, UTC"),
    "at_hour": (groups.lift(groups.Clock("hour")), ("moment", "counters"), LIFT.format("at this hour of the day")),
    "at_weekday": (groups.lift(groups.Clock("weekday")), ("moment", "counters"), LIFT.format("on this weekday")),
    "nearby": (
        groups.lift(place.Cell()), (*WHERE, "counters"), LIFT.format("where the person is"),
    ),
    "friends": (social.friends(None), ("person", "counters"), "log(1 + friends who took the item)"),
    "friends_7d": (social.friends(7), ("person", "counters"), "log(1 + friends who took it in the last 7 days)"),
    "friends_30d": (social.friends(30), ("person", "counters"), "log(1 + friends who took it in the last 30 days)"),
}  # fmt: skip
"""What a recipe takes by name."""
OF_COLUMN = {
    "value": (columns.numeric, "the catalogue's {} of the item"),
    "against_usual": (columns.against_usual, "log of the item's {} over the person's usual one"),
    "same": (columns.same_value, "share of the person's events with an item of the same {}"),
}
"""``value.price``, ``against_usual.price``, ``same.category``: one feature for each fitting catalogue column."""
OF_ITEMS = {
    "distance": ((*WHERE, "catalogue"), "log(1 + kilometres between person and item)"),
    "query": ((*RUNNING, "catalogue"), "likeness of the words of the last searches and the item's title"),
}
"""Of the catalogue's ``latitude`` and ``longitude``, and of its ``title``."""
OF_MODEL = ("score", "rank", "similarity")
TITLE = "title"


def default_names(catalogue: Catalogue, models: Mapping[str, Any] | None = None) -> list[str]:
    """Names of what a recipe takes that names none: all that this catalogue and these models (by name) can give of
    `BEHAVIOUR`, `OF_COLUMN` and `OF_MODEL`; vectors' single numbers aside."""
    names = list(BEHAVIOUR)
    for name, column in catalogue.columns.items():
        if columns.is_number(column):
            names += [f"value.{name}", f"against_usual.{name}"]
        elif columns.repeats(catalogue, name):
            names.append(f"same.{name}")
    for name, model in (models or {}).items():
        names += [f"{name}.{what}" for what in OF_MODEL if what != "similarity" or hasattr(model, "item_vectors")]
    return names


def is_ours(name: str) -> bool:
    """Whether a feature has this name wherever it is used, so that none of a recipe or a plug-in can."""
    return name in BEHAVIOUR or name in FURTHER or name in OF_ITEMS


def feature_named(name: str, known: Known) -> Feature | None:
    """One of them; None where there is none. Raises `SettingsError` for numbers of a column that has none."""
    for table in (BEHAVIOUR, FURTHER):
        if name in table:
            compute, inputs, meaning = table[name]
            return Feature(name, inputs, meaning, compute)
    if (plugin := plugins().get(name)) is not None:
        return plugin
    found = _of_catalogue(name, known) or _of_family(name, known)
    if found is not None:
        return found
    model, _, what = name.rpartition(".")
    if model in known.models:
        return model_feature(model, what, known.models[model])
    return None


def _of_catalogue(name: str, known: Known) -> Feature | None:
    kind, _, column = name.partition(".")
    items = known.catalogue.columns
    if kind in OF_COLUMN and column in items:
        make, meaning = OF_COLUMN[kind]
        if kind != "same" and not columns.is_number(items[column]):
            raise SettingsError(
                f"feature {name!r} needs numbers, catalogue column {column!r} has none; use same.{column}"
            )
        inputs = ("catalogue",) if kind == "value" else ("history", "catalogue")
        return Feature(name, inputs, meaning.format(column), make(items[column]))
    if name == "distance" and place.has_place(items):
        return Feature(
            name, (*WHERE, "catalogue"), "log(1 + kilometres between person and item)", place.distance(items)
        )
    if name == "query" and TITLE in items:
        return Feature(
            name, (*RUNNING, "catalogue"), "likeness of the last searches and the title", search.likeness(items[TITLE])
        )
    if kind == "match" and column in items and known.has("people", column):
        meaning = f"whether the item's {column} is the person's own"
        return Feature(name, ("person", "catalogue"), meaning, place.same_region(column, items[column]))
    return None


def _of_family(name: str, known: Known) -> Feature | None:
    """``FAMILY.ARGUMENT``, where the argument is there."""
    family, _, argument = name.partition(".")
    return FAMILIES[family][0](name, argument, known) if family in FAMILIES and argument else None

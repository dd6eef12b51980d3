"""Every feature by its name, in one place. A new one is a function, and a line here."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from zhiyin.core.errors import SettingsError
from zhiyin.data.contracts import KINDS, Catalogue
from zhiyin.data.dataset import Dataset
from zhiyin.features import catalogue as columns
from zhiyin.features import groups, kinds, moment, mood, person, place, popularity, recent, search, session, social
from zhiyin.features.feature import DAY, Compute, Feature
from zhiyin.features.large import Asked, model_feature
from zhiyin.features.plugins import plugins

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
"""What a recipe that names nothing takes."""
RUNNING = ("history", "moment")
WHERE = ("person", "moment", "history")
LIFT = "how much more often the item is taken {}"
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
OF_MODEL = ("score", "rank", "similarity")
WINDOW = re.compile(r"(.+)\.(\d{1,4})d")
"""``count.view.7d``: a kind, and the days of a window."""
TITLE = "title"
WINDOWS = (7, 30)
"""Days for which counters of each kind are offered."""


@dataclass(frozen=True, eq=False)
class Known:
    """What features can be made of."""

    catalogue: Catalogue
    models: Mapping[str, Asked] = field(default_factory=dict)
    log: Dataset | None = None
    """To check names against; without it the columns of people and events, and kinds, are taken on trust."""

    def has(self, part: str, column: str) -> bool:
        """Whether the log's ``people`` or ``context`` has this column."""
        if self.log is None:
            return True
        return column in (self.log.people if part == "people" else self.log.histories.context)

    def happens(self, kind: str) -> bool:
        """Whether there is such a kind of event."""
        return kind in (self.log.kinds if self.log else KINDS) or self.log is None


def default_names(catalogue: Catalogue, models: Mapping[str, Any] | None = None) -> list[str]:
    """Names of what a recipe takes that names none: all that this catalogue and these models (by name) can give of
    `BEHAVIOUR`, `OF_COLUMN` and `OF_MODEL`."""
    names = list(BEHAVIOUR)
    for name, column in catalogue.columns.items():
        if columns.is_number(column):
            names += [f"value.{name}", f"against_usual.{name}"]
        elif columns.repeats(catalogue, name):
            names.append(f"same.{name}")
    for name, model in (models or {}).items():
        names += [f"{name}.{what}" for what in OF_MODEL if what != "similarity" or hasattr(model, "item_vectors")]
    return names


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


def is_ours(name: str) -> bool:
    """Whether a feature has this name wherever it is used, so that none of a recipe or a plug-in can."""
    return name in BEHAVIOUR or name in FURTHER or name in ("distance", "query")


def feature_named(name: str, known: Known) -> Feature:
    """One of them. Raises `SettingsError` where there is none, with the nearest."""
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
    raise SettingsError.unknown(f"there is no feature {name!r}", name, _all_names(known), "the features here are")


def _all_names(known: Known) -> list[str]:
    models = {name: asked.model for name, asked in known.models.items()}
    names = default_names(known.catalogue, models)
    return names + (further_names(known.log, models) if known.log is not None else list(FURTHER))


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
    make = FAMILIES.get(family)
    return make(name, argument, known) if make and argument else None


def _count(name: str, argument: str, known: Known) -> Feature | None:
    window = WINDOW.fullmatch(argument)
    kind, days = (window[1], float(window[2])) if window else (argument, None)
    if not known.happens(kind) or days == 0:
        return None
    lately = f" in the last {days:g} days" if days else ""
    return Feature(name, COUNTED, f"log(1 + events {kind} of the item{lately})", kinds.count(kind, days))


def _conversion(name: str, argument: str, known: Known) -> Feature | None:
    window = WINDOW.fullmatch(argument)
    pair, days = (window[1], float(window[2])) if window else (argument, None)
    first, _, then = pair.partition(".")
    if not (known.happens(first) and known.happens(then)) or days == 0 or not then:
        return None
    meaning = f"log of events {then} over events {first} of the item, drawn towards the rate of all"
    return Feature(name, COUNTED, meaning, kinds.conversion(first, then, days))


def _own(name: str, argument: str, known: Known) -> Feature | None:
    meaning = f"log(1 + events {argument} of the person with this item)"
    return Feature(name, ("history",), meaning, kinds.own(argument)) if known.happens(argument) else None


def _group(name: str, argument: str, known: Known) -> Feature | None:
    if not known.has("people", argument):
        return None
    meaning = LIFT.format(f"by people of the same {argument}")
    return Feature(name, ("person", "counters"), meaning, groups.lift(groups.PersonColumn(argument)))


def _cross(name: str, argument: str, known: Known) -> Feature | None:
    items = known.catalogue.columns
    for dot in (match.start() for match in re.finditer(r"\.", argument)):  # a column's name may have dots
        own, column = argument[:dot], argument[dot + 1 :]
        if column in items and known.has("people", own):
            meaning = f"how much more often items of this {column} are taken by people of the same {own}"
            compute = groups.lift(groups.PersonColumn(own), column, items[column])
            return Feature(name, ("person", "catalogue", "counters"), meaning, compute)
    return None


def _of_person(name: str, argument: str, known: Known) -> Feature | None:
    if not known.has("people", argument):
        return None
    return Feature(name, ("person",), f"the person's {argument}", moment.of_person(argument))


def _at(name: str, argument: str, known: Known) -> Feature | None:
    if not known.has("context", argument):
        return None
    inputs, meaning = ("moment", "history", "counters"), LIFT.format(f"where {argument} is the same as now")
    return Feature(name, inputs, meaning, groups.lift(groups.ContextColumn(argument)))


def _mood(name: str, argument: str, known: Known) -> Feature | None:
    if not known.has("context", argument):
        return None
    return Feature(name, ("history",), f"sentiment of the person's newest words in {argument}", mood.mood(argument))


def _mood_fit(name: str, argument: str, known: Known) -> Feature | None:
    if not known.has("context", argument):
        return None
    meaning = LIFT.format(f"after words in {argument} of the same mood")
    return Feature(name, ("history", "counters"), meaning, groups.lift(mood.Mood(argument)))


def _recent(name: str, argument: str, known: Known) -> Feature | None:
    meaning = f"cosine of the item and the person's last items by {argument}"
    if argument in known.catalogue.content:
        return Feature(name, ("history", "catalogue"), meaning, recent.to_recent(known.catalogue.content[argument]))
    asked = known.models.get(argument)
    if asked is None or not hasattr(asked.model, "item_vectors"):
        return None
    return Feature(name, ("history", argument), meaning, recent.to_recent(asked.model.item_vectors))


FAMILIES: Mapping[str, Callable[[str, str, Known], Feature | None]] = {
    "count": _count, "conversion": _conversion, "own": _own, "group": _group, "cross": _cross, "person": _of_person,
    "at": _at, "mood": _mood, "mood_fit": _mood_fit, "recent": _recent,
}  # fmt: skip


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

"""Features of a family, ``FAMILY.ARGUMENT``: one for each kind of event, column or block of content that there is."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from zhiyin.data.contracts import KINDS, Catalogue
from zhiyin.data.dataset import Dataset
from zhiyin.features import groups, kinds, moment, mood, recent
from zhiyin.features.feature import Feature
from zhiyin.features.large import Asked

COUNTED = ("counters",)
LIFT = "how much more often the item is taken {}"
WINDOW = re.compile(r"(.+)\.(\d{1,4})d")
"""``count.view.7d``: a kind, and the days of a window."""


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


Make = Callable[[str, str, Known], Feature | None]
FAMILIES: Mapping[str, tuple[Make, str]] = {
    "count": (_count, "KIND"), "conversion": (_conversion, "KIND.KIND"), "own": (_own, "KIND"),
    "group": (_group, "COLUMN"), "cross": (_cross, "COLUMN.CATEGORY"), "person": (_of_person, "COLUMN"),
    "at": (_at, "COLUMN"), "mood": (_mood, "COLUMN"), "mood_fit": (_mood_fit, "COLUMN"), "recent": (_recent, "BLOCK"),
}  # fmt: skip
"""How each is made, and what its argument is. CATEGORY and BLOCK are the catalogue's, COLUMN is of people or events."""

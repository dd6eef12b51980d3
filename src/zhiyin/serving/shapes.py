"""What is asked over HTTP, checked: unknown fields, wrong kinds and too much of anything are refused."""

from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from zhiyin.answering import Boost, Filter, Wishes
from zhiyin.answering.filters import LONGEST
from zhiyin.answering.ladder import Rung
from zhiyin.answering.why import By
from zhiyin.core.errors import DataError
from zhiyin.core.settings import Config
from zhiyin.serving.limits import COLUMNS, CONTEXT, EVENTS, EXPLAIN_MS, HISTORY, ID, ITEMS, PINS, SIMILAR, WISHES, K
from zhiyin.store.events import UNKEPT


def _kept(text: str) -> str:
    if UNKEPT.search(text):
        raise ValueError("give text without NUL and half characters")
    return text


def id_of(text: str) -> str:
    """The id that a path names. Raises `DataError` for one that cannot be kept."""
    if not text or len(text) > ID or UNKEPT.search(text):
        found = repr(text[:60])
        raise DataError(f"the path names {found}; give an id of 1 to {ID:,} characters without NUL", found=found)
    return text


Id = Annotated[str, Field(min_length=1, max_length=ID), AfterValidator(_kept)]
Cell = Annotated[str, Field(max_length=ID)] | bool | int | float | None
Text = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Length = Annotated[int, Field(ge=1, le=K, strict=True)]


class EventIn(Config):
    """Somebody did something."""

    user: Id
    item: Id
    time: Annotated[int, Field(ge=0, le=1 << 40, strict=True)] | None = None
    """Seconds UTC; the server's clock where it is left out."""
    kind: Id | None = None
    """view, click, cart, purchase …; the first of the log's kinds where it is left out."""
    value: Annotated[float, Field(ge=-1e15, le=1e15, strict=True)] | None = None
    """A rating, a quantity, seconds of play."""
    context: Annotated[dict[Id, Cell], Field(max_length=CONTEXT)] | None = None
    """Further columns, such as ``consent``."""
    idempotency_key: Id | None = None
    """An event sent again under the same key counts once."""


class EventsIn(Config):
    """One event or many: all of them are taken in, or none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"events": [{"user": "17850", "item": "22423", "kind": "click", "idempotency_key": "a-1"}]}]
        }
    )
    events: Annotated[list[EventIn], Field(min_length=1, max_length=EVENTS)]


class BoostIn(Config):
    """Items that are lifted."""

    filter: Text
    """Which, as in ``filter``."""
    by: Annotated[float, Field(ge=-100, le=100)]
    """By so many spreads (standard deviations) of the candidates' scores; below 0 they are pushed down."""


class WishesIn(Config):
    """What is wished of a slate beside its length. Nothing of it shows what the house rules forbid."""

    k: Length | None = None
    """How many items; the recipe's where it is left out."""
    offset: Annotated[int, Field(ge=0, lt=K, strict=True)] = 0
    """So many are left out at the beginning: the second page of 10 has 10."""
    filter: Text | None = None
    """Only items of which this holds: ``category == "mug" and price < 5``; ``in``, ``or``, ``not``, brackets."""
    boost: Annotated[list[BoostIn], Field(max_length=WISHES)] = []
    most: Annotated[dict[Id, Annotated[int, Field(ge=1, le=K, strict=True)]], Field(max_length=WISHES)] = {}
    """At most so many items of one value: ``{"category": 3}``."""
    pin: Annotated[list[Id], Field(max_length=PINS)] = []
    """Items that stand first, in this order."""

    @model_validator(mode="after")
    def _within(self) -> Self:
        if self.offset + (self.k or 0) > K:
            raise ValueError(f"offset and k are together {self.offset + (self.k or 0)}; give at most {K}")
        return self

    @property
    def wishes(self) -> Wishes:
        """As answers take them. Raises `SettingsError` for a filter that cannot be read."""
        boosts = tuple(Boost(Filter.of(boost.filter), boost.by) for boost in self.boost)
        only = None if self.filter is None else Filter.of(self.filter)
        return Wishes(only, boosts, self.most, tuple(dict.fromkeys(self.pin)), self.offset)


class Who(Config):
    """Who asks: a person by id, or somebody of whom only a history is known."""

    user: Id | None = None
    """A person of the log, or one who came since; anybody else is answered as somebody new."""
    history: Annotated[list[Id], Field(max_length=HISTORY)] | None = None
    """Item ids, oldest first; may be empty."""
    moment: Annotated[dict[Id, Cell], Field(max_length=CONTEXT)] = {}
    """What is known of now, as columns that features read: ``{"device": "phone", "query": "tea cups"}``."""

    @model_validator(mode="after")
    def _who(self) -> Self:
        if (self.user is None) == (self.history is None):
            raise ValueError("give either user or history, one of the two")
        return self


class RecommendIn(Who, WishesIn):
    """A slate for a person, or after a history."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"user": "17850", "k": 5},
                {"history": ["85123A"], "filter": 'category == "mug" and price < 5', "most": {"category": 2}},
            ]
        }
    )
    exclude: Annotated[list[Id], Field(max_length=HISTORY)] = []
    """Items that are not to be returned."""
    rung: Rung = "full"
    """The rung that is tried first: a lower one costs less."""
    reasons: bool = False
    """Each item with its reason (slow: each is tried by asking again)."""


class ItemIn(Config):
    """What is said of an item."""

    item: Id
    columns: Annotated[dict[Id, Cell | list[Cell]], Field(max_length=COLUMNS)] = {}
    """Cells that stand before the log's from now on; columns that are not named stay."""
    withdrawn: bool = False
    """It is not shown any more, until it is put again without this."""


class ItemsIn(Config):
    """What is said of items."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [{"item": "22423", "columns": {"price": 10.95, "stock": 3}}]}]}
    )
    items: Annotated[list[ItemIn], Field(min_length=1, max_length=ITEMS)]


class PersonIn(Config):
    """What is said of a person."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"columns": {"country": "France"}}]})
    columns: Annotated[dict[Id, Cell], Field(min_length=1, max_length=COLUMNS)]


class ExplainIn(Who):
    """One item, and whoever asks."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"user": "17850", "item": "22423", "by": "loo"}]})
    item: Id
    by: By = "loo"
    """The way."""
    k: Length | None = None
    """Length of the slate that is spoken of; the recipe's where it is left out."""
    budget_ms: Annotated[float, Field(gt=0, le=EXPLAIN_MS)] = 2000
    """Where the way would take longer, a cheaper one answers and says so."""


class RerankIn(Who):
    """Your own list, for whoever asks."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"user": "17850", "items": ["85123A", "22423"]}]})
    items: Annotated[list[Id], Field(min_length=1, max_length=HISTORY)]


class BasketIn(WishesIn):
    """What lies in a basket, of a person or of somebody unknown."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": ["85123A", "22423"], "k": 3}]})
    items: Annotated[list[Id], Field(min_length=1, max_length=HISTORY)]
    user: Id | None = None


class TrendingIn(WishesIn):
    """What is taken more than before."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"k": 5, "days": 7}]})
    k: Length = 10
    days: Annotated[float, Field(gt=0, le=365)] = 7
    """Length of the window, and of the one before it."""


class SimilarIn(Config):
    """Items to which similar ones are asked for: a slate for each."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": ["85123A"], "k": 5}]})
    items: Annotated[list[Id], Field(min_length=1, max_length=SIMILAR)]
    k: Length = 10
    """How many to each."""

"""The JSON shapes, the same in the command line, over HTTP and from Python (`Slates.to_dicts`)."""

from typing import Any, Literal, NotRequired, TypedDict

ReasonKind = Literal["counterfactual", "because", "feature", "content", "popular"]


class Reason(TypedDict):
    """Why an item is in a slate. ``events`` are item ids of the history, ``value`` what taking them out changes."""

    kind: ReasonKind
    text: str
    value: float | None
    events: list[str]


class SlateItem(TypedDict):
    item: str
    score: float
    """null (NaN) where nobody scored it: a pinned item."""
    source: NotRequired[str]
    propensity: NotRequired[float]
    """How likely it was that this item would stand at this place: below 1 where new items are tried by chance."""
    reason: NotRequired[str]
    reasons: NotRequired[list[Reason]]
    columns: NotRequired[dict[str, Any]]


class ModelName(TypedDict):
    name: str
    version: int


class SlateJSON(TypedDict):
    user: str | None
    request_id: str | None
    model: ModelName | None
    rung: str | None
    items: list[SlateItem]
    history: NotRequired[list[str]]
    unknown_items: list[str]
    notes: list[str]


class Recommendations(TypedDict):
    recommendations: list[SlateJSON]


class EventPartJSON(TypedDict):
    """How much all events of one item count; of ``None``, all that are older."""

    item: str | None
    value: float


class ColumnPartJSON(TypedDict):
    """What a column adds to the log odds; ``value`` is None where it is not known, or the column is a vector."""

    name: str
    meaning: str
    value: float | None
    adds: float


class OutcomeJSON(TypedDict):
    """A changed history that was asked about again: without these items, with those taken too; what is shown
    ``instead``, or the ``place`` that the item has then."""

    without: list[str]
    taken: list[str]
    instead: str | None
    place: int | None


class ExplainJSON(TypedDict):
    """Why one item is in a slate, or not. ``by``: the way that was gone. ``total`` is what the parts share out,
    ``error`` the most that one of them may be off, ``begin`` what every row of columns begins with."""

    user: str | None
    item: str
    title: str
    by: str
    model: ModelName
    place: int | None
    score: float | None
    text: str
    total: float | None
    error: float | None
    events: list[EventPartJSON]
    columns: list[ColumnPartJSON]
    outcome: OutcomeJSON | None
    begin: float | None
    history: list[str]
    unknown_items: list[str]
    notes: list[str]


class EventJSON(TypedDict):
    """Somebody did something. Without ``time`` (seconds UTC) the server's clock; without ``kind`` a view."""

    user: str
    item: str
    time: NotRequired[int]
    kind: NotRequired[str]
    value: NotRequired[float]
    context: NotRequired[dict[str, Any]]
    idempotency_key: NotRequired[str]


class TakenJSON(TypedDict):
    """What became of some events; all of them are on the disk."""

    accepted: int
    repeated: int
    """Sent again under a known idempotency key, and not counted again."""
    sequence: int
    """Of the newest event of all."""
    unknown_items: list[str]
    """Kept, but the models of this server do not know them."""


class ForgottenJSON(TypedDict):
    """The receipt of a person who was forgotten."""

    forgotten: str
    """sha256 of the id."""
    rows: dict[str, int]
    """How many went, by table of the store."""
    kept: str
    """What models keep until when."""


class ServedJSON(TypedDict):
    """One trained thing that answers."""

    name: str
    model: str
    version: int
    role: Literal["source", "ranker"]


class ModelsJSON(TypedDict):
    answers: ModelName
    models: list[ServedJSON]


class StepJSON(TypedDict):
    name: str
    seconds: float
    summary: str
    summary_zh: NotRequired[str]


class CheckJSON(TypedDict):
    name: str
    verdict: Literal["pass", "warn", "fail"]
    rows: int
    share: float


class QualityJSON(TypedDict):
    score: float
    checks: list[CheckJSON]


class IngestJSON(TypedDict):
    snapshot: str
    events: int
    users: int
    items: int
    quarantined: int
    repeated: dict[str, str]
    """Files that were taken in before → the name they had then."""
    quality: QualityJSON


class FigureJSON(TypedDict):
    """A metric with its 95 % interval over ``n`` people."""

    value: float
    low: float
    high: float
    n: int


class LeakageJSON(TypedDict):
    verdict: Literal["pass", "warn", "fail"]
    findings: list[dict[str, Any]]


class EvaluateJSON(TypedDict):
    split: dict[str, Any]
    models: dict[str, dict[str, FigureJSON]]
    leakage: LeakageJSON


class PairJSON(TypedDict):
    a: str
    b: str
    metric: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    detectable: float


class CompareJSON(TypedDict):
    pairs: list[PairJSON]
    answers: NotRequired[str | None]
    """The list that answers, of a run."""


class ErrorBody(TypedDict):
    code: str
    message: str
    found: str
    allowed: str
    do: str


class ErrorJSON(TypedDict):
    error: ErrorBody

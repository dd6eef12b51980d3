"""What a feature is, and what it may ask about the past.

Letters: B requests, C candidates of a request, D numbers of a feature.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from zhiyin.data.contracts import Histories, Ragged, Requests
from zhiyin.data.dataset import Dataset

if TYPE_CHECKING:
    from zhiyin.features.timeline import Timeline

DAY = 86_400
"""Seconds."""


class Grouping(Protocol):
    """What puts events and requests into groups: a person's country, the hour, the cell of the map."""

    name: str
    """No two groupings of one log share it."""

    def __call__(self, dataset: Dataset, events: Histories) -> "tuple[np.ndarray, Callable[[Requests], np.ndarray]]":
        """The group of each event int64 (E,), as known just before it, and how to tell that of requests, int64 (B,);
        -1 = not known."""
        ...


@dataclass(frozen=True, eq=False)
class Grouped:
    """Events of positive weight by group and by what was taken; those whose group is not known are left out."""

    of_requests: "Callable[[Requests], np.ndarray]"
    """The group of each request, int64 (B,), -1 where it is not known."""
    width: int
    """The pair of a group g and a thing i has the code ``g * width + i``."""
    pairs: "Timeline"
    groups: "Timeline"
    things: "Timeline"
    times: np.ndarray
    """All of them, ascending."""


class Counters(Protocol):
    """What happened to the items before a moment. Everything is strictly before ``until``: the future changes nothing.

    ``items`` int32 and ``until`` int64 (seconds UTC) broadcast against each other. Items never met count 0.
    """

    timed: bool
    """False where the events carry no time: ``until`` is then ignored and everything known is counted."""

    dataset: Dataset
    """What is counted, with what is known of its people and items. Its events know no moment: ask the counters."""

    def events(
        self, items: np.ndarray, until: np.ndarray, days: float | None = None, kind: str | None = None
    ) -> np.ndarray:  # fmt: skip
        """Events of positive weight (or of this ``kind``) in the last ``days`` before ``until`` (all without), float64.

        NaN for a window where there is no time.
        """
        ...

    def all_events(self, until: np.ndarray, days: float | None = None, kind: str | None = None) -> np.ndarray:
        """The same of all items together, in the shape of ``until``."""
        ...

    def grouped(self, grouping: Grouping, column: str | None = None, codes: np.ndarray | None = None) -> Grouped:
        """The events by group and item, or by group and the code (N,) that ``column`` gives the item, -1 for none."""
        ...

    def counted(
        self, timeline: "Timeline", codes: np.ndarray, until: np.ndarray, days: float | None = None
    ) -> np.ndarray:  # fmt: skip
        """Events of each code of a part of `Grouped` before ``until``, float64."""
        ...

    def taken_by(
        self, people: Ragged, candidates: np.ndarray, until: np.ndarray, days: float | None = None
    ) -> np.ndarray:
        """How many of these people (rows of the users, a list a request) took the candidate in the last ``days``
        before ``until`` (B,), float64 (B, C)."""
        ...

    def days_since_last(self, items: np.ndarray, until: np.ndarray) -> np.ndarray:
        """Days from the item's newest event to ``until``, float64; NaN where there is none, or no time."""
        ...

    def days_since_first(self, items: np.ndarray, until: np.ndarray) -> np.ndarray:
        """Days from the item's oldest event to ``until``, float64; NaN where there is none, or no time."""
        ...

    def resemblance(self, histories: Histories, candidates: np.ndarray, until: np.ndarray) -> np.ndarray:
        """How often the same people took the candidate and the items of a history, float32 (B, C).

        The sum over the history's items j ≠ i of the cosine n(i, j) / √(n(i) n(j)), n counting people up to the
        midnight (UTC) before ``until`` (B,).
        """
        ...


Compute = Callable[[Requests, np.ndarray, Counters], np.ndarray]
Among = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Feature:
    """One definition: a column, or D of them, for every candidate of every request."""

    name: str
    inputs: tuple[str, ...]
    """What it reads: ``history``, ``moment``, ``counters``, ``catalogue``, or the name of a model."""
    meaning: str
    """One sentence for `zhiyin features show`."""
    compute: Compute
    """(requests, candidates int32 (B, C), counters) → float32 (B, C) or (B, C, D). NaN = not known."""
    among: Among | None = None
    """What becomes of these numbers beside those of the request's other candidates: (numbers (B, C), counted bool
    (B, C)) → (B, C), where a candidate that is not counted changes nothing for another. Without, each stands alone."""

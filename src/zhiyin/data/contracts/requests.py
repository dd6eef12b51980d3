"""What is asked (requests, cases with what was then taken) and what comes back as rows (candidates).

Letters: B requests, C candidates of a request, T targets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from zhiyin.data.contracts.histories import Histories
from zhiyin.data.contracts.ragged import Ragged, Table, chosen_rows, events_of


@dataclass(frozen=True, slots=True, eq=False)
class Requests:
    """What is asked: histories, and optionally what is known of the person and of the moment."""

    histories: Histories
    now: np.ndarray
    """int64 (B,): the time of asking, seconds UTC."""
    exclude: Ragged
    """Rows never returned, filled at the edge from the full history; a counterfactual leaves it as it was."""
    person: Table | None = None
    """Columns (B,) of the people."""
    moment: Table | None = None
    """Columns (B,) of the moment: hour, device, place."""

    @classmethod
    def of(
        cls, histories: Histories, *, exclude_seen: bool = True, now: np.ndarray | int | None = None,
        person: Table | None = None,
    ) -> "Requests":  # fmt: skip
        """Requests at the time of each history's newest event (or ``now``); all items met left out, or none."""
        moments = (
            _newest_times(histories) if now is None else np.broadcast_to(np.asarray(now, np.int64), len(histories))
        )
        exclude = histories.met if exclude_seen else Ragged.empty(len(histories))
        return cls(histories, moments, exclude, person)

    def __len__(self) -> int:
        return len(self.histories)

    def take(self, which: np.ndarray | slice) -> "Requests":
        """The requests at these positions."""
        return Requests(
            self.histories.take(which), self.now[which], self.exclude.take(which),
            chosen_rows(self.person, which), chosen_rows(self.moment, which),
        )  # fmt: skip

    def with_histories(self, histories: Histories) -> "Requests":
        """The same questions about other histories: who asks, when, and what is excluded stay (a counterfactual)."""
        return replace(self, histories=histories)


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The best items of each request, best first."""

    rows: np.ndarray
    """int32 (B, C), `FILL` (-1) where a request has fewer."""
    scores: np.ndarray
    """float32 (B, C), -inf where there is no item."""
    sources: np.ndarray
    """uint32 (B, C): bit s is set where ``source_names[s]`` proposed the item."""
    source_names: tuple[str, ...]

    def take(self, b: int) -> "Candidates":
        """Those of one request."""
        one = slice(b, b + 1)
        return Candidates(self.rows[one], self.scores[one], self.sources[one], self.source_names)

    def ordered(self, scores: np.ndarray) -> "Candidates":
        """The same by these ``scores`` float32 (B, C), best first; among equals in the order that they had."""
        order = np.argsort(-scores, axis=1, kind="stable")
        rows, scores, bits = (np.take_along_axis(part, order, axis=1) for part in (self.rows, scores, self.sources))
        return Candidates(rows, scores, bits, self.source_names)


@dataclass(frozen=True, eq=False)
class Cases:
    """Test (or validation) cases: what was asked, and what the person then took."""

    requests: Requests
    targets: Ragged
    """Rows each person took after the moment of asking, (B,) lists; at least one each."""
    users: np.ndarray
    """int64 (B,): row of each person in the dataset's users; several cases may belong to one person."""
    values: np.ndarray | None = None
    """float32 (T,), aligned with ``targets.rows``: the rating each target got; None without ratings."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """What the split left out of the targets and why, for example ``{"bought again": 18020}``."""

    def __len__(self) -> int:
        return len(self.requests)

    def take(self, which: np.ndarray) -> "Cases":
        """The cases at these positions."""
        events, _ = events_of(self.targets.offsets, which)
        values = None if self.values is None else self.values[events]
        return Cases(self.requests.take(which), self.targets.take(which), self.users[which], values, self.dropped)


def _newest_times(histories: Histories) -> np.ndarray:
    """Time of each history's newest event, 0 for an empty one, int64 (B,)."""
    times = np.zeros(len(histories), np.int64)
    active = histories.lengths > 0
    times[active] = histories.times[histories.offsets[1:][active] - 1]
    return times

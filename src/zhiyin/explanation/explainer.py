"""What every explainer answers: how much each part of a history counts for an item, and how far off that may be.

What is explained is a margin: an item's score less that of a rival, the first that the slate has no room for. A score
alone says little: taking out an event that lowers all scores alike changes no slate.
Letters: E events of a history, M different items of it, P parts, K items explained, S subsets of parts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from zhiyin.core.errors import DataError
from zhiyin.data.contracts import FILL, Requests, VectorModel
from zhiyin.explanation.counterfactual import TRIED, Score

Kept = Callable[[np.ndarray], np.ndarray]
"""From subsets of parts, bool (S, P), to what is explained, float64 (S, K)."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """How much each part of one history counts for K items."""

    by: str
    """Name of the explainer."""
    items: np.ndarray
    """int32 (P,): the item whose events a part is, newest first; `FILL` (-1) for all that are older than `TRIED`."""
    scores: np.ndarray
    """float64 (P, K): positive speaks for the item. All events of an item have one score together."""
    total: np.ndarray
    """float64 (K,): what is shared out: the margin with the history less the margin without; NaN for an explainer that
    shares out nothing."""
    error: np.ndarray
    """float64 (P, K): how far off each score may be: half its 95 % interval where orders are drawn, what is missing
    from the total where a path is integrated, 0 where it is exact, NaN where unknown."""

    @property
    def gap(self) -> np.ndarray:
        """How far the scores are from adding up to the total, as a share of it, float64 (K,)."""
        missing = np.abs(self.scores.sum(axis=0) - self.total)
        return np.asarray(missing / np.maximum(np.abs(self.total), 1e-12))

    def order(self, place: int = 0) -> np.ndarray:
        """Positions of the parts by what they say for the item at ``place``, the strongest first, int64 (P,)."""
        return np.argsort(-self.scores[:, place], kind="stable")


class Explainer(Protocol):
    """Explains any item for any one history."""

    name: ClassVar[str]

    def explain(self, request: Requests, items: np.ndarray, rival: int | None = None) -> Explanation:
        """How much the history of a single ``request`` counts for ``items`` int32 (K,), against the ``rival``'s row.

        Raises `DataError` for an empty history.
        """
        ...


@dataclass(frozen=True, eq=False)
class Parts:
    """A history in parts that are taken out as a whole: the events of each item; all that are older, as one."""

    request: Requests
    items: np.ndarray
    """int32 (P,), newest first; `FILL` for what is older than `TRIED` different items."""
    of_event: np.ndarray
    """int64 (E,): the part of each event."""

    @classmethod
    def of(cls, request: Requests) -> "Parts":
        """The parts of a single request. Raises `DataError` where there are several, or no event."""
        if len(request) != 1:
            raise DataError(f"one history is explained at a time, found {len(request)}; give them one by one")
        if not request.histories.n_events:
            raise DataError("an empty history explains nothing; give at least one item")
        rows = request.histories.items
        different, newest = np.unique(rows[::-1], return_index=True)
        items = different[np.argsort(newest)].astype(np.int32)  # newest first
        part = np.minimum(np.argsort(np.argsort(newest)), TRIED)[np.searchsorted(different, rows)]
        if len(items) > TRIED:
            items = np.append(items[:TRIED], np.int32(FILL))
        return cls(request, items, part)

    def __len__(self) -> int:
        return len(self.items)

    def left(self, kept: np.ndarray) -> Requests:
        """The request once for each subset ``kept``, bool (S, P), with the events of these parts alone."""
        asked = self.request.take(np.zeros(len(kept), np.int64))
        return asked.with_histories(asked.histories.keep(kept[:, self.of_event].ravel()))

    def all_but_one(self) -> np.ndarray:
        """bool (P, P): subset p lacks part p."""
        return ~np.eye(len(self), dtype=bool)

    def sums(self, items: np.ndarray, values: np.ndarray) -> np.ndarray:
        """``values`` float64 (T, K) of items int (T,), -1 for none, added up for each part, float64 (P, K)."""
        order = np.argsort(self.items[: len(self.items) - int(self.items[-1] == FILL)])
        known = self.items[order]
        place = np.clip(np.searchsorted(known, items), 0, len(known) - 1)
        part = np.where(known[place] == items, order[place], len(self) - 1)  # what is in no part of its own is older
        found = np.zeros((len(self), values.shape[1]))
        np.add.at(found, part[items >= 0], values[items >= 0])
        return found


def margin(parts: Parts, items: np.ndarray, rival: int | None, score: Score) -> Kept:
    """What is explained, as a function of which parts are kept."""
    rows = items if rival is None else np.append(items, np.int32(rival))
    rows = rows.astype(np.int32)

    def kept(subsets: np.ndarray) -> np.ndarray:
        scores = score(parts.left(subsets), np.tile(rows, (len(subsets), 1))).astype(np.float64)
        return scores if rival is None else scores[:, :-1] - scores[:, -1:]

    return kept


def scoring(model: object) -> Score:
    """The scores of a model alone. One that multiplies vectors multiplies only those that are asked for."""

    def score(requests: Requests, rows: np.ndarray) -> np.ndarray:
        if isinstance(model, VectorModel):
            people = model.user_vectors(requests)
            own = people.any(axis=1)  # who has no vector is answered by the model's other way
            found = np.einsum("bd,bcd->bc", people, model.item_vectors[rows]) + model.item_bias[rows]
            if not own.all():
                found[~own] = model.score(requests.take(np.flatnonzero(~own)), rows[~own])  # type: ignore[attr-defined]
            return np.asarray(found, np.float32)
        return np.asarray(model.score(requests, rows))  # type: ignore[attr-defined]

    return score

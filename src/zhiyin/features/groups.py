"""What is taken more among those who are alike: people of one country, one hour of the day, one cell of the map.

Letters: B requests, C candidates, E events, N items, U people.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from zhiyin.core.ids import UNKNOWN, IdIndex
from zhiyin.data.contracts import Histories, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.features.feature import DAY, Compute, Counters, Grouping

SMOOTHING = 10.0
"""Events as expected that every pair of group and item is credited with: few events say little."""
PARTS = 10
"""Parts of equal size into which numbers of people are cut."""
FEW = 32
"""Different numbers up to which each is a group of its own."""
HOUR = 3600
CodeOf = Callable[[Requests], np.ndarray]


def lift(grouping: Grouping, column: str | None = None, values: np.ndarray | None = None) -> Compute:
    """Log of how often the group took the item (or its value of a catalogue column) over how often it would have,
    were it as all others; both counted before the moment. 0 where nothing is known of the pair, NaN without a group."""
    codes = None if values is None else codes_of(values)[0]  # (N,)

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        found = counters.grouped(grouping, column, codes)
        groups = found.of_requests(requests)[:, None]  # (B, 1)
        things = candidates if codes is None else _of_items(codes, candidates)
        things = np.where(things < found.width, things, UNKNOWN)  # an item that the log does not have yet
        now = requests.now[:, None]
        pairs = np.where((groups >= 0) & (things >= 0), groups * found.width + things, UNKNOWN)
        both = counters.counted(found.pairs, pairs, now)
        group = counters.counted(found.groups, groups, now)
        thing = counters.counted(found.things, things, now)
        total = np.searchsorted(found.times, now) if counters.timed else len(found.times)
        expected = group * thing / np.maximum(total, 1)
        return np.where(pairs >= 0, np.log((both + SMOOTHING) / (expected + SMOOTHING)), np.nan)

    return compute


class PersonColumn:
    """People by one of their columns; numbers by tenths."""

    def __init__(self, column: str) -> None:
        self.name, self.column = f"person {column}", column

    def __call__(self, dataset: Dataset, events: Histories) -> tuple[np.ndarray, CodeOf]:
        if self.column not in dataset.people:
            return np.full(events.n_events, UNKNOWN, np.int64), nobody
        codes, code = codes_of(dataset.people[self.column])

        def of_requests(requests: Requests) -> np.ndarray:
            person = requests.person or {}
            return code(person[self.column]) if self.column in person else nobody(requests)

        return codes[events.owners], of_requests


class ContextColumn:
    """Events by a column of their moment (a device, a declared mood); a request by its moment's, else by that of the
    person's newest event that has one."""

    def __init__(self, column: str) -> None:
        self.name, self.column = f"context {column}", column

    def __call__(self, dataset: Dataset, events: Histories) -> tuple[np.ndarray, CodeOf]:
        if self.column not in events.context:
            return np.full(events.n_events, UNKNOWN, np.int64), nobody
        codes, code = codes_of(events.context[self.column], cut=False)  # tenths would know later events

        def of_requests(requests: Requests) -> np.ndarray:
            moment, context = requests.moment or {}, requests.histories.context
            then = code(context[self.column]) if self.column in context else np.full(requests.histories.n_events, -1)
            before = newest_known(requests.histories, then, then >= 0, UNKNOWN)
            if self.column not in moment:
                return before
            said = code(moment[self.column])
            return np.where(said >= 0, said, before)

        return codes, of_requests


class Clock:
    """Events and requests by hour of the day, or day of the week, UTC."""

    def __init__(self, what: str) -> None:
        self.name = what

    def __call__(self, dataset: Dataset, events: Histories) -> tuple[np.ndarray, CodeOf]:
        if dataset.order != "time":
            return np.full(events.n_events, UNKNOWN, np.int64), nobody
        return self.of(events.times), lambda requests: self.of(requests.now)

    def of(self, times: np.ndarray) -> np.ndarray:
        """The hour (0 to 23), or the day (0 is Monday), of each moment, int64."""
        return times // HOUR % 24 if self.name == "hour" else (times // DAY + 3) % 7  # the first of 1970: a Thursday


def codes_of(column: np.ndarray, *, cut: bool = True) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Codes of a column's values, int64, -1 where there is none, and how to code such a column again.

    With ``cut``, many different numbers are cut into tenths of equal size; of a list the first value counts."""
    if column.dtype.kind in "biuf":
        numbers = np.unique(column[np.isfinite(column.astype(np.float64))].astype(np.float64))
        if cut and len(numbers) > FEW:
            known = column[np.isfinite(column.astype(np.float64))].astype(np.float64)
            edges = np.unique(np.quantile(known, np.arange(1, PARTS) / PARTS))
            return _cut(edges)(column), _cut(edges)
        return _exactly(numbers)(column), _exactly(numbers)
    index = IdIndex(dict.fromkeys(text for text in map(_text, column) if text is not None))

    def code(values: np.ndarray) -> np.ndarray:
        return index.rows(map(_text, values)).astype(np.int64)  # type: ignore[arg-type]  # None is unknown, as it should

    return code(column), code


def different(column: np.ndarray) -> set[Any]:
    """The different values of a column, missing ones aside."""
    if column.dtype.kind in "biuf":
        return set(np.unique(column[np.isfinite(column.astype(np.float64))]).tolist())
    return set(map(_text, column)) - {None}


def newest_known(histories: Histories, values: np.ndarray, known: np.ndarray, nothing: float) -> np.ndarray:
    """The newest of each person's ``values`` (E,) that is ``known``; ``nothing`` where there is none."""
    places = np.where(known, np.arange(1, len(values) + 1), 0)
    newest = np.maximum.accumulate(np.concatenate([[0], places]))[histories.offsets[1:]]  # one behind the place
    there = newest > histories.offsets[:-1]
    return np.where(there, np.append(values, nothing)[np.where(there, newest - 1, len(values))], nothing)


def nobody(requests: Requests) -> np.ndarray:
    """No group is known of anybody."""
    return np.full(len(requests), UNKNOWN, np.int64)


def _of_items(codes: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    inside = (candidates >= 0) & (candidates < len(codes))
    return np.where(inside, codes[np.where(inside, candidates, 0)] if len(codes) else UNKNOWN, UNKNOWN)


def _text(cell: object) -> str | None:
    if isinstance(cell, (list, tuple, np.ndarray)):
        cell = cell[0] if len(cell) else None
    return None if cell is None or cell != cell or cell == "" else str(cell)


def _cut(edges: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    def code(values: np.ndarray) -> np.ndarray:
        numbers = values.astype(np.float64)
        return np.where(np.isfinite(numbers), np.searchsorted(edges, numbers, side="right"), UNKNOWN)

    return code


def _exactly(numbers: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    def code(values: np.ndarray) -> np.ndarray:
        asked = values.astype(np.float64)
        at = np.minimum(np.searchsorted(numbers, asked), max(len(numbers) - 1, 0))
        return np.where(numbers[at] == asked, at, UNKNOWN) if len(numbers) else np.full(len(asked), UNKNOWN)

    return code

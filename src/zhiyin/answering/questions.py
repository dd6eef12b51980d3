"""Questions in your own ids as requests: a person of the log, or a bare history of items."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from zhiyin.core.errors import DataError, SettingsError
from zhiyin.data.contracts import Catalogue, Histories, Ragged, Requests, Table
from zhiyin.data.dataset import Dataset, Encoded, encode_histories
from zhiyin.data.weighting import Weighting

Kinds = tuple[str, ...] | Literal["all"]
"""Kinds of event, or any."""


def of_people(
    dataset: Dataset, catalogue: Catalogue, users: Sequence[str], exclude: Kinds = "all", without: Iterable[str] = ()
) -> Encoded:
    """These people of the log, now; items that they met in an event of the kinds ``exclude`` are not returned.

    ``without``: every event of these items is taken out first; what is not returned stays as it was.
    A person the log does not know is an empty history, and it is said so.
    """
    dataset = dataset.for_purpose("personalise")
    rows = dataset.users.rows(users)
    histories = on_rows_of(catalogue, dataset, dataset.history_of(users))
    seen = excluded(histories, exclude, dataset.kinds)
    left, absent = _without(histories, catalogue, list(dict.fromkeys(without)))
    now = int(dataset.histories.times.max(initial=0))
    notes = [
        [*absent, *([] if row >= 0 else [f"person {dataset.users.hint(user)}: answered as for somebody new"])]
        for user, row in zip(users, rows, strict=True)
    ]
    requests = Requests(left, np.full(len(users), now, np.int64), seen, _persons(dataset, rows))
    return Encoded(requests, list(users), [[] for _ in users], notes)


def requests_of(dataset: Dataset, rows: np.ndarray, exclude: Kinds = "all", newest: int | None = None) -> Requests:
    """The people in these rows of the log (-1: somebody new), now. Its events stand on the rows of the models.

    ``newest``: the time of its newest event, where the caller knows it.
    """
    people = dataset.histories.take(np.maximum(rows, 0)) if len(dataset.users) else Histories.empty(len(rows))
    histories = people if (rows >= 0).all() else people.keep((rows >= 0)[people.owners])
    now = np.full(len(rows), dataset.histories.times.max(initial=0) if newest is None else newest, np.int64)
    return Requests(histories, now, excluded(histories, exclude, dataset.kinds), _persons(dataset, rows))


def of_history(catalogue: Catalogue, weighting: Weighting, items: Sequence[str], now: int) -> Encoded:
    """Somebody of whom only a history is known; unknown items are named and left out.

    Raises `DataError` for what is no list of item ids.
    """
    given: object = items  # of whoever does not check types
    is_list = isinstance(given, Iterable) and not isinstance(given, (str, Mapping))
    if not is_list or any(isinstance(item, (list, tuple)) for item in items):
        found = repr(items)[:60]
        raise DataError(
            f"a history is {found}; give a list of item ids, oldest first: ['85123A', '22632']", found=found
        )
    asked = encode_histories([list(items)], catalogue, weighting)
    return replace(asked, requests=replace(asked.requests, now=np.full(1, now, np.int64)))


def on_rows_of(catalogue: Catalogue, dataset: Dataset, histories: Histories) -> Histories:
    """The same events under the row numbers of another catalogue; items that it does not have fall out."""
    if dataset.catalogue.ids.digest == catalogue.ids.digest:
        return histories
    rows = catalogue.ids.rows(dataset.catalogue.ids)[histories.items]
    return replace(histories, items=rows).keep(rows >= 0)


def on_catalogue(dataset: Dataset, catalogue: Catalogue) -> Dataset:
    """The dataset's events on the rows that the models know."""
    histories = on_rows_of(catalogue, dataset, dataset.histories)
    return replace(dataset, catalogue=catalogue, histories=histories, unread=None)


def excluded(histories: Histories, wanted: Kinds, kinds: Sequence[str]) -> Ragged:
    """Rows never returned: those seen in an event of a wanted kind."""
    if wanted == "all":
        return histories.met
    for kind in wanted:
        if kind not in kinds:
            raise SettingsError.unknown(f"[answer] exclude names the kind {kind!r}", kind, kinds, "the kinds are")
    codes = [list(kinds).index(kind) for kind in wanted]
    return histories.keep(np.isin(histories.kinds, codes)).rows


def _without(histories: Histories, catalogue: Catalogue, items: list[str]) -> tuple[Histories, list[str]]:
    """The histories without these items, and a note for each that was never there. All unknown is an error."""
    if not items:
        return histories, []
    rows = catalogue.ids.rows(items)
    if (rows < 0).all():
        raise DataError(
            f"--without: item {catalogue.ids.hint(items[0])}; give item ids of the catalogue", found=items[0]
        )
    notes = [
        f"item {catalogue.ids.hint(item)}; nothing to take out"
        for item, row in zip(items, rows, strict=True)
        if row < 0
    ]
    there = set(histories.items.tolist())
    notes += [
        f"item {item!r} is not in the history; nothing to take out"
        for item, row in zip(items, rows.tolist(), strict=True)
        if row >= 0 and row not in there
    ]
    return histories.keep(~np.isin(histories.items, rows)), notes


def _persons(dataset: Dataset, rows: np.ndarray) -> Table | None:
    """What is known of these people, nothing of those in row -1."""
    if not len(dataset.users):
        return None
    return {
        name: _for_unknown(column[np.maximum(rows, 0)], rows >= 0) for name, column in dataset.people.items()
    }  # fmt: skip


def _for_unknown(column: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Nothing is known of people that the log does not know."""
    kept = column.copy() if column.dtype.kind in "fO" else column.astype(np.float64)
    kept[~known] = None if column.dtype == object else np.nan
    return kept

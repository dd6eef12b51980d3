"""The clean dataset that models learn from: one history a person, a catalogue, and what is known of the people."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import narwhals as nw
import numpy as np
import polars as pl

from zhiyin.core.errors import DataError
from zhiyin.core.ids import UNKNOWN, IdIndex
from zhiyin.data.columns import named_columns
from zhiyin.data.contracts import KINDS, Catalogue, Histories, HistoriesLike, Requests, Table
from zhiyin.data.tables import table_of
from zhiyin.data.weighting import Weighting

Order = Literal["time", "position", "row"]
RESERVED = ("user", "item", "time", "position", "kind", "value", "session", "split", "consent")
"""Event columns with a meaning of their own; all others are context."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """What a model learns from. Immutable; splits and filters give new ones over the same users and catalogue."""

    users: IdIndex
    catalogue: Catalogue
    histories: Histories
    """One history for each user of ``users``, oldest event first."""
    people: Table = field(default_factory=dict)
    """What is known of each person; columns (U,)."""
    kinds: tuple[str, ...] = KINDS
    """Names of the kind codes."""
    order: Order = "time"
    """What orders a history: time, else position, else the order of the rows."""
    weighting: Weighting = field(default_factory=Weighting)
    parts: tuple[str, ...] = ("all",)
    """Which parts of a split this is: ``("train",)``, ``("train", "validation")``, or ``("all",)``."""

    @classmethod
    def from_frame(
        cls, events: Any, *, items: Any = None, users: Any = None, weighting: Weighting | None = None,
        map: dict[str, str] | None = None,
    ) -> "Dataset":  # fmt: skip
        """A dataset from a pandas, Polars or Arrow frame with ``user`` and ``item`` (and ``time, position, kind, value …``).

        Columns of other names are guessed or given in ``map`` (ours: yours). Only unusable rows (no user or no item)
        are dropped. ``items`` and ``users`` are frames with one row each. Raises `DataError` for missing columns.
        """
        frame = named_columns(_polars(events), map or {})
        return _assembled(frame, _polars(items), _polars(users), weighting or Weighting())

    def __len__(self) -> int:
        return len(self.users)

    def __repr__(self) -> str:
        return (
            f"Dataset({self.histories.n_events:,} events, {len(self.users):,} users, {len(self.catalogue):,} items, "
            f"ordered by {self.order})"
        )

    @property
    def n_items(self) -> int:
        return len(self.catalogue)

    @cached_property
    def hot_items(self) -> np.ndarray:
        """bool (N,): items with an event of positive weight here, the ones a model can have been trained on."""
        hot = np.zeros(self.n_items, bool)
        hot[self.histories.items[self.histories.weights > 0]] = True
        return hot

    @cached_property
    def digest(self) -> str:
        """Digest of everything a model could learn from."""
        digest = hashlib.sha256((self.users.digest + self.catalogue.digest).encode())
        h = self.histories
        for array in (h.offsets, h.items, h.times, h.kinds, h.values, h.weights):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def history_of(self, users: Sequence[str]) -> Histories:
        """The histories of these users, an empty one for whom the dataset does not know."""
        rows = self.users.rows(users)
        known = self.histories.take(np.maximum(rows, 0)) if len(self.users) else Histories.empty(len(rows))
        return known.keep((rows >= 0)[known.owners])

    def requests(self, rows: np.ndarray | slice = slice(None), *, exclude_seen: bool = True) -> Requests:
        """What these people would be asked now: the time is the newest event of the dataset."""
        histories = self.histories.take(rows)
        now = int(self.histories.times.max()) if self.histories.n_events else 0
        person = {name: column[rows] for name, column in self.people.items()}
        return Requests.of(histories, exclude_seen=exclude_seen, now=now, person=person)

    def with_histories(self, histories: Histories, parts: tuple[str, ...] | None = None) -> "Dataset":
        """The same users and catalogue with other events (a part of a split, a filter)."""
        return replace(self, histories=histories, parts=parts or self.parts)

    def weighted(self, weighting: Weighting) -> "Dataset":
        """The same events under another weighting."""
        h = self.histories
        return replace(
            self, weighting=weighting, histories=replace(h, weights=weighting.weights(h.kinds, h.values, self.kinds))
        )


@dataclass(frozen=True)
class Encoded:
    """`HistoriesLike` as requests, with what was not understood."""

    requests: Requests
    users: Sequence[str | None]
    unknown: Sequence[Sequence[str]]
    """Unknown item ids of each history."""
    notes: Sequence[Sequence[str]]


def encode_histories(
    histories: "HistoriesLike | Requests", catalogue: Catalogue, weighting: Weighting, *, exclude_seen: bool = True,
    kinds: tuple[str, ...] = (),
) -> Encoded:  # fmt: skip
    """Your ids to rows, once, at the edge. Unknown items are skipped and named; raises `DataError` for other input."""
    if isinstance(histories, Requests):
        return _plain(histories)
    if isinstance(histories, Histories):
        return _plain(Requests.of(histories, exclude_seen=exclude_seen))
    if isinstance(histories, str) or not isinstance(histories, Sequence):
        return _encoded_frame(histories, catalogue, weighting, exclude_seen, kinds or KINDS)
    lists, unknown, notes = [], [], []
    for history in histories:
        if isinstance(history, str) or not isinstance(history, Iterable):
            raise DataError(
                f"a history is a list of item ids, found {history!r}; for one person give a list with one list: [[{history!r}]]"
            )
        ids = list(history)
        rows = [catalogue.ids.row(id_) if isinstance(id_, str) else UNKNOWN for id_ in ids]
        missing = [id_ for id_, row in zip(ids, rows, strict=True) if row < 0]
        lists.append([row for row in rows if row >= 0])
        unknown.append([str(id_) for id_ in missing])
        notes.append([f"item {catalogue.ids.hint(id_)}; left out" for id_ in missing])
    requests = Requests.of(Histories.of(lists), exclude_seen=exclude_seen)
    return Encoded(requests, [None] * len(lists), unknown, notes)


def _plain(requests: Requests) -> Encoded:
    n = len(requests)
    return Encoded(requests, [None] * n, [[]] * n, [[]] * n)


def _encoded_frame(
    frame: Any, catalogue: Catalogue, weighting: Weighting, exclude_seen: bool, kinds: tuple[str, ...]
) -> Encoded:
    """A frame of events: one history for each user, in order of first appearance."""
    events = named_columns(_polars(frame), {})
    rows = catalogue.ids.rows(events["item"].to_list())
    unknown_events = events.filter(pl.Series(rows < 0))
    known = _assembled(events.filter(pl.Series(rows >= 0)), None, None, weighting, catalogue=catalogue, kinds=kinds)
    users = events["user"].unique(maintain_order=True).to_list()
    unknown = [unknown_events.filter(pl.col("user") == user)["item"].to_list() for user in users]
    notes = [[f"item {catalogue.ids.hint(id_)}; left out" for id_ in missing] for missing in unknown]
    return Encoded(Requests.of(known.history_of(users), exclude_seen=exclude_seen), users, unknown, notes)


def _polars(frame: Any) -> Any:
    """Any eager frame as Polars; None stays None."""
    if frame is None or isinstance(frame, pl.DataFrame):
        return frame
    try:
        narwhal = nw.from_native(frame, eager_only=True)
    except TypeError:
        raise DataError(
            f"found {type(frame).__name__}; give a pandas, Polars or Arrow table, or lists of item ids"
        ) from None
    return narwhal.to_polars()


def _assembled(
    events: pl.DataFrame, items: pl.DataFrame | None, users: pl.DataFrame | None, weighting: Weighting, *,
    catalogue: Catalogue | None = None, kinds: tuple[str, ...] = KINDS,
) -> Dataset:  # fmt: skip
    """Rows to histories: ids to row numbers by first appearance, events sorted by (user, time, position, row)."""
    events = events.drop_nulls(["user", "item"])
    order: Order = "time" if "time" in events.columns else "position" if "position" in events.columns else "row"
    user_ids = _ids(users, "user", events["user"])
    catalogue = catalogue or _catalogue(items, events["item"])
    kinds = _kind_names(events, kinds)
    user_rows = _encode(events["user"], user_ids)
    keys = [
        events[name].to_numpy() for name in ("position", "time") if name in events.columns and _complete(events[name])
    ]
    by = np.lexsort([*keys, user_rows]) if keys else np.argsort(user_rows, kind="stable")
    counts = np.bincount(user_rows, minlength=len(user_ids))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    codes = np.zeros(len(events), np.uint8)
    if "kind" in events.columns:
        codes = _encode(events["kind"].fill_null(kinds[0]), IdIndex(kinds)).astype(np.uint8)
    values = np.full(len(events), np.nan, np.float32)
    if "value" in events.columns:
        values = events["value"].cast(pl.Float32).fill_null(float("nan")).to_numpy()
    times = (
        events["time"].to_numpy()[by]
        if "time" in events.columns
        else np.arange(len(by)) - np.repeat(offsets[:-1], counts)
    )
    further = table_of(events.select(pl.exclude("user", "item", "time", "position", "kind", "value")))
    context = {name: column[by] for name, column in further.items()}
    histories = Histories(
        offsets, _encode(events["item"], catalogue.ids)[by], times.astype(np.int64), codes[by], values[by],
        weighting.weights(codes, values, kinds)[by], context,
    )  # fmt: skip
    people = {} if users is None else table_of(_aligned(users, "user", user_ids))
    return Dataset(user_ids, catalogue, histories, people, kinds, order, weighting)


def _complete(series: pl.Series) -> bool:
    return series.null_count() == 0


def _ids(table: pl.DataFrame | None, name: str, events: pl.Series) -> IdIndex:
    """Ids of the table first, then those that only the events have, each in order of first appearance."""
    seen = events.cast(pl.String)
    if table is not None:
        seen = pl.concat([table[name].cast(pl.String).drop_nulls(), seen.rename(name)])
    return IdIndex(seen.unique(maintain_order=True))


def _catalogue(items: pl.DataFrame | None, events: pl.Series) -> Catalogue:
    ids = _ids(items, "item", events)
    return Catalogue(ids, {} if items is None else table_of(_aligned(items, "item", ids)))


def _aligned(table: pl.DataFrame, name: str, ids: IdIndex) -> pl.DataFrame:
    """The table's other columns, one row for each id, in the index's order."""
    table = table.with_columns(pl.col(name).cast(pl.String)).unique(name, keep="first", maintain_order=True)
    return pl.DataFrame({name: ids.series}).join(table, on=name, how="left", maintain_order="left").drop(name)


def _encode(series: pl.Series, ids: IdIndex) -> np.ndarray:
    """Row numbers, int32 (E,)."""
    index = pl.DataFrame({"id": ids.series, "row": np.arange(len(ids), dtype=np.int32)})
    coded = pl.DataFrame({"id": series.cast(pl.String)}).join(index, on="id", how="left", maintain_order="left")
    return coded["row"].to_numpy()


def _kind_names(events: pl.DataFrame, kinds: tuple[str, ...]) -> tuple[str, ...]:
    if "kind" not in events.columns:
        return kinds
    new = [kind for kind in events["kind"].drop_nulls().unique(maintain_order=True) if kind not in kinds]
    return (*kinds, *new)

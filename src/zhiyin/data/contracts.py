"""The types and promises that every room shares: a user is a history, an item is its id and its content.

Letters: B histories (or requests), E events, N items of the catalogue, C candidates of a request, D numbers of a
vector, k length of a list. Row numbers are 0-based rows of a `Catalogue`; they never leave the package: public
methods take your own ids and give them back.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, Self, TypeAlias, runtime_checkable

import numpy as np
import polars as pl
from scipy import sparse

from zhiyin.core.errors import DataError
from zhiyin.core.ids import IdIndex
from zhiyin.core.progress import Progress
from zhiyin.core.wire import ModelName, Recommendations, SlateItem, SlateJSON

Table: TypeAlias = Mapping[str, np.ndarray]
"""Columns by name; the first axis of each is the row. Text columns are object arrays of str, None where missing."""

KINDS = (
    "view", "click", "cart", "purchase", "rating", "like", "dislike", "hide", "return",
    "bookmark", "comment", "share", "follow", "query", "helpful", "impression",
)  # fmt: skip
"""Kinds of event in the order of their codes. A recipe may name further kinds; they get the codes after these."""

NEGATIVE_KINDS = ("dislike", "hide", "return")
"""Kinds that say "less of this": their weight is negative unless a recipe says otherwise."""

SILENT_KINDS = ("impression", "query")
"""Kinds that say nothing for or against an item: it was shown, or asked for."""
_SILENT_CODES = np.array([KINDS.index(kind) for kind in SILENT_KINDS], np.uint8)

FILL = -1
"""Row number of "no item" in rectangular arrays of rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Ragged:
    """Lists of row numbers of different lengths, stored end to end."""

    offsets: np.ndarray
    """int64 (B + 1,): list b is ``rows[offsets[b]:offsets[b + 1]]``."""
    rows: np.ndarray
    """int32 (E,)"""

    @classmethod
    def of(cls, lists: Iterable[Iterable[int]]) -> Self:
        arrays = [np.fromiter(rows, dtype=np.int32) for rows in lists]
        return cls(
            _offsets([len(rows) for rows in arrays]), np.concatenate(arrays) if arrays else np.zeros(0, np.int32)
        )

    @classmethod
    def empty(cls, n: int) -> Self:
        return cls(np.zeros(n + 1, np.int64), np.zeros(0, np.int32))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, b: int) -> np.ndarray:
        return self.rows[self.offsets[b] : self.offsets[b + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """int64 (B,)"""
        return np.diff(self.offsets)

    @property
    def owners(self) -> np.ndarray:
        """The list that each row belongs to, int64 (E,)."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def take(self, which: np.ndarray | slice) -> Self:
        """The lists at these positions, in this order."""
        events, offsets = _events_of(self.offsets, which)
        return type(self)(offsets, self.rows[events])


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """What B people did: ragged, oldest event first, memory-mappable; the same in training, evaluation and serving."""

    offsets: np.ndarray
    """int64 (B + 1,): the events of history b are ``offsets[b]:offsets[b + 1]``."""
    items: np.ndarray
    """int32 (E,): row numbers in the catalogue."""
    times: np.ndarray
    """int64 (E,): seconds UTC; the event's position in the history where there is no time."""
    kinds: np.ndarray
    """uint8 (E,): code of the kind, see `KINDS`."""
    values: np.ndarray
    """float32 (E,): rating, quantity, dwell; NaN where there is none."""
    weights: np.ndarray
    """float32 (E,): what the recipe makes of kind and value; negative for a dislike or a return."""
    context: Table = field(default_factory=dict)
    """Further columns (E,)."""

    @classmethod
    def of(cls, lists: Iterable[Iterable[int]]) -> "Histories":
        """Plain histories of item rows: positions as times, kind view, no value, weight 1."""
        ragged = Ragged.of(lists)
        n = len(ragged.rows)
        times = np.arange(n) - np.repeat(ragged.offsets[:-1], ragged.lengths)
        return cls(
            ragged.offsets, ragged.rows, times, np.zeros(n, np.uint8), np.full(n, np.nan, np.float32),
            np.ones(n, np.float32),
        )  # fmt: skip

    @classmethod
    def empty(cls, n: int) -> "Histories":
        """``n`` people who did nothing yet."""
        return cls.of([[] for _ in range(n)])

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def n_events(self) -> int:
        return len(self.items)

    @property
    def lengths(self) -> np.ndarray:
        """Events of each history, int64 (B,)."""
        return np.diff(self.offsets)

    @property
    def owners(self) -> np.ndarray:
        """The history that each event belongs to, int64 (E,)."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @property
    def ages(self) -> np.ndarray:
        """How many events of the same history came after each event, int64 (E,); 0 for the newest."""
        return np.repeat(self.offsets[1:], self.lengths) - 1 - np.arange(self.n_events)

    @property
    def rows(self) -> Ragged:
        """The item rows alone."""
        return Ragged(self.offsets, self.items)

    def events(self, which: np.ndarray, offsets: np.ndarray) -> "Histories":
        """The events ``which`` (positions or a slice) under new ``offsets``."""
        return Histories(
            offsets, self.items[which], self.times[which], self.kinds[which], self.values[which], self.weights[which],
            {name: column[which] for name, column in self.context.items()},
        )  # fmt: skip

    def take(self, people: np.ndarray | slice) -> "Histories":
        """The histories at these positions, in this order."""
        events, offsets = _events_of(self.offsets, people)
        return self.events(events, offsets)

    @property
    def met(self) -> Ragged:
        """The item rows that each person met: an item that was only shown or asked for may still be new to them."""
        silent = np.isin(self.kinds, _SILENT_CODES)
        return self.keep(~silent).rows if silent.any() else self.rows

    def keep(self, mask: np.ndarray) -> "Histories":
        """Only the events where ``mask`` (bool, (E,)) is true; everybody stays, some with fewer events."""
        kept = np.concatenate([[0], np.cumsum(mask)])
        return self.events(np.flatnonzero(mask), kept[self.offsets].astype(np.int64))

    def newest(self, limit: int) -> "Histories":
        """At most ``limit`` newest events of each history."""
        return self if not len(self) or self.lengths.max() <= limit else self.keep(self.ages < limit)

    def joined(self, later: "Histories") -> "Histories":
        """For each person these events, then those of ``later`` (as many people, the same context columns)."""
        order = np.argsort(np.concatenate([self.owners, later.owners]), kind="stable")
        both = Histories(
            self.offsets + later.offsets,
            np.concatenate([self.items, later.items]),
            np.concatenate([self.times, later.times]),
            np.concatenate([self.kinds, later.kinds]),
            np.concatenate([self.values, later.values]),
            np.concatenate([self.weights, later.weights]),
            {name: np.concatenate([self.context[name], later.context[name]]) for name in self.context},
        )
        return both.events(order, both.offsets)

    def matrix(self, n_items: int, *, weighted: bool = False) -> sparse.csr_matrix:
        """People by items, float32 (B, N): 1 where there is an event of positive weight, or the sum of weights."""
        # float64 sums in event order, so that the result does not depend on how scipy merges doubles
        shape = (len(self), n_items)
        if weighted:
            data = self.weights.astype(np.float64)
            # SciPy sorts its indices in place: on a copy, or the histories would lose their order
            matrix = sparse.csr_matrix((data, self.items.copy(), self.offsets), shape=shape)
            matrix.sum_duplicates()
            return matrix.astype(np.float32)
        liked = self if (self.weights > 0).all() else self.keep(self.weights > 0)
        ones = np.ones(liked.n_events, np.float32)
        matrix = sparse.csr_matrix((ones, liked.items.copy(), liked.offsets), shape=shape)
        matrix.sum_duplicates()
        matrix.data[:] = 1
        return matrix


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
            _taken(self.person, which), _taken(self.moment, which),
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


@dataclass(eq=False)
class Slates:
    """Recommendations in your own ids, best first; at most k for each request."""

    ids: list[list[str]]
    scores: list[list[float]]
    users: list[str | None] = field(default_factory=list)
    unknown_items: list[list[str]] = field(default_factory=list)
    """Ids of each history that the catalogue does not know; they were skipped."""
    notes: list[list[str]] = field(default_factory=list)
    model: tuple[str, int] | None = None
    """Name and version of what answered."""

    def __post_init__(self) -> None:
        n = len(self.ids)
        self.users = self.users or [None] * n
        self.unknown_items = self.unknown_items or [[] for _ in range(n)]
        self.notes = self.notes or [[] for _ in range(n)]

    def __len__(self) -> int:
        return len(self.ids)

    def to_polars(self) -> pl.DataFrame:
        """One row an item: request (its number), user, rank (from 1), item, score."""
        lengths = [len(ids) for ids in self.ids]
        users = [user for user, n in zip(self.users, lengths, strict=True) for _ in range(n)]
        return pl.DataFrame(
            {
                "request": np.repeat(np.arange(len(self)), lengths),
                "user": pl.Series(users, dtype=pl.String),
                "rank": [rank for n in lengths for rank in range(1, n + 1)],
                "item": pl.Series([item for ids in self.ids for item in ids], dtype=pl.String),
                "score": pl.Series([score for scores in self.scores for score in scores], dtype=pl.Float32),
            }
        )  # fmt: skip

    def to_dicts(self) -> Recommendations:
        """The JSON shape of ``recommend``."""
        name: ModelName | None = {"name": self.model[0], "version": self.model[1]} if self.model else None
        slates: list[SlateJSON] = []
        for b, ids in enumerate(self.ids):
            items: list[SlateItem] = [
                {"item": item, "score": score} for item, score in zip(ids, self.scores[b], strict=True)
            ]
            slates.append(
                {
                    "user": self.users[b],
                    "request_id": None,
                    "model": name,
                    "rung": None,
                    "items": items,
                    "unknown_items": self.unknown_items[b],
                    "notes": self.notes[b],
                }
            )
        return {"recommendations": slates}


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The items: append-only ids, what is known of each (columns), and content vectors."""

    ids: IdIndex
    columns: Table = field(default_factory=dict)
    content: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Blocks of content vectors by name, float32 (N, D); a NaN row is an item without this content."""

    def __post_init__(self) -> None:
        for name, column in (*self.columns.items(), *self.content.items()):
            if len(column) != len(self.ids):
                raise DataError(
                    f"catalogue column {name!r} has {len(column)} rows for {len(self.ids)} items; give one row an item"
                )

    @classmethod
    def of(cls, ids: Iterable[str], **columns: Sequence[Any]) -> "Catalogue":
        """A catalogue from plain lists: ``Catalogue.of(["a", "b"], title=["Jug", None], price=[4.0, 5.5])``."""
        return cls(IdIndex(ids), {name: column_array(values) for name, values in columns.items()})

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, new: "Catalogue") -> "Catalogue":
        """This catalogue, then ``new``'s items; a column or block that one side lacks is missing there."""
        return Catalogue(
            self.ids.append(new.ids), _stacked(self.columns, new.columns, len(self), len(new)),
            _stacked(self.content, new.content, len(self), len(new)),
        )  # fmt: skip

    def described_by(self, other: "Catalogue") -> "Catalogue":
        """The same items with the columns of ``other``; what it does not know of an item is missing."""
        rows = other.ids.rows(self.ids)
        columns = other.columns
        if (rows < 0).any():  # -1 reads the row of nothing that is put last
            columns = {name: _joined(column, None, len(other), 1) for name, column in columns.items()}
        return Catalogue(self.ids, {name: column[rows] for name, column in columns.items()})

    @cached_property
    def digest(self) -> str:
        """Digest of ids, columns and content: what a model checks to know that it is its own catalogue."""
        digest = hashlib.sha256(self.ids.digest.encode())
        for name, column in sorted((*self.columns.items(), *self.content.items())):
            digest.update(f"{name}:{column.dtype.str}".encode())
            digest.update("\0".join(map(str, column)).encode() if column.dtype == object else column.tobytes())
        return digest.hexdigest()


HistoriesLike: TypeAlias = "Histories | Sequence[Sequence[str]] | Any"
"""Lists of your item ids, a frame (pandas, Polars, Arrow) with ``user`` and ``item``, or `Histories`."""


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
        events, _ = _events_of(self.targets.offsets, which)
        values = None if self.values is None else self.values[events]
        return Cases(self.requests.take(which), self.targets.take(which), self.users[which], values, self.dropped)


class Scorer(Protocol):
    """Gives a number to items for each request; higher fits better."""

    def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray:
        """float32 (B, N) over the whole catalogue, or (B, C) for ``candidates`` (int32 (B, C) rows, -1 gives -inf).

        Every number is finite, for empty histories too. ``requests.exclude`` is not applied here.
        """
        ...


class CandidateSource(Protocol):
    """Finds the best items without holding (B, N) numbers where that is large."""

    def candidates(self, requests: Requests, k: int, allowed: np.ndarray | None = None) -> Candidates:
        """The best ``k`` items of each request, none of ``requests.exclude``; ``allowed`` is bool (N,)."""
        ...


@runtime_checkable
class VectorModel(Protocol):
    """A model whose score is a dot product: ``user_vectors @ item_vectors.T + item_bias``."""

    def user_vectors(self, requests: Requests) -> np.ndarray:
        """float32 (B, D)"""
        ...

    @property
    def item_vectors(self) -> np.ndarray:
        """float32 (N, D)"""
        ...

    @property
    def item_bias(self) -> np.ndarray:
        """float32 (N,)"""
        ...


@runtime_checkable
class RatingPredictor(Protocol):
    """Says what rating a person would give."""

    def predict_rating(self, requests: Requests, items: np.ndarray) -> np.ndarray:
        """float32 (B, C) for ``items`` int32 (B, C), on the scale of the training values."""
        ...


@runtime_checkable
class Differentiable(Protocol):
    """What gradient explanations need: scores as a differentiable function of the events' embeddings."""

    def score_from_embeddings(self, embeddings: Any, requests: Requests, candidates: np.ndarray) -> Any: ...


@runtime_checkable
class Generative(Protocol):
    """Makes what may not exist yet."""

    def sample(self, condition: np.ndarray | None, n: int, rng: np.random.Generator) -> Any: ...


@runtime_checkable
class Recommender(Protocol):
    """What every model is, baseline or large, and what `zhiyin.load` returns."""

    def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray: ...

    def candidates(self, requests: Requests, k: int, allowed: np.ndarray | None = None) -> Candidates: ...

    def recommend(
        self, histories: "HistoriesLike | Requests", k: int = 10, *, exclude_seen: bool = True,
        allowed: Iterable[str] | None = None, new_items: Catalogue | None = None,
    ) -> Slates:  # fmt: skip
        """The best ``k`` items for each history, known, new and empty alike, in your own ids."""
        ...

    def similar_items(self, items: Sequence[str], k: int = 10) -> Slates:
        """The ``k`` items nearest to each of these, themselves left out."""
        ...

    def save(self, folder: Path | str) -> None:
        """Write the model to a folder of its own: safetensors, JSON, Parquet; never pickle."""
        ...


@runtime_checkable
class Estimator(Recommender, Protocol):
    """A model that can be trained: what ``zhiyin.models.NAME`` is."""

    def fit(self, dataset: Any, *, validation: Cases | None = None, progress: Progress | None = None) -> Self:
        """Learn from a `zhiyin.Dataset`. Without ``validation`` exactly ``epochs`` epochs, nothing carved off."""
        ...


def column_array(values: Sequence[Any] | np.ndarray) -> np.ndarray:
    """A column of a `Table`: numbers as float or int, everything else as an object array with None where missing."""
    cells = np.array([*values, None], dtype=object)[:-1]  # the None keeps lists of one length from becoming an axis
    if any(isinstance(cell, (str, list, tuple)) for cell in cells):
        return cells
    array = np.asarray(values)
    return array if array.dtype.kind in "biuf" else cells


def _offsets(lengths: Sequence[int] | np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.asarray(lengths, np.int64))]).astype(np.int64)


def _events_of(offsets: np.ndarray, which: np.ndarray | slice) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the events of the chosen lists, and the offsets of the result."""
    starts, lengths = offsets[:-1][which], np.diff(offsets)[which]
    taken = _offsets(lengths)
    return np.arange(taken[-1]) + np.repeat(starts - taken[:-1], lengths), taken


def _newest_times(histories: Histories) -> np.ndarray:
    """Time of each history's newest event, 0 for an empty one, int64 (B,)."""
    times = np.zeros(len(histories), np.int64)
    active = histories.lengths > 0
    times[active] = histories.times[histories.offsets[1:][active] - 1]
    return times


def _taken(table: Table | None, which: np.ndarray | slice) -> Table | None:
    return None if table is None else {name: column[which] for name, column in table.items()}


def _stacked(first: Table, second: Table, n: int, m: int) -> dict[str, np.ndarray]:
    return {name: _joined(first.get(name), second.get(name), n, m) for name in {**first, **second}}


def _joined(first: np.ndarray | None, second: np.ndarray | None, n: int, m: int) -> np.ndarray:
    like = next(side for side in (first, second) if side is not None)
    sides = [
        np.full((rows, *like.shape[1:]), None if like.dtype == object else np.nan) if side is None else side
        for side, rows in ((first, n), (second, m))
    ]
    return np.concatenate(sides).astype(like.dtype if like.dtype.kind in "fO" else None)

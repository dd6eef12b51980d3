"""The clean dataset that models learn from: one history a person, a catalogue, and what is known of the people."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import polars as pl

from zhiyin.core.errors import DataError
from zhiyin.core.ids import UNKNOWN, IdIndex
from zhiyin.data.canonical import usable
from zhiyin.data.cleaning import FixReport
from zhiyin.data.coding import Coded, coded, in_order, rows_in
from zhiyin.data.columns import Guess, guess
from zhiyin.data.consent import CONSENT, Purpose, allows, consent_bits
from zhiyin.data.contracts import KINDS, Catalogue, Histories, HistoriesLike, Requests, Table
from zhiyin.data.foreign import Entries, of_lightfm, of_matrix, of_surprise
from zhiyin.data.numbers import Numbered
from zhiyin.data.side import Known, side_table
from zhiyin.data.sources import as_polars
from zhiyin.data.tables import table_of
from zhiyin.data.ties import read_ties, with_friends
from zhiyin.data.unrolled import unrolled
from zhiyin.data.weighting import Weighting

Order = Literal["time", "position", "row"]
MOST_KINDS = 256
"""A kind's code is one byte."""


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
    report: tuple[FixReport, ...] = ()
    """What was left out on the way here and why, one line a rule, with its count."""
    guess: Guess | None = None
    """What each column of the log was taken for."""
    unread: Histories | None = None
    """All events, where some may not be used for everything; `histories` has those that models may learn from."""

    @classmethod
    def from_frame(
        cls, events: Any, *, items: Any = None, users: Any = None, weighting: Weighting | None = None,
        map: dict[str, str] | None = None, edges: Any = None,
    ) -> "Dataset":  # fmt: skip
        """A dataset from a pandas, Polars or Arrow frame with ``user``, ``item`` (and ``time, kind, value …``).

        Columns of other names are guessed or given in ``map`` (ours: yours). Only unusable rows (no user or no item)
        are dropped. ``items`` and ``users`` are frames with one row each, ``edges`` one of social ties (user, friend),
        which gives the people the column ``friends``. Raises `DataError` for missing columns.
        """
        frame = unrolled(as_polars(events))
        found = guess(frame, map)
        usable_rows, report = usable(frame, found)
        item_table, user_table = (
            None if table is None
            else side_table(as_polars(table), ours, map or {}, (), Known.of(frame, found, ours)).frame
            for ours, table in (("item", items), ("user", users))
        )  # fmt: skip
        if edges is not None:
            people = usable_rows.select("user").unique(maintain_order=True) if user_table is None else user_table
            user_table = with_friends(people, read_ties(edges).frame)
        dataset = dataset_of(usable_rows, item_table, user_table, weighting or Weighting())
        return replace(dataset, report=report, guess=found)

    @classmethod
    def from_matrix(
        cls, matrix: Any, users: Iterable[Any] | None = None, items: Iterable[Any] | None = None, *,
        entries: Entries = "value", weighting: Weighting | None = None,
    ) -> "Dataset":  # fmt: skip
        """A dataset from a SciPy sparse matrix, people × items; ids are row and column numbers where none are given.

        Each stored entry is an event. It is a ``value`` (a rating, a count), which weighs what ``weighting`` makes of
        it, or with ``entries="weight"`` the event's weight itself, as implicit and LightFM have it.
        """
        weighting = weighting or Weighting()
        if entries == "weight":
            weighting = weighting.model_copy(update={"by_value": True})
        return cls.from_frame(**of_matrix(matrix, users, items, entries)._asdict(), weighting=weighting)

    @classmethod
    def from_surprise(cls, data: Any, *, weighting: Weighting | None = None) -> "Dataset":
        """A dataset from Surprise's ``Trainset`` or, with the times, its ``Dataset``; Surprise is not needed for it."""
        return cls.from_frame(**of_surprise(data)._asdict(), weighting=weighting)

    @classmethod
    def from_lightfm(cls, data: Any, interactions: Any, weights: Any = None) -> "Dataset":
        """A dataset from LightFM's ``Dataset`` and the interactions (and weights) that it built.

        ``interactions`` may be the pair that ``build_interactions`` gives. LightFM is not needed for it.
        """
        return cls.from_matrix(*of_lightfm(data, interactions, weights), entries="weight")

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

    def history_of(self, users: Sequence[str]) -> "PeoplesHistories":
        """The histories of these users; an empty one, and a note in the answer, for whom the dataset does not know.

        Raises `DataError` for what is no text: 17850 is nobody, "17850" may be somebody.
        """
        if isinstance(users, str):
            raise DataError(f"history_of takes a list of users, found {users!r}; give [{users!r}]", found=users)
        asked = list(users)
        for user in asked:
            if not isinstance(user, str):
                raise DataError(
                    f"user {self.users.hint(user)}; ids are text: give {str(user).removesuffix('.0')!r}",
                    found=repr(user), allowed="text",
                )  # fmt: skip
        rows = self.users.rows(asked)
        known = self.histories.take(np.maximum(rows, 0)) if len(self.users) else Histories.empty(len(rows))
        own = known.keep((rows >= 0)[known.owners])
        notes = tuple(
            () if row >= 0 else (f"user {self.users.hint(user)}: answered as for somebody new",)
            for user, row in zip(asked, rows.tolist(), strict=True)
        )
        arrays = {part.name: getattr(own, part.name) for part in fields(Histories)}
        return PeoplesHistories(**arrays, users=tuple(asked), notes=notes, catalogue=self.catalogue)

    def requests(self, rows: np.ndarray | slice = slice(None), *, exclude_seen: bool = True) -> Requests:
        """What these people would be asked now: the time is the newest event of the dataset."""
        histories = self.histories.take(rows)
        now = int(self.histories.times.max()) if self.histories.n_events else 0
        person = {name: column[rows] for name, column in self.people.items()}
        return Requests.of(histories, exclude_seen=exclude_seen, now=now, person=person)

    def with_histories(self, histories: Histories, parts: tuple[str, ...] | None = None) -> "Dataset":
        """The same users and catalogue with other events (a part of a split, a filter)."""
        return replace(self, histories=histories, parts=parts or self.parts, unread=None)

    def for_purpose(self, purpose: Purpose) -> "Dataset":
        """The dataset with the events that people let be used for this: ``train``, ``personalise`` or ``measure``.

        A dataset as read is one for ``train``: no model can learn from an event without consent, whoever fits it.
        """
        everything = self.unread or self.histories
        if CONSENT not in everything.context:
            return self
        allowed = everything.keep(allows(everything.context[CONSENT], purpose))
        return replace(self, histories=allowed, unread=everything)

    def weighted(self, weighting: Weighting) -> "Dataset":
        """The same events under another weighting."""

        def again(h: Histories) -> Histories:
            return replace(h, weights=weighting.weights(h.kinds, h.values, self.kinds))

        unread = None if self.unread is None else again(self.unread)
        return replace(self, weighting=weighting, histories=again(self.histories), unread=unread)


@dataclass(frozen=True, slots=True, eq=False)
class PeoplesHistories(Histories):
    """Histories that know whose they are and on which catalogue; a part of them is plain `Histories` again."""

    users: tuple[str, ...] = ()
    notes: tuple[tuple[str, ...], ...] = ()
    catalogue: Catalogue = field(default_factory=lambda: Catalogue.of([]))


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
        return _plain(histories, catalogue)
    if isinstance(histories, PeoplesHistories):
        return _encoded_people(histories, catalogue, exclude_seen)
    if isinstance(histories, Histories):
        return _plain(Requests.of(histories, exclude_seen=exclude_seen), catalogue)
    if isinstance(histories, (str, int, float, Mapping, Set, Dataset)) or histories is None:
        found = repr(histories) if isinstance(histories, (str, int, float)) else type(histories).__name__
        raise DataError(
            f"histories are {found}; give lists of item ids, [['A', 'B']], a frame with user and item, or for people "
            "of a dataset dataset.history_of(['17850'])", found=found,
        )  # fmt: skip
    if not isinstance(histories, Sequence):
        return _encoded_frame(histories, catalogue, weighting, exclude_seen, kinds or KINDS)
    lists, named = [], []
    for history in histories:
        if isinstance(history, str) or not isinstance(history, Iterable):
            raise DataError(
                f"a history is a list of item ids, found {history!r}; for one person give a list with one list: "
                f"[[{history!r}]]"
            )
        ids = list(history)
        rows = [catalogue.ids.row(id_) if isinstance(id_, str) else UNKNOWN for id_ in ids]
        missing = [id_ for id_, row in zip(ids, rows, strict=True) if row < 0]
        lists.append([row for row in rows if row >= 0])
        named.append(_named(missing, catalogue))
    requests = Requests.of(Histories.of(lists), exclude_seen=exclude_seen)
    return Encoded(requests, [None] * len(lists), [unknown for unknown, _ in named], [notes for _, notes in named])


def _plain(requests: Requests, catalogue: Catalogue) -> Encoded:
    n, rows = len(requests), requests.histories.items
    if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < len(catalogue):
        wrong = int(rows.max()) if int(rows.min()) >= 0 else int(rows.min())
        raise DataError(
            f"a history holds the item row {wrong}, and the catalogue has the rows 0 to {len(catalogue) - 1}; give "
            "item ids, or histories of the dataset that the model was trained on", found=str(wrong),
        )  # fmt: skip
    return Encoded(requests, [None] * n, [[]] * n, [[]] * n)


def _encoded_people(histories: PeoplesHistories, catalogue: Catalogue, exclude_seen: bool) -> Encoded:
    """Row numbers are those of another catalogue where the dataset is not the one that was trained on."""
    there, users = histories.catalogue.ids, list(histories.users)
    unknown: list[list[str]] = [[] for _ in users]
    plain = histories.take(slice(None))
    if there.digest != catalogue.ids.digest:
        rows = catalogue.ids.rows(there)[plain.items]
        for event in np.flatnonzero(rows < 0):
            unknown[plain.owners[event]].append(there[plain.items[event]])
        plain = replace(plain, items=rows).keep(rows >= 0)
    named = [_named(missing, catalogue) for missing in unknown]
    notes = [[*said, *more] for said, (_, more) in zip(histories.notes, named, strict=True)]
    return Encoded(Requests.of(plain, exclude_seen=exclude_seen), users, [ids for ids, _ in named], notes)


def _encoded_frame(
    frame: Any, catalogue: Catalogue, weighting: Weighting, exclude_seen: bool, kinds: tuple[str, ...]
) -> Encoded:
    """A frame of events: one history for each user, in order of first appearance."""
    native = as_polars(frame)
    events, left = usable(native, guess(native, about="histories"))
    aside = [report.sentence.en for report in left]
    rows = rows_in(events["item"], catalogue.ids)
    users = coded(events["user"]).ids
    unknown: list[list[str]] = [[] for _ in users]
    for user, item in events.filter(pl.Series(rows < 0)).select("user", "item").iter_rows():
        unknown[users.row(user)].append(item)
    known = events.filter(pl.Series(rows >= 0))
    items = Coded(rows[rows >= 0], catalogue.ids)
    histories = _histories(known, coded(known["user"], users.series), items, weighting, _kind_names(known, kinds))
    named = [_named(missing, catalogue) for missing in unknown]
    notes = [[*aside, *more] for _, more in named]
    return Encoded(Requests.of(histories, exclude_seen=exclude_seen), list(users), [ids for ids, _ in named], notes)


def _named(missing: Iterable[object], catalogue: Catalogue) -> tuple[list[str], list[str]]:
    """These unknown items, each once, and a note on each that says how many events it had."""
    events: dict[str, list[object]] = {}
    for id_ in missing:
        events.setdefault(repr(id_), []).append(id_)
    many = {key: f", {len(ids):,} events" if len(ids) > 1 else "" for key, ids in events.items()}
    firsts = {key: ids[0] for key, ids in events.items()}
    notes = [f"item {catalogue.ids.hint(id_)}; left out{many[key]}" for key, id_ in firsts.items()]
    return [str(id_) for id_ in firsts.values()], notes


def dataset_of(
    events: pl.DataFrame, items: pl.DataFrame | None, users: pl.DataFrame | None, weighting: Weighting,
    ids: tuple[Numbered, Numbered] | None = None,
) -> Dataset:  # fmt: skip
    """From frames under our names (`canonical`): ids of the tables first, then others by first appearance.

    ``ids`` are the events' users and items where they are numbered already; ``events`` then has the other columns.
    """
    user_ids, item_ids = ids or (events["user"], events["item"])
    user = coded(user_ids, None if users is None else users["user"])
    item = coded(item_ids, None if items is None else items["item"])
    kinds = _kind_names(events, KINDS)
    _checked_weighting(weighting, kinds)
    order: Order = "time" if "time" in events.columns else "position" if "position" in events.columns else "row"
    histories = _histories(events, user, item, weighting, kinds)
    columns = {} if items is None else table_of(_aligned(items, "item", item.ids))
    people = {} if users is None else table_of(_aligned(users, "user", user.ids))
    dataset = Dataset(user.ids, Catalogue(item.ids, columns), histories, people, kinds, order, weighting)
    return dataset.for_purpose("train")


def _checked_weighting(weighting: Weighting, kinds: tuple[str, ...]) -> None:
    """Raises `DataError` where the weights would say nothing: no `Weighting`, or a kind that is nobody's."""
    if not isinstance(weighting, Weighting):
        raise DataError(
            f"weighting is a {type(weighting).__name__}; give a zhiyin.Weighting, for example "
            "zhiyin.Weighting(like_from=4)", found=type(weighting).__name__, allowed="Weighting",
        )  # fmt: skip
    for kind in weighting.kinds:
        if kind not in kinds:
            raise DataError.unknown(
                f"the weights name the kind {kind!r}, which the log does not have", kind, kinds, "the kinds are"
            )


def _histories(
    events: pl.DataFrame, user: Coded, item: Coded, weighting: Weighting, kinds: tuple[str, ...]
) -> Histories:
    """Events person by person, by (time, position, row). A row without a position comes before those that have one."""
    keys = [_key(events[name]) for name in ("time", "position") if name in events.columns]
    found = in_order(user.rows, keys)

    def placed(column: np.ndarray) -> np.ndarray:
        return _writable(found.placed(column))

    n = len(user.rows)
    counts = np.bincount(user.rows, minlength=len(user.ids))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    codes = placed(_kind_codes(events, kinds)) if "kind" in events.columns else np.zeros(n, np.uint8)
    values = placed(_values(events)) if "value" in events.columns else np.full(n, np.nan, np.float32)
    weights = weighting.weights(codes, values, kinds)
    times = _writable(found.keys[0]) if "time" in events.columns else np.arange(n) - np.repeat(offsets[:-1], counts)
    context = {name: placed(column) for name, column in table_of(_context(events)).items()}
    if "consent" in events.columns:
        context[CONSENT] = placed(consent_bits(events["consent"]))
    return Histories(offsets, placed(item.rows), times, codes, values, weights, context)


def _writable(column: np.ndarray) -> np.ndarray:
    """What comes from a frame is read-only memory, of which PyTorch makes no tensor without a warning."""
    return np.require(column, requirements="W")


def _key(column: pl.Series) -> np.ndarray:
    """int64 (E,): what to order by; -1 where it is missing, so that what has no place is nobody's newest event."""
    return column.cast(pl.Int64).fill_null(-1).to_numpy()


def _kind_codes(events: pl.DataFrame, kinds: tuple[str, ...]) -> np.ndarray:
    column = events["kind"].fill_null(kinds[0])
    return column.replace_strict(list(kinds), list(range(len(kinds))), return_dtype=pl.UInt8).to_numpy()


def _values(events: pl.DataFrame) -> np.ndarray:
    return events["value"].cast(pl.Float32).fill_null(float("nan")).to_numpy()


def _context(events: pl.DataFrame) -> pl.DataFrame:
    """Columns that say something of the moment; titles and countries are the items' and people's."""
    return events.drop("user", "item", "time", "position", "kind", "value", "consent", "title", "country", strict=False)


def _aligned(table: pl.DataFrame, name: str, ids: IdIndex) -> pl.DataFrame:
    """The table's other columns, one row for each id, in the index's order."""
    return pl.DataFrame({name: ids.series}).join(table, on=name, how="left", maintain_order="left").drop(name)


def _kind_names(events: pl.DataFrame, kinds: tuple[str, ...]) -> tuple[str, ...]:
    if "kind" not in events.columns:
        return kinds
    new = [kind for kind in events["kind"].drop_nulls().unique(maintain_order=True) if kind not in kinds]
    if len(kinds) + len(new) > MOST_KINDS:
        raise DataError(
            f"the events are of {len(new):,} kinds of their own, such as {new[0]!r}; at most "
            f"{MOST_KINDS - len(kinds)} are told apart: is the column of kinds another one? name it: "
            "--map kind=COLUMN", found=str(len(new)), allowed=str(MOST_KINDS - len(kinds)),
        )  # fmt: skip
    return (*kinds, *new)

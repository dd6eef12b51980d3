"""Lists for everybody of the log, or for the people of a file, a block of people at a time.

Letters: B people of a block, C candidates, K items of a list.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow

from zhiyin.answering import Answerer
from zhiyin.answering.questions import of_people, on_catalogue, requests_of
from zhiyin.core.languages import Language
from zhiyin.core.progress import Progress, Silent
from zhiyin.core.wire import ModelName, SlateJSON
from zhiyin.data.consent import CONSENT
from zhiyin.data.contracts import FILL, Candidates, Requests
from zhiyin.data.contracts.slates import slate_length
from zhiyin.data.dataset import Dataset
from zhiyin.data.side import side_table
from zhiyin.data.sources import whole_frame
from zhiyin.pipeline.lists import Lists, lists_in, schema_of
from zhiyin.pipeline.recommend import answerer_of
from zhiyin.pipeline.workspace import Workspace

ENTRIES = 1 << 21
"""Items of all the lists of a block."""
BYTES = 64 << 20
"""Of scores of all items that a block may need."""
RANKED_PEOPLE = 512
"""People at once where a ranker orders: each has many candidates, and each candidate many columns."""
TOLD_PEOPLE = 32
"""People at once where reasons are asked for: each is asked many times."""


@dataclass(frozen=True)
class Written:
    """What was done."""

    people: int
    items: int
    without: int
    """People for whom nothing could be recommended."""
    unknown: int
    """People that the log does not know, answered as somebody new."""


class Everybody:
    """People of a log (or of a list of users) and what answers them."""

    def __init__(
        self, answerer: Answerer, users: Sequence[str] | None = None, *, k: int | None = None, reasons: bool = False
    ) -> None:  # fmt: skip
        """``users``: who is asked, in this order; everybody of the log without."""
        assert answerer.dataset is not None  # noqa: S101
        self.answerer, self.reasons = answerer, reasons
        self.k = slate_length(answerer.k if k is None else k, len(answerer.assembly.catalogue))
        self.dataset = _bare(on_catalogue(answerer.dataset, answerer.assembly.catalogue))
        known = self.dataset.users
        self.rows = np.arange(len(known), dtype=np.int32) if users is None else known.rows(users)
        self.asked = users

    @property
    def model(self) -> ModelName:
        return {"name": self.answerer.assembly.name, "version": self.answerer.assembly.version}

    def write(self, lists: Lists, progress: Progress | None = None) -> Written:
        """All lists, block by block."""
        items = without = 0
        step = self._step()
        blocks = range(0, len(self.rows), step)
        for start in (progress or Silent()).track(blocks, "lists", len(blocks)):
            users, table, lengths = self._block(slice(start, start + step))
            lists.write(users, table)
            items += len(table)
            without += int((lengths == 0).sum())
        return Written(len(self.rows), items, without, int((self.rows < 0).sum()))

    def _block(self, block: slice) -> tuple[list[str], pyarrow.Table, np.ndarray]:
        """The people, the rows of their lists, and how many each has."""
        rows = self.rows[block]
        users = self.dataset.users.take(rows) if self.asked is None else list(self.asked[block])
        if self.reasons:
            assembly = self.answerer.assembly
            asked = of_people(self.dataset, assembly.catalogue, users, assembly.exclude)
            slates = self.answerer.answer(asked, self.k)["recommendations"]
            return users, _of_slates(users, slates), np.array([len(slate["items"]) for slate in slates])
        found = self._ranked(requests_of(self.dataset, rows, self.answerer.assembly.exclude))
        there = found.rows != FILL
        return users, self._table(users, found, there), there.sum(axis=1)

    def _ranked(self, requests: Requests) -> Candidates:
        """The lists (B, K). One model without a ranker is not asked for its scores a second time."""
        assembly, k = self.answerer.assembly, self.k
        if assembly.ranker is not None or len(assembly.sources) > 1:
            found = self.answerer.ranked(requests, k)
        else:
            ((name, (model, n)),) = assembly.sources.items()
            alone = model.candidates(requests, max(n, k) if assembly.rules.most else k, self.answerer.allowed)
            found = self.answerer.capped(replace(alone, source_names=(name,)))
        return Candidates(found.rows[:, :k], found.scores[:, :k], found.sources[:, :k], found.source_names)

    def _table(self, users: list[str], found: Candidates, there: np.ndarray) -> pyarrow.Table:
        lengths = there.sum(axis=1)
        owners = np.repeat(np.arange(len(users), dtype=np.int32), lengths)
        ranks = (np.cumsum(there, axis=1)[there]).astype(np.int32)
        bits, sources = np.unique(found.sources[there], return_inverse=True)
        names = [", ".join(name for s, name in enumerate(found.source_names) if bit >> s & 1) for bit in bits.tolist()]
        used, items = _numbered(found.rows[there], len(self.answerer.assembly.catalogue))
        ids = self.answerer.assembly.catalogue.ids.take(used)
        columns = [_coded(owners, users), ranks, _coded(items, ids), found.scores[there], _coded(sources, names)]
        return pyarrow.table(columns, schema=schema_of(False))

    def _step(self) -> int:
        if self.reasons:
            return TOLD_PEOPLE
        assembly = self.answerer.assembly
        alone = assembly.ranker is None and len(assembly.sources) == 1
        most = BYTES // (4 * max(1, len(assembly.catalogue)))
        return max(1, ENTRIES // self.k if alone else min(RANKED_PEOPLE, most))


def written(everybody: Everybody, out: Path, progress: Progress | None = None) -> Written:
    """All lists in one file, whole or not at all."""
    with lists_in(out, everybody.model, everybody.reasons) as lists:
        return everybody.write(lists, progress)


def everybody_of(
    workspace: Workspace, *, users: Path | None = None, k: int | None = None, model: str | None = None,
    language: Language = "en", reasons: bool = False,
) -> Everybody:  # fmt: skip
    """The people and what answers them, as a workspace has them."""
    named = None if users is None else side_table(whole_frame(users), "user", {}, ()).frame["user"].to_list()
    return Everybody(answerer_of(workspace, model, language), named, k=k, reasons=reasons)


def _bare(dataset: Dataset) -> Dataset:
    """Without the column of consent, which was heeded: else it is looked through again for every block."""
    context = {name: column for name, column in dataset.histories.context.items() if name != CONSENT}
    return replace(dataset, histories=replace(dataset.histories, context=context), unread=None)


def _of_slates(users: list[str], slates: Sequence[SlateJSON]) -> pyarrow.Table:
    rows = [
        {**item, "user": user, "rank": rank}
        for user, slate in zip(users, slates, strict=True)
        for rank, item in enumerate(slate["items"], start=1)
    ]
    return pyarrow.Table.from_pylist(rows, schema=schema_of(True))


def _numbered(rows: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows that occur, ascending, and each row's place among them, int32."""
    occurs = np.zeros(n, bool)
    occurs[rows] = True
    return np.flatnonzero(occurs), (np.cumsum(occurs, dtype=np.int32) - 1)[rows].astype(np.int32)


def _coded(numbers: np.ndarray, words: Sequence[str]) -> pyarrow.Array:
    return pyarrow.DictionaryArray.from_arrays(
        pyarrow.array(numbers.astype(np.int32, copy=False)), pyarrow.array(words, pyarrow.string())
    )

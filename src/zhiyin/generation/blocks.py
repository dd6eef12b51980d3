"""One column of a catalogue in four forms: as it stands, hard (numbers to count with), soft (what a network makes),
and embedded (for distances).

Letters: N items, V values of a column, W numbers of its soft form. Every embedded block has about the same spread: two
unlike items are about √2 apart in it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

WORD = re.compile(r"[\u4e00-\u9fff]{1,2}|[^\W\u4e00-\u9fff]+")
"""A word; Chinese is read two signs at a time."""
SILENT = frozenset(
    WORD.findall(
        "a an and as at by for from in into is it its of on or the to with your "
        "de da do das dos e em o os para por que com um uma le la les des du et un une der die das und mit"
    )
)
"""Words that say nothing of an item by themselves, in the languages of our data; nor does a single Latin letter."""


@dataclass(frozen=True)
class Block:
    """Base of the three kinds of column."""

    kind: ClassVar[str]
    name: str
    """Of the catalogue column."""

    @property
    def width(self) -> int:
        """W"""
        raise NotImplementedError

    @property
    def askable(self) -> tuple[str, ...]:
        """Values that can be asked for; the i-th is position i of the soft form."""
        return ()

    def read(self, column: np.ndarray) -> np.ndarray:
        """The column's hard form, first axis N."""
        raise NotImplementedError

    def soften(self, hard: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """float32 (N, W)"""
        raise NotImplementedError

    def harden(self, soft: np.ndarray) -> np.ndarray:
        """The inverse of `soften`, for what a network made."""
        raise NotImplementedError

    def embed(self, hard: np.ndarray) -> np.ndarray:
        """float32 (N, …)"""
        raise NotImplementedError

    def say(self, cell: Any) -> str | float | list[str] | None:
        """The attribute of one hard cell; None where there is none."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """What `encoding.block_of` reads."""
        return {"kind": self.kind, **self.__dict__}


@dataclass(frozen=True)
class Category(Block):
    """One value of few. Hard: its number, int64 (N,); the last number is "another one, or none"."""

    kind = "category"
    values: tuple[str, ...]

    @property
    def width(self) -> int:
        return len(self.values) + 1

    @property
    def askable(self) -> tuple[str, ...]:
        return self.values

    def read(self, column: np.ndarray) -> np.ndarray:
        code = {value: v for v, value in enumerate(self.values)}
        return np.array([code.get(text_of(cell) or "", len(code)) for cell in column], np.int64)

    def soften(self, hard: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return np.asarray(np.eye(self.width, dtype=np.float32)[hard])

    def harden(self, soft: np.ndarray) -> np.ndarray:
        return np.asarray(soft.argmax(axis=1))

    def embed(self, hard: np.ndarray) -> np.ndarray:
        return np.asarray(np.eye(self.width, dtype=np.float32)[hard])

    def say(self, cell: Any) -> str | None:
        return self.values[cell] if cell < len(self.values) else None


@dataclass(frozen=True)
class Labels(Block):
    """Any number of values at once: words of a title, tags. Hard: bool (N, V)."""

    kind = "labels"
    values: tuple[str, ...]
    """In the order in which they stand in a title."""
    words: bool
    """The column is text, its words are the values; else its cells are lists."""

    @property
    def width(self) -> int:
        return len(self.values)

    @property
    def askable(self) -> tuple[str, ...]:
        return self.values

    def read(self, column: np.ndarray) -> np.ndarray:
        code = {value: v for v, value in enumerate(self.values)}
        hard = np.zeros((len(column), self.width), bool)
        for row, cell in enumerate(column):
            hard[row, [code[value] for value in labels_of(cell, self.words) if value in code]] = True
        return hard

    def soften(self, hard: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return hard.astype(np.float32)

    def harden(self, soft: np.ndarray) -> np.ndarray:
        return soft > 0.5

    def embed(self, hard: np.ndarray) -> np.ndarray:
        sizes = np.sqrt(np.maximum(hard.sum(axis=1, keepdims=True), 1))
        return np.asarray(hard / sizes, np.float32)

    def say(self, cell: Any) -> list[str] | None:
        return [self.values[v] for v in np.flatnonzero(cell)] or None


def text_of(cell: object) -> str | None:
    """A cell as text, None where it is missing."""
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return None
    return str(cell)


def labels_of(cell: object, words: bool) -> list[str]:
    """The values of one cell, none for a missing one."""
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return []
    if words:
        found = WORD.findall(str(cell).lower())
        return [word for word in found if word not in SILENT and not (len(word) == 1 and "a" <= word <= "z")]
    return [str(value) for value in cell] if isinstance(cell, Iterable) and not isinstance(cell, str) else [str(cell)]


def common_labels(cells: Sequence[list[str]], limit: int, least: int) -> tuple[str, ...]:
    """The ``limit`` most frequent values of at least ``least`` cells, ordered by where they usually stand."""
    counts = Counter(value for cell in cells for value in set(cell))
    chosen = {value for value, count in counts.most_common(limit) if count >= least}
    places: dict[str, list[float]] = {value: [] for value in chosen}
    for cell in cells:
        for at, value in enumerate(cell):
            if value in chosen:
                places[value].append((at + 1) / (len(cell) + 1))
    return tuple(sorted(chosen, key=lambda value: (float(np.mean(places[value])), value)))

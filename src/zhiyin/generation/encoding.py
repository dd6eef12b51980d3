"""A catalogue's own columns as one matrix that a network can learn and make. Letters: N items, W numbers of an item."""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from zhiyin.core.errors import ModelError
from zhiyin.data.contracts import Catalogue
from zhiyin.generation.blocks import WORD, Block, Category, Labels, common_labels, labels_of, text_of
from zhiyin.generation.numbers import NUMBER, Number, known, number_block
from zhiyin.generation.specification import Attributes

CATEGORIES = 64
"""Different values up to which a text column is a category; the rest are its words."""
LABELS = 128
"""Words or tags of a column that are learned, the most frequent ones."""
LEAST = 2
"""Items that a word must stand with."""
TITLE = "title"
SHORT, SHARED = 4, 0.1
"""A text other than the title of at most so many words on average, whose frequent values at least this share of the
items have, is a name (an author, a brand): one value, not words."""
STOCK = re.compile(r"(?i)(?:^|_)(?:in_?)?stock(?:_(?:level|count|quantity))?$|(?:^|_)inventory$|库存")
"""Names of columns that say how many are left, which is not what an item is."""
MOMENTS = (5e8, 4e9)
"""Numbers that all lie in here are seconds UTC (1985 to 2096): when an item came is not what it is."""
IDENTIFIER = re.compile(r"(?i:(?:^|[_\W])(?:id|isbn|asin|sku|url))$|[a-z]I[dD]$")
"""Names of columns that name an item and do not describe it."""
ADDRESS = re.compile(r"\w+://")

Hard = list[np.ndarray]
"""The hard form of every block."""


@dataclass(frozen=True)
class Encoding:
    """How the columns of one catalogue become numbers and back."""

    blocks: tuple[Block, ...]
    set_aside: Mapping[str, str]
    """Columns that are not used, and why."""

    @classmethod
    def of(cls, catalogue: Catalogue, columns: Iterable[str] | None = None, seed: int = 0) -> "Encoding":
        """Choose the form of each column (or of these); raises `ModelError` where no column says anything."""
        blocks, set_aside = [], {}
        for name in catalogue.columns if columns is None else columns:
            if name not in catalogue.columns:
                raise ModelError(
                    f"the catalogue has no column {name!r}; it has: {', '.join(catalogue.columns) or 'none'}"
                )
            found = _block(name, catalogue.columns[name], seed, chosen=columns is not None)
            if isinstance(found, str):
                set_aside[name] = found
            else:
                blocks.append(found)
        if not blocks:
            reasons = "; ".join(f"{name}: {why}" for name, why in set_aside.items()) or "it has only ids"
            raise ModelError(
                "a generator of items needs a catalogue with a column that differs between items and repeats "
                f"(title, category, price …): {reasons}; give items with such columns",
                found=reasons,
            )
        return cls(tuple(blocks), set_aside)

    @property
    def width(self) -> int:
        """W"""
        return sum(block.width for block in self.blocks)

    @cached_property
    def slices(self) -> list[slice]:
        """Where each block stands in the soft form."""
        starts = np.cumsum([0, *(block.width for block in self.blocks)]).tolist()
        return [slice(start, end) for start, end in itertools.pairwise(starts)]

    @cached_property
    def askable(self) -> list[tuple[str, str]]:
        """Column and value of everything that can be asked for."""
        return [(block.name, value) for block in self.blocks for value in block.askable]

    @cached_property
    def askable_at(self) -> np.ndarray:
        """Position of each of them in the soft form, int64 (V,)."""
        places = [
            np.arange(len(block.askable)) + where.start for block, where in zip(self.blocks, self.slices, strict=True)
        ]
        return np.concatenate(places).astype(np.int64)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Columns whose values are the words of a text, the title first."""
        found = [block.name for block in self.blocks if isinstance(block, Labels) and block.words]
        return tuple(sorted(found, key=lambda name: name != TITLE))

    def read(self, catalogue: Catalogue) -> Hard:
        """The hard form of a catalogue with these columns."""
        return [block.read(catalogue.columns[block.name]) for block in self.blocks]

    def soften(self, hard: Hard, rng: np.random.Generator) -> np.ndarray:
        """float32 (N, W)"""
        return np.hstack([block.soften(part, rng) for block, part in zip(self.blocks, hard, strict=True)])

    def harden(self, soft: np.ndarray) -> Hard:
        """The inverse of `soften`."""
        return [block.harden(soft[:, where]) for block, where in zip(self.blocks, self.slices, strict=True)]

    def embed(self, hard: Hard) -> np.ndarray:
        """float32 (N, …) for distances: the same standardised space for real and made-up items."""
        return np.hstack([block.embed(part) for block, part in zip(self.blocks, hard, strict=True)])

    def attributes(self, hard: Hard, row: int) -> Attributes:
        """One item in words and numbers; only what it has."""
        said = ((block.name, block.say(part[row])) for block, part in zip(self.blocks, hard, strict=True))
        return {name: value for name, value in said if value is not None}

    def to_dict(self) -> dict[str, Any]:
        """JSON that `restored` reads."""
        return {"blocks": [block.to_dict() for block in self.blocks], "set_aside": dict(self.set_aside)}

    @classmethod
    def restored(cls, saved: Mapping[str, Any]) -> "Encoding":
        return cls(tuple(block_of(block) for block in saved["blocks"]), saved["set_aside"])


def block_of(saved: Mapping[str, Any]) -> Block:
    """The inverse of `Block.to_dict`."""
    kinds: dict[str, Any] = {kind.kind: kind for kind in (Category, Labels, Number)}
    fields = {name: tuple(v) if isinstance(v, list) else v for name, v in saved.items() if name != "kind"}
    block: Block = kinds[saved["kind"]](**fields)
    return block


def take(hard: Hard, rows: np.ndarray) -> Hard:
    """These rows of every block."""
    return [part[rows] for part in hard]


def _block(name: str, column: np.ndarray, seed: int, *, chosen: bool) -> Block | str:
    """The form that fits the column, or why it has none."""
    if not chosen and IDENTIFIER.search(name):
        return "by its name it is an identifier"
    if not chosen and STOCK.search(name):
        return "by its name it says how many are left"
    if column.ndim == 1 and column.dtype.kind in "iuf":
        return _number(name, column, seed, chosen=chosen)
    cells = [cell for cell in column if cell is not None]
    if not cells:
        return "no item has a value"
    if any(isinstance(cell, list | tuple | np.ndarray) for cell in cells):
        return _labels(name, [labels_of(cell, words=False) for cell in cells], words=False)
    values = [(text_of(cell) or "",) for cell in cells]
    if not chosen and sum(bool(ADDRESS.match(value)) for (value,) in values) > len(values) / 2:
        return "it holds addresses"
    if all(NUMBER.fullmatch(value) for (value,) in values):
        return _number(name, column, seed, chosen=chosen)
    if len(set(values)) == 1:
        return f"always {values[0][0]!r}" if len(cells) == len(column) else _category(name, values)
    if len(set(values)) <= min(CATEGORIES, len(values) // 2):
        return _category(name, values)
    names = _frequent(values)
    if name != TITLE and _is_name(values, names):
        return _category(name, names)
    return _labels(name, [labels_of(cell, words=True) for cell in cells], words=True)


def _number(name: str, column: np.ndarray, seed: int, *, chosen: bool) -> Block | str:
    different = np.unique(known(column)[~np.isnan(known(column))])
    if not len(different):
        return "no item has a value"
    if len(different) == 1:
        return f"always {different[0]:g}"
    if not chosen and different[0] >= MOMENTS[0] and different[-1] <= MOMENTS[1]:
        return "it holds times"
    return number_block(name, column, seed)


def _category(name: str, values: list[tuple[str]]) -> Block:
    return Category(name, tuple(sorted({value for (value,) in values})))


def _frequent(values: list[tuple[str]]) -> list[tuple[str]]:
    return [value for value, count in Counter(values).most_common(LABELS) if count >= LEAST]


def _is_name(values: list[tuple[str]], frequent: list[tuple[str]]) -> bool:
    known = set(frequent)
    shared = sum(value in known for value in values)
    words = sum(len(WORD.findall(value)) for (value,) in values)
    return shared >= SHARED * len(values) and words <= SHORT * len(values)


def _labels(name: str, cells: list[list[str]], *, words: bool) -> Block | str:
    values = common_labels(cells, LABELS, LEAST)
    return Labels(name, values, words) if values else "no value stands with two items"

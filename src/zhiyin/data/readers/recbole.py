"""RecBole's atomic files: tabs between fields, the type of each column in its name (``user_id:token``).

Types: ``token`` and ``float``, and ``token_seq`` and ``float_seq``, whose parts stand between blanks. The types leave
the names; sequences become lists, but those of a title, which is one text.
Reference: Zhao et al. 2021, arXiv 2011.01731.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from zhiyin.data.clues import folded
from zhiyin.data.columns import USUAL
from zhiyin.data.readers.delimited import DelimitedReader

TYPES = ("token", "token_seq", "float", "float_seq")
TEXTS = ("title", "name", "description")
"""How a column ends whose words are one text."""
PARTS: Mapping[str, str] = {"train": "train", "valid": "validation", "test": "test"}
SPLIT = re.compile(rf"\.({'|'.join(PARTS)})\.inter(?:\.gz|\.zst)?$")
"""A set that was split beforehand has ``.train.inter``, ``.valid.inter`` and ``.test.inter``."""


class RecBoleReader:
    """Recognised by a header of which every name has a type, whatever the ending of the file."""

    first_line = 2

    def __init__(self) -> None:
        self._text = DelimitedReader()

    def reads(self, path: Path, head: bytes) -> bool:
        names = head.split(b"\n", 1)[0].decode(errors="replace").removeprefix("\ufeff").rstrip("\r").split("\t")
        return all(name.rpartition(":")[0] and name.rpartition(":")[2] in TYPES for name in names)

    def careful(self, path: Path) -> pl.LazyFrame:
        return _typed(self._text.careful(path), path)

    def ends_early(self, path: Path) -> bool:
        return self._text.ends_early(path)

    def quick(self, path: Path, types: Mapping[str, pl.DataType]) -> pl.LazyFrame:
        header = self._text.quick(path, {}).collect_schema().names()
        named = {name: types[bare] for name in header if (bare := name.rpartition(":")[0]) in types}
        return _typed(self._text.quick(path, named), path)


def _typed(frame: pl.LazyFrame, path: Path) -> pl.LazyFrame:
    """The columns under their bare names; what our guess reads as a number stays as it is, to be read there."""
    part = SPLIT.search(path.name)
    split = [pl.lit(PARTS[part[1]]).alias("split")] if part else []
    names = [name for name in frame.collect_schema().names() if not name.startswith("__")]
    made = [_column(name, *name.rsplit(":", 1)) for name in names]
    return frame.select(*made, pl.exclude(names), *split)


def _column(name: str, bare: str, kind: str) -> pl.Expr:
    column = pl.col(name).alias(bare)
    if kind == "float" and folded(bare) not in USUAL:
        return column.cast(pl.Float64, strict=False)
    if not kind.endswith("_seq") or folded(bare).endswith(TEXTS):
        return column
    parts = column.str.split(" ").list.eval(pl.element().filter(pl.element() != ""))
    return parts.cast(pl.List(pl.Float64), strict=False) if kind == "float_seq" else parts

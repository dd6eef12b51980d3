"""A person a line, ``user item item item …`` between blanks, oldest first, no header (SASRec, S3-Rec, LightGCN).

SASRec's own ``user item`` lines, one for each event, are the same form. Events keep the order of the file.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from zhiyin.core.errors import DataError
from zhiyin.data.readers.movielens import UNIT
from zhiyin.data.readers.reader import LINE, TROUBLE

SAMPLE = 20
"""Lines from which the form is told."""
NAMED = "sequence"
"""A file with this in its name is of this form, whatever its lines look like."""


class SequencesReader:
    """Recognised by lines that are whole numbers between blanks and differ in length (or are pairs), or by its name."""

    first_line = 1

    def reads(self, path: Path, head: bytes) -> bool:
        lines = [line.split() for line in head.decode(errors="replace").splitlines()[:SAMPLE] if line.strip()]
        if NAMED in path.name.lower() and path.name.lower().removesuffix(".gz").removesuffix(".zst").endswith(".txt"):
            return True
        if b"\t" in head or not all(word.isdecimal() for words in lines for word in words):
            return False
        lengths = {len(words) for words in lines}
        if lengths == {1}:
            return False
        if len(lengths) > 1 or lengths == {2} or len(lines) == 1:
            return True
        raise DataError(
            f"{path.name} has {lengths.pop()} numbers on every line and no header: is it a table, or people and their "
            f"items? write a header with commas above a table; name a file of people {NAMED}s.txt",
            found=" ".join(lines[0]),
        )  # fmt: skip

    def careful(self, path: Path) -> pl.LazyFrame:
        lines = pl.scan_csv(
            path, has_header=False, separator=UNIT, quote_char=None, schema={"line": pl.String()},
            encoding="utf8-lossy", glob=False,
        )  # fmt: skip
        words = pl.col("line").str.strip_chars().str.split(" ").list.eval(pl.element().filter(pl.element() != ""))
        rows = lines.with_row_index(LINE, offset=1).select(pl.col(LINE).cast(pl.Int64), words.alias("words"))
        people = rows.filter(pl.col("words").list.len() > 0).select(
            LINE, user=pl.col("words").list.first(), item=pl.col("words").list.slice(1)
        )
        events = people.explode("item", empty_as_null=True)
        return events.with_row_index("position").with_columns(pl.lit(None, pl.String).alias(TROUBLE))

    def ends_early(self, path: Path) -> bool:
        """A last line without its end may lack a part of its last item; no other sign of it is left."""
        return False

    def quick(self, path: Path, types: Mapping[str, pl.DataType]) -> pl.LazyFrame:
        return self.careful(path).drop(LINE, TROUBLE)

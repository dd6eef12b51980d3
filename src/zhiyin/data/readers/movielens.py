"""MovieLens' raw forms: ``::`` between fields (1M, 10M), tabs (u.data) or ``|`` (u.item, u.user); UTF-8 or Latin-1."""

import io
import re
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pyarrow as pa

from zhiyin.core.errors import DataError
from zhiyin.data.readers.reader import TROUBLE

GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
LAYOUTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    r"u\.data|u\d?[ab]?\.(base|test)": ("\t", ("user", "item", "rating", "timestamp")),
    r"u\.item": ("|", ("item", "title", "release_date", "video_release_date", "imdb_url", *GENRES)),
    r"u\.user": ("|", ("user", "age", "gender", "occupation", "zip")),
    r"ratings.*\.dat": ("::", ("user", "item", "rating", "timestamp")),
    r"movies.*\.dat": ("::", ("item", "title", "genres")),
    r"users.*\.dat": ("::", ("user", "gender", "age_code", "occupation", "zip")),
}
"""File name → separator and columns: the files have no header."""
UNIT = "\x1f"
"""A byte that no line has: the whole line is read as one field."""


class MovieLensReader:
    """Recognised by name and separator together."""

    first_line = 1

    def reads(self, path: Path, head: bytes) -> bool:
        layout = _layout(path)
        return layout is not None and layout[0].encode() in head.split(b"\n", 1)[0]

    def careful(self, path: Path) -> pl.LazyFrame:
        layout = _layout(path)
        if layout is None:
            raise DataError(f"{path.name} is no MovieLens file; its names are u.data, u.item, ratings.dat …")
        separator, names = layout
        lines = pl.scan_csv(
            _text(path), has_header=False, separator=UNIT, quote_char=None, schema={"line": pl.String()},
        )  # fmt: skip
        lines = lines.with_columns(fields=pl.col("line").str.split(separator))
        fields = [pl.col("fields").list.get(i, null_on_oob=True).alias(name) for i, name in enumerate(names)]
        found = pl.col("fields").list.len()
        trouble = pl.when(found != len(names)).then(pl.format(f"{{}} fields instead of {len(names)}", found))
        return _with_genres(lines.select(*fields, trouble.alias(TROUBLE)), names)

    def ends_early(self, path: Path) -> bool:
        return False  # too few fields are a trouble of their own

    def quick(self, path: Path, types: Mapping[str, pl.DataType]) -> pl.LazyFrame:
        layout = _layout(path)
        if layout is None or len(layout[0]) > 1 or layout[1][0] != "user":
            return self.careful(path)
        schema: dict[str, pl.DataType] = {name: types.get(name, pl.String()) for name in layout[1]}
        return pl.scan_csv(_text(path), has_header=False, separator=layout[0], quote_char=None, schema=schema)


def _layout(path: Path) -> tuple[str, tuple[str, ...]] | None:
    name = path.name.removesuffix(".gz").removesuffix(".zst")
    return next((layout for pattern, layout in LAYOUTS.items() if re.fullmatch(pattern, name)), None)


def _text(path: Path) -> io.BytesIO:
    """The file's text in UTF-8."""
    with pa.input_stream(str(path), compression="detect") as stream:
        raw = bytes(stream.read())
    try:
        raw.decode()
    except UnicodeDecodeError:
        raw = raw.decode("latin-1").encode()
    return io.BytesIO(raw)


def _with_genres(frame: pl.LazyFrame, names: tuple[str, ...]) -> pl.LazyFrame:
    """Genres as lists: 19 flags in 100K, ``A|B`` in the later sets."""
    if GENRES[1] in names:
        flagged = [pl.when(pl.col(genre) == "1").then(pl.lit(genre)) for genre in GENRES]
        return frame.with_columns(genres=pl.concat_list(flagged).list.drop_nulls()).drop(GENRES)
    if "genres" in names:
        return frame.with_columns(pl.col("genres").str.split("|"))
    return frame

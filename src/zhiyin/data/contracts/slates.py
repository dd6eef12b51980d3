"""What is given back: lists in your own ids."""

from dataclasses import dataclass, field
from numbers import Integral

import numpy as np
import polars as pl

from zhiyin.core.errors import ModelError
from zhiyin.core.wire import ModelName, Recommendations, SlateItem, SlateJSON


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


def slate_length(k: object, n_items: int) -> int:
    """``k``, at most all items: places for more would only be memory. Raises `ModelError` for what is no length."""
    if isinstance(k, bool) or not isinstance(k, Integral):
        raise ModelError(f"k is {k!r}, a {type(k).__name__}; a slate's length is a whole number: give k=10")
    if k < 1:
        raise ModelError(
            f"k is {k}; a slate has at least 1 item: give k of 1 or more", found=str(k), allowed="1 or more"
        )
    return min(int(k), max(1, n_items))

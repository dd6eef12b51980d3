"""Social ties: a table of pairs ``user, friend``, and the people with a list of their friends each.

A tie has a direction: ``friend`` is a friend (or somebody followed) of ``user``; a tie of both ways is two rows.
"""

from dataclasses import dataclass

import polars as pl

from zhiyin.core.errors import DataError
from zhiyin.data.canonical import as_id
from zhiyin.data.columns import NO_ID, by_folded, spelled_out
from zhiyin.data.sources import Source, whole_table

USERS = ("user", "userid", "from", "source", "follower", "用户", "用户id")
FRIENDS = ("friend", "friendid", "to", "target", "followee", "followed", "好友", "好友id")
COLUMN = "friends"


@dataclass(frozen=True, slots=True, eq=False)
class Ties:
    """Pairs, each once."""

    frame: pl.DataFrame
    """user, friend: both text."""
    notes: tuple[str, ...] = ()


def read_ties(source: Source, encoding: str | None = None) -> Ties:
    """A file or frame of ties. Raises `DataError` where it has no columns of a user and a friend.

    Left out and counted: rows that lack one of the two, friends of themselves, and pairs that stand twice."""
    raw, told = whole_table(source, encoding)
    raw = spelled_out(raw)
    by_name = by_folded(raw.columns)
    columns = [next((by_name[name] for name in names if name in by_name), None) for names in (USERS, FRIENDS)]
    if None in columns:
        raise DataError(
            f"the table of ties has the columns {', '.join(raw.columns)}; it needs two, user and friend: rename them",
            found=", ".join(raw.columns), allowed="user, friend",
        )  # fmt: skip
    ids = [
        as_id(str(column), raw.schema[str(column)], False).alias(ours)
        for column, ours in zip(columns, ("user", "friend"), strict=True)
    ]
    pairs = raw.select(ids)
    named = pairs.filter(~pl.any_horizontal(pl.all().is_null() | pl.all().is_in(NO_ID)))
    others = named.filter(pl.col("user") != pl.col("friend"))
    once = others.unique(maintain_order=True)
    counts = (
        (len(pairs) - len(named), "{} ties lack a user or a friend: left out"),
        (len(named) - len(others), "{} people are named as friends of themselves: left out"),
        (len(others) - len(once), "{} ties stand twice: counted once"),
    )
    return Ties(once, (*told, *(words.format(f"{n:,}") for n, words in counts if n)))


def with_friends(users: pl.DataFrame, ties: pl.DataFrame) -> pl.DataFrame:
    """The people with the column ``friends``, a list of ids; nobody is added who is only a friend."""
    lists = ties.group_by("user", maintain_order=True).agg(pl.col("friend").alias(COLUMN))
    return users.drop(COLUMN, strict=False).join(lists, on="user", how="left", maintain_order="left")

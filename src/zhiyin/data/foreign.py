"""Objects of other libraries as frames under our names: sparse matrices, and what Surprise and LightFM learn from.

They are told by what they can do: neither library is imported.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import polars as pl
from scipy import sparse

from zhiyin.core.errors import DataError

Entries = Literal["value", "weight"]
"""What the numbers of a matrix are: ratings, counts and the like, or what each event weighs."""


class Frames(NamedTuple):
    """What `Dataset.from_frame` takes."""

    events: pl.DataFrame
    items: pl.DataFrame | None = None
    users: pl.DataFrame | None = None


def of_matrix(matrix: Any, users: Iterable[Any] | None, items: Iterable[Any] | None, entries: Entries) -> Frames:
    """Each stored entry of a sparse matrix (people × items) is an event; ids are row numbers where none are given.

    Rows and columns without an entry are known people and items all the same.
    """
    is_sparse: bool = sparse.issparse(matrix)
    if not is_sparse:
        raise DataError(
            f"found {type(matrix).__name__}; give a sparse matrix, for example scipy.sparse.csr_array(array)",
            found=type(matrix).__name__, allowed="a SciPy sparse matrix",
        )  # fmt: skip
    if entries not in ("value", "weight"):
        raise DataError(f"entries is {entries!r}; the numbers of a matrix are value or weight", found=str(entries))
    numbers = sparse.coo_array(matrix)
    if not (np.issubdtype(numbers.dtype, np.number) or numbers.dtype == bool) or np.iscomplexobj(numbers.data):
        raise DataError(f"the entries are {numbers.dtype}; give a matrix of real numbers", found=str(numbers.dtype))
    bad = int((~np.isfinite(numbers.data)).sum())
    if bad:
        raise DataError(f"{bad:,} entries of the matrix are NaN or infinite; leave them out of it", found=str(bad))
    people, catalogue = (_ids(ids, n, what) for ids, n, what in zip((users, items), matrix.shape, SIDES, strict=True))
    events = pl.DataFrame(
        {"user": people.gather(numbers.row), "item": catalogue.gather(numbers.col), "value": numbers.data}
    )
    return Frames(events, catalogue.alias("item").to_frame(), people.alias("user").to_frame())


SIDES = (("user", "row"), ("item", "column"))


def _ids(given: Iterable[Any] | None, n: int, what: tuple[str, str]) -> pl.Series:
    """One different id, as text, for each row or column."""
    ours, side = what
    ids = texts(range(n) if given is None else list(given))
    if len(ids) != n:
        raise DataError(
            f"{len(ids):,} {ours}s were given for the {n:,} {side}s of the matrix; give one a {side}, in their order"
            + ("; is the matrix turned round? rows are people: matrix.T" if ours == "user" else ""),
            found=str(len(ids)), allowed=str(n),
        )  # fmt: skip
    if ids.null_count():
        raise DataError(f"{side} {ids.is_null().arg_max()} of the matrix has no {ours}; give an id for each")
    double = ids.filter(ids.is_duplicated())
    if len(double):
        raise DataError(
            f"{ours} {double[0]!r} stands for two {side}s of the matrix; add them up first", found=double[0]
        )
    return ids


def texts(ids: Sequence[Any]) -> pl.Series:
    """Ids as text: 17850 and 17850.0 are "17850"; None and NaN are missing."""
    return pl.Series([_text(one) for one in ids], dtype=pl.String)


def _text(one: Any) -> str | None:
    if isinstance(one, str) or one is None:
        return one
    if isinstance(one, (float, np.floating)):
        return None if math.isnan(one) else str(int(one)) if float(one).is_integer() else str(one)
    return str(one)


def of_surprise(data: Any) -> Frames:
    """A ``Trainset``, or the ``Dataset`` that it is made of, which has the times as well."""
    if hasattr(data, "raw_ratings"):
        rows = [tuple(row) for row in data.raw_ratings]
        times = [row[3] if len(row) > 3 else None for row in rows]
        timed = {} if any(time is None for time in times) else {"time": texts(times)}
        return _rated([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows], timed)
    if not all(hasattr(data, name) for name in ("all_ratings", "to_raw_uid", "to_raw_iid")):
        raise DataError(
            f"found {type(data).__name__}; give Surprise's Trainset (data.build_full_trainset()), or its Dataset",
            found=type(data).__name__, allowed="Trainset, Dataset",
        )  # fmt: skip
    rows = list(data.all_ratings())
    users, items = [data.to_raw_uid(row[0]) for row in rows], [data.to_raw_iid(row[1]) for row in rows]
    return _rated(users, items, [row[2] for row in rows], {})


def _rated(users: list[Any], items: list[Any], ratings: list[Any], timed: dict[str, pl.Series]) -> Frames:
    for ours, ids in (("user", users), ("item", items)):
        known = dict.fromkeys(ids)
        named = texts([*known]).drop_nulls()
        double = named.filter(named.is_duplicated())
        if len(double):
            both = " and ".join(repr(one) for one in known if _text(one) == double[0])
            raise DataError(f"{ours}s {both} are different there and one as text; make them all text first", found=both)
    values = pl.Series(ratings, dtype=pl.Float64)
    columns = {"user": texts(users), "item": texts(items), "rating": values, **timed}
    return Frames(pl.DataFrame(columns))


def of_lightfm(data: Any, interactions: Any, weights: Any = None) -> tuple[Any, list[Any], list[Any]]:
    """Matrix, people and items of LightFM's ``Dataset`` and what its ``build_interactions`` gives."""
    if not callable(getattr(data, "mapping", None)):
        raise DataError(
            f"found {type(data).__name__}; give LightFM's Dataset, which has mapping(), and the interactions",
            found=type(data).__name__, allowed="lightfm.data.Dataset",
        )  # fmt: skip
    if isinstance(interactions, tuple):  # both of what build_interactions gives
        interactions, weights = interactions
    users, _, items, _ = data.mapping()
    people, catalogue = (sorted(rows, key=rows.__getitem__) for rows in (users, items))
    return interactions if weights is None else weights, people, catalogue

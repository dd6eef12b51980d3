"""Candidates of several sources become one list of each request, without doubles; who proposed what is kept.

Letters: B requests, C candidates, S sources. Scores of different sources have no common scale, so that the merged
order is by place: the best of every source first, sources in their order among equals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from zhiyin.core.errors import ModelError
from zhiyin.data.contracts import FILL, Candidates, CandidateSource, Requests
from zhiyin.features import Counters, Feature, FeatureTable, compute_table

MOST_SOURCES = 32
"""Bits of ``Candidates.sources``."""


def proposed(
    sources: Mapping[str, tuple[CandidateSource, int]], requests: Requests, allowed: np.ndarray | None = None
) -> Candidates:
    """The best of each source by NAME (it, and how many), merged; ``allowed``, bool (N,): only these items."""
    return merge(
        [replace(source.candidates(requests, n, allowed), source_names=(name,))
         for name, (source, n) in sources.items()]
    )  # fmt: skip


def merge(proposals: Sequence[Candidates]) -> Candidates:
    """One list of each request: rows by their best place, no row twice, the bits of all that proposed it.

    ``scores`` is minus the best place (0, -1, …). Raises `ModelError` without sources or for more than 32.
    """
    names = tuple(name for found in proposals for name in found.source_names)
    if not 1 <= len(names) <= MOST_SOURCES:
        raise ModelError(f"{len(names)} sources were given; an answer has 1 to {MOST_SOURCES}: change [sources]")
    firsts = np.cumsum([0, *(len(found.source_names) for found in proposals)])
    n = len(proposals[0].rows)
    merged = [_merged([found.rows[b] for found in proposals],
                      [found.sources[b].astype(np.uint32) << np.uint32(first)
                       for found, first in zip(proposals, firsts, strict=False)]) for b in range(n)]  # fmt: skip
    width = max((len(rows) for rows, _, _ in merged), default=0)
    rows = np.full((n, width), FILL, np.int32)
    scores = np.full((n, width), -np.inf, np.float32)
    bits = np.zeros((n, width), np.uint32)
    for b, (row, place, bit) in enumerate(merged):
        rows[b, : len(row)], scores[b, : len(row)], bits[b, : len(row)] = row, -place, bit
    return Candidates(rows, scores, bits, names)


def moved_up(found: Candidates, keep: np.ndarray) -> Candidates:
    """The candidates to ``keep``, bool (B, C), in the same order without gaps; as many columns as the longest needs."""
    if keep.all():
        return found
    order = np.argsort(~keep, axis=1, kind="stable")[:, : keep.sum(axis=1).max(initial=0)]
    kept = np.take_along_axis(keep, order, axis=1)
    rows, scores, bits = (np.take_along_axis(a, order, axis=1) for a in (found.rows, found.scores, found.sources))
    return Candidates(
        np.where(kept, rows, np.int32(FILL)), np.where(kept, scores, np.float32(-np.inf)),
        np.where(kept, bits, np.uint32(0)), found.source_names,
    )  # fmt: skip


def features_for(
    requests: Requests, found: Candidates, features: Sequence[Feature], counters: Counters,
    counted: np.ndarray | None = None,
) -> FeatureTable:  # fmt: skip
    """The columns a ranker reads, for ``found``: the same code when training and answering. Last come ``from.NAME``,
    whether this source proposed the candidate; NaN for "no item". ``counted``, bool (B, C): the candidates among which
    places and spreads are counted, all of them without."""
    table = compute_table(features, requests, found.rows, counters, counted)
    bits = np.arange(len(found.source_names), dtype=np.uint32)
    proposed_by = (found.sources[:, :, None] >> bits & 1).astype(np.float32)  # (B, C, S)
    proposed_by[found.rows == FILL] = np.nan
    names = (*table.names, *(f"from.{name}" for name in found.source_names))
    return FeatureTable(names, np.concatenate([table.values, proposed_by], axis=2))


def _merged(lists: Sequence[np.ndarray], bits: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, best places and source bits of one request, best place first."""
    rows, owners = np.concatenate(lists), np.concatenate(bits)
    places = np.concatenate([np.arange(len(one)) for one in lists])
    order = np.argsort(places, kind="stable")
    order = order[rows[order] != FILL]
    rows, owners, places = rows[order], owners[order], places[order]
    _, first, which = np.unique(rows, return_index=True, return_inverse=True)
    joined = np.zeros(len(first), np.uint32)
    np.bitwise_or.at(joined, which, owners)
    kept = np.argsort(first)
    return rows[first][kept], places[first][kept], joined[kept]

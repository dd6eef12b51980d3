"""Candidates and the house rules: what a candidate is compared with, and what of it may be shown.

A ranker learned from candidates that no rule had touched: an item's place or spread among them means the same only if
it is counted among the same items. So they are proposed as if there were no rules, all are scored, and then the rules
drop: whether another item is in stock changes nobody's probability. Where the rules leave few, the sources propose
again under the rules; what is added so is compared with the first, never counted among them.
Letters: B requests, C candidates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from zhiyin.answering.candidates import moved_up, proposed
from zhiyin.data.contracts import FILL, Candidates, CandidateSource, Requests

FEW = 0.5
"""Share of what was proposed: where the rules leave less, the sources propose again under the rules."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Candidates (B, C), with what the rules say of each."""

    found: Candidates
    counted: np.ndarray
    """bool (B, C): proposed as if there were no rules; places and spreads are counted among these."""
    shown: np.ndarray
    """bool (B, C): the rules let it through."""

    @classmethod
    def free(cls, found: Candidates) -> Self:
        """All of them counted, all of them shown."""
        there = found.rows != FILL
        return cls(found, there, there)

    @classmethod
    def of(
        cls, sources: Mapping[str, tuple[CandidateSource, int]], requests: Requests, k: int,
        allowed: np.ndarray | None,
    ) -> Self:  # fmt: skip
        """What the sources (and how many each) propose; ``allowed``, bool (N,), is what the rules let through.

        At least ``k`` are shown, if that many are allowed.
        """
        found = proposed(sources, requests)
        pool = cls.free(found)
        if allowed is None:
            return pool
        shown = pool.counted & allowed[np.maximum(found.rows, 0)]
        few = np.flatnonzero(shown.sum(axis=1) < np.maximum(k, FEW * pool.counted.sum(axis=1)))
        if not len(few):
            return cls(found, pool.counted, shown)
        added = _new(proposed(sources, requests.take(few), allowed), found.rows[few])
        further = added.rows.shape[1]
        rows, scores, bits = (
            np.pad(part, ((0, 0), (0, further)), constant_values=fill)
            for part, fill in ((found.rows, FILL), (found.scores, -np.inf), (found.sources, 0))
        )
        counted, shown = (np.pad(part, ((0, 0), (0, further))) for part in (pool.counted, shown))
        if further:
            rows[few, -further:], scores[few, -further:] = added.rows, added.scores
            bits[few, -further:], shown[few, -further:] = added.sources, added.rows != FILL
        return cls(Candidates(rows, scores, bits, found.source_names), counted, shown)

    def ordered(self, scores: np.ndarray) -> Self:
        """The same by these ``scores`` float32 (B, C), best first."""
        order = np.argsort(-scores, axis=1, kind="stable")
        rows, scores, bits, counted, shown = (
            np.take_along_axis(part, order, axis=1)
            for part in (self.found.rows, scores, self.found.sources, self.counted, self.shown)
        )
        return type(self)(Candidates(rows, scores, bits, self.found.source_names), counted, shown)

    def take(self, b: int) -> Self:
        """That of one request."""
        one = slice(b, b + 1)
        return type(self)(self.found.take(b), self.counted[one], self.shown[one])

    @property
    def left(self) -> Candidates:
        """What is shown, in the same order."""
        return moved_up(self.found, self.shown)


def _new(found: Candidates, known: np.ndarray) -> Candidates:
    """Those of ``found`` that are not among the rows ``known`` (B, C) of the same request."""
    new = [~np.isin(rows, before) for rows, before in zip(found.rows, known, strict=True)]
    return moved_up(found, np.array(new, bool).reshape(found.rows.shape) & (found.rows != FILL))

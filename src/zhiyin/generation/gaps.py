"""Gaps: items that many people would like and the catalogue has nothing near to: what to stock next.

Letters: P people, S draws of a person, n draws, G gaps, N items, D numbers of an item.
One half of each person's draws finds the gaps, the other half counts who asks for them, so that a gap is not counted
on the draws that it was chosen for.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from zhiyin.core.wire import FigureJSON
from zhiyin.evaluation.intervals import figure, resampled_means
from zhiyin.generation.conditional import ConditionalModel
from zhiyin.generation.encoding import take
from zhiyin.generation.neighbours import squares_between
from zhiyin.generation.specification import Specification

PEOPLE = 2000
"""People who are asked, at most; the counts are for all of them."""
DRAWS = 8
"""Of a person, in each half."""
POOL = 5000
"""Draws that gaps are looked for among, at most."""
COUNTED = 200
"""Gaps whose people are counted, at most, however many are asked for: the first three of ten are those of three."""
NEAR = 0.95
"""Near is a distance within which this share of the catalogue's items have their own nearest neighbour."""


@dataclass(frozen=True)
class Gap:
    """A specification that is farther from every item than items usually are, and who asks for it."""

    specification: Specification
    people: int
    """People of whom at least one of eight draws comes near to it."""
    low: int
    high: int
    """95 % interval, by bootstrap over people."""

    def to_dict(self) -> dict[str, Any]:
        """The JSON shape of ``generate --gaps``."""
        return {
            "specification": self.specification.to_dict(), "people": self.people, "low": self.low, "high": self.high,
        }  # fmt: skip


def find_gaps(made_by: ConditionalModel, vectors: np.ndarray, n: int, rng: np.random.Generator) -> list[Gap]:
    """The first ``n`` of at most `COUNTED` gaps for the people of these ``vectors`` (P, D), most asked for first.

    A draw is a gap where it says as much as items usually do and its nearest item is farther than `NEAR`; draws near
    to a gap that was found are that gap. None whose interval reaches down to nobody.
    """
    asked = vectors[np.sort(rng.permutation(len(vectors))[:PEOPLE])]
    radius = made_by.neighbours.usual(NEAR)
    hard = take(made_by.sample(asked, len(asked) * DRAWS, rng), rng.permutation(len(asked) * DRAWS))
    points = made_by.encoding.embed(hard)
    lonely = made_by.says_enough(hard) & (made_by.neighbours.nearest(points, 1)[1][:, 0] > radius)
    pool = np.flatnonzero(lonely)[:POOL]
    chosen = pool[_crowded(points[pool], radius)]
    again = made_by.encoding.embed(made_by.sample(asked, len(asked) * DRAWS, rng))  # draw i is of person i % P
    near = squares_between(again, points[chosen]) <= radius**2  # (S·P, G)
    asks = np.asarray(near.reshape(DRAWS, len(asked), -1).any(axis=0), np.float64)  # (P, G)
    means = resampled_means(asks) if len(chosen) else np.zeros((1, 0))  # (R, G)
    found = [figure(asks[:, g], means[:, g]) for g in range(len(chosen))]
    first = sorted((g for g in range(len(chosen)) if found[g]["low"] > 0), key=lambda g: -found[g]["value"])[:n]
    described = made_by.described(take(hard, chosen[first]), hard)
    return [_gap(one, found[g], len(vectors)) for one, g in zip(described, first, strict=True)]


def _crowded(points: np.ndarray, radius: float) -> list[int]:
    """Positions of at most `COUNTED` points with the most others within ``radius``, none within it of another."""
    near = (squares_between(points, points) <= radius**2).astype(np.float32)  # (n, n)
    left = np.ones(len(points), bool)
    chosen: list[int] = []
    crowd: np.ndarray = near.sum(axis=1)
    while left.any() and len(chosen) < COUNTED:
        best = int(np.where(left, crowd, -1).argmax())
        chosen.append(best)
        gone = left & (near[best] > 0)
        crowd = crowd - near[:, gone].sum(axis=1)
        left &= ~gone
    return chosen


def _gap(specification: Specification, asks: FigureJSON, n_people: int) -> Gap:
    people, low, high = (round(part * n_people) for part in (asks["value"], asks["low"], asks["high"]))
    return Gap(specification, people, low, high)

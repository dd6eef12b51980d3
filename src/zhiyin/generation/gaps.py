"""Gaps: items that many people would like and the catalogue has nothing near to: what to stock next.

Letters: P people, S draws of a person, n draws, N items, D numbers of an embedded item.
One half of each person's draws finds the gaps, the other half counts who asks for them, so that a gap is not counted
on the draws that it was chosen for.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

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
NEAR = 0.75
"""Near is a distance within which this share of the catalogue's items have their own nearest neighbour."""


@dataclass(frozen=True)
class Gap:
    """A specification that no item of the catalogue is near to, and who asks for it."""

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
    """At most ``n`` gaps for the people whose ``vectors`` (P, D) are given, most asked for first.

    A draw is a gap where it says as much as items usually do and its nearest item is farther than `NEAR`; draws near to
    a gap that was found are that gap. None whose interval reaches down to nobody.
    """
    asked = vectors[np.sort(rng.permutation(len(vectors))[:PEOPLE])]
    radius = made_by.neighbours.usual(NEAR)
    hard = take(made_by.sample(asked, len(asked) * DRAWS, rng), rng.permutation(len(asked) * DRAWS))
    points = made_by.encoding.embed(hard)
    lonely = made_by.says_enough(hard) & (made_by.neighbours.nearest(points, 1)[1][:, 0] > radius)
    pool = np.flatnonzero(lonely)[:POOL]
    chosen = pool[_crowded(points[pool], radius, n)]
    again = made_by.encoding.embed(made_by.sample(asked, len(asked) * DRAWS, rng))  # draw i is of person i % P
    found = [
        _gap(specification, point, again, radius, len(asked), len(vectors))
        for specification, point in zip(made_by.described(take(hard, chosen), hard), points[chosen], strict=True)
    ]
    return sorted((gap for gap in found if gap.low), key=lambda gap: -gap.people)


def _crowded(points: np.ndarray, radius: float, n: int) -> list[int]:
    """Positions of at most ``n`` points with the most others within ``radius``, none within it of another."""
    near = (squares_between(points, points) <= radius**2).astype(np.float32)  # (n, n)
    left = np.ones(len(points), bool)
    chosen: list[int] = []
    while left.any() and len(chosen) < n:
        crowd = np.where(left, near @ left.astype(np.float32), -1)
        best = int(crowd.argmax())
        chosen.append(best)
        left &= near[best] == 0
    return chosen


def _gap(
    specification: Specification, point: np.ndarray, draws: np.ndarray, radius: float, n_asked: int, n_people: int
) -> Gap:
    near = ((draws - point) ** 2).sum(axis=1) <= radius**2  # (S·P,)
    asks = near.reshape(-1, n_asked).any(axis=0).astype(np.float64)  # (P,)
    found = figure(asks, resampled_means(asks[:, None])[:, 0])
    people, low, high = (round(found[part] * n_people) for part in ("value", "low", "high"))
    return Gap(specification, people, low, high)

"""What one request asks of its slate beside its length, within the house rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from zhiyin.answering.filters import Filter


@dataclass(frozen=True)
class Boost:
    """Items of a filter are lifted by so many spreads (standard deviations) of the candidates' scores; down below 0."""

    filter: Filter
    by: float


@dataclass(frozen=True)
class Wishes:
    """Nothing of it makes an item appear that the house rules forbid."""

    filter: Filter | None = None
    """Only these items."""
    boost: Sequence[Boost] = ()
    most: Mapping[str, int] = field(default_factory=dict)
    """At most so many items of one value of a column."""
    pin: Sequence[str] = ()
    """Ids of items that stand first, in this order, whatever their scores, filtered or met before."""
    offset: int = 0
    """So many items of the slate are left out at its beginning: those of earlier pages."""


NONE = Wishes()
"""What everybody gets."""

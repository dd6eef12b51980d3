"""Now and then a new item is tried at one place of a slate, by chance and with a known chance (epsilon-greedy).

What is hardly ever shown is hardly ever taken, and what is hardly ever taken is not shown: without a little chance
nobody learns what a new item is worth. With the chance written down (the propensity), what was taken later says what
another policy would have earned (inverse propensity; Horvitz and Thompson 1952).
Letters: ε share of slates, P places that may be given away, E new items.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zhiyin.answering.answer import PINNED, Answerer, Shown
from zhiyin.data.contracts import Requests

SOURCE = "explored"
NEW = 10
"""An item that was taken fewer times is new."""


@dataclass(frozen=True)
class Exploration:
    """How often, and which items are new."""

    share: float
    """ε: of slates in which one place is given to a new item."""
    new: np.ndarray
    """bool (N,): items that were taken fewer than 10 times."""

    def tried(
        self, answerer: Answerer, requests: Requests, page: Sequence[Shown], chance: np.random.Generator
    ) -> list[Shown]:
        """The page of one request, with the propensity of each item at its place."""
        places = [place for place, one in enumerate(page) if PINNED not in one.sources]
        if not self.share or not places:
            return list(page)
        eligible = self._eligible(answerer, requests, page)
        if not len(eligible):
            return list(page)
        each = self.share / len(places)
        found = [one._replace(propensity=1 - each) if place in places else one for place, one in enumerate(page)]
        if chance.random() < self.share:
            place = places[int(chance.integers(len(places)))]
            row = int(eligible[int(chance.integers(len(eligible)))])
            found[place] = Shown(row, np.nan, (SOURCE,), each / len(eligible))
        return found

    def _eligible(self, answerer: Answerer, requests: Requests, page: Sequence[Shown]) -> np.ndarray:
        """Rows of new items that may be shown and are not on the page, int64 (E,)."""
        may = self.new.copy()
        if answerer.allowed is not None:
            may &= answerer.allowed
        may[requests.exclude[0]] = False
        may[[one.row for one in page]] = False
        return np.flatnonzero(may)

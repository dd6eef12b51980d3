"""What SASRec is asked while it learns: the events that are read, and the items that each of them is to predict.

Letters: B people, E targets. The paper asks after each event for the next one. Where many events share a moment (the
lines of an invoice), their order says nothing and most of them are at hand already: then what is read up to a moment's
end is asked for all the new items of the next moments at once.
"""

from dataclasses import dataclass

import numpy as np

from zhiyin.data.contracts import Histories, Ragged
from zhiyin.models.transformer.sequences import Sequences


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """One sequence a person, and its targets; whoever has no target is left out."""

    read: Sequences
    """What is read of each of B people."""
    targets: Ragged
    """Of each sequence the items to predict."""
    places: Ragged
    """Of each target the place in its sequence, ascending, from which it is predicted."""

    @classmethod
    def of(cls, histories: Histories, n_items: int, limit: int, ahead: int) -> "Lessons":
        """The newest ``limit`` events of each; ``ahead`` 0: the next event, else the new items of so many moments."""
        liked = histories.keep(histories.weights > 0)
        first = _first_of_moment(liked) if ahead else np.arange(liked.n_events)  # (E,)
        owners, n_before = liked.owners, first - liked.offsets[:-1][liked.owners]
        events, places = _asked(first, n_before, max(1, ahead))
        n_read = np.ones(len(liked), np.int64)  # the start row, and all before the last moment
        busy = liked.lengths > 0
        n_read[busy] += n_before[liked.offsets[1:][busy] - 1]
        places = places - np.maximum(n_read - limit, 0)[owners[events]]
        wanted = (places >= 0) & (_is_new(liked, n_items)[events] if ahead else True)
        events, places = events[wanted], places[wanted]
        order = np.lexsort([events, places, owners[events]])
        events, places = events[order], places[order]
        offsets = np.searchsorted(owners[events], np.arange(len(liked) + 1))
        read = Sequences.of(liked.keep(n_before < n_read[owners] - 1), n_items, limit)
        whole = cls(read, Ragged(offsets, liked.items[events]), Ragged(offsets, places))
        return whole.take(np.flatnonzero(whole.targets.lengths))

    def __len__(self) -> int:
        return len(self.read)

    def take(self, people: np.ndarray) -> "Lessons":
        """Those of the people at these positions, in this order."""
        return Lessons(self.read.take(people), self.targets.take(people), self.places.take(people))


def _first_of_moment(histories: Histories) -> np.ndarray:
    """For each event the position of the first that the same person did at the same time, int64 (E,)."""
    owners, times = histories.owners, histories.times
    begins = np.ones(histories.n_events, bool)
    begins[1:] = (owners[1:] != owners[:-1]) | (times[1:] != times[:-1])
    return np.asarray(np.flatnonzero(begins)[np.cumsum(begins) - 1])


def _asked(first: np.ndarray, n_before: np.ndarray, ahead: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of an event and a place from which it is predicted: the end of each of the ``ahead`` moments before it."""
    events, places, begins = [], [], first
    for _ in range(ahead):
        alive = begins >= 0
        events.append(np.flatnonzero(alive))
        places.append(n_before[begins[alive]])  # place 0 is the start row, so n events stand before place n's question
        earlier = alive & (n_before[begins] > 0)
        begins = np.where(earlier, first[begins - 1], -1)
    return np.concatenate(events), np.concatenate(places)


def _is_new(histories: Histories, n_items: int) -> np.ndarray:
    """Where the person does this with the item for the first time, bool (E,)."""
    new = np.zeros(histories.n_events, bool)
    new[np.unique(histories.owners * n_items + histories.items, return_index=True)[1]] = True
    return new

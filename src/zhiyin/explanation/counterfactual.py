"""Reasons by taking events out and asking again, for every model alike: which events hold an item in the slate.

All events of one item are taken out together. What is excluded (seen items) stays as it was, so that an item that was
taken out of the history is not recommended in place of itself.
Letters: K items of the slate, M different items of the history that are tried.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from zhiyin.data.contracts import Candidates, Requests

TRIED = 50
"""Newest different items of a history that are tried: the cost of a reason is one score for each."""
MOST = 4
"""Items taken out together at most: a longer reason explains nothing to a person."""

Score = Callable[[Requests, np.ndarray], np.ndarray]
"""Scores float32 (B, C) of these rows int32 (B, C), by what orders the slate."""
Rerun = Callable[[Requests], Candidates]
"""The whole answering path: candidates, ranker and rules; at least the slate, best first."""


@dataclass(frozen=True)
class Outcome:
    """What becomes of an item of the slate without the events of ``items``; asked again, not guessed."""

    items: tuple[int, ...]
    stays: bool
    """Whether it is still in the slate."""
    after: float | None
    """Its score then; None where it is not even a candidate."""
    instead: int | None
    """The first that is in the slate then and was not before."""

    @classmethod
    def of(cls, items: tuple[int, ...], row: int, slate: np.ndarray, answer: Candidates, b: int) -> "Outcome":
        """From the ``b``-th answer that was made again."""
        rows, scores = answer.rows[b], answer.scores[b]
        place = next(iter(np.flatnonzero(rows == row).tolist()), None)
        new = [int(other) for other in rows[: len(slate)] if other >= 0 and other not in slate]
        after = None if place is None else float(scores[place])
        return cls(items, place is not None and place < len(slate), after, new[0] if new else None)


def falls(request: Requests, slate: np.ndarray, score: Score) -> tuple[np.ndarray, np.ndarray]:
    """Items tried int32 (M,), newest first, and how far each item of the ``slate`` (K,) falls without them (M, K).

    ``request`` is a single one; all M are scored in one batch.
    """
    tried = np.array(list(dict.fromkeys(request.histories.items[::-1].tolist()))[:TRIED], np.int32)
    asked = without(request, [(), *((item,) for item in tried.tolist())])
    scores = score(asked, np.tile(slate, (len(tried) + 1, 1)))  # (1 + M, K)
    return tried, scores[:1] - scores[1:]


def verified(
    request: Requests, slate: np.ndarray, tried: np.ndarray, fall: np.ndarray, rerun: Rerun
) -> list[Outcome | None]:
    """For each item of the ``slate`` (K,) the fewest of its largest falls whose removal makes it leave; None where even
    `MOST` of them, or all that speak for it, leave it there. ``tried`` and ``fall`` are what `falls` gave."""
    wanted: list[tuple[int, tuple[int, ...]]] = []
    for place in range(len(slate)):
        order = np.argsort(-fall[:, place], kind="stable")
        speaking = [int(tried[m]) for m in order if fall[m, place] > 0][:MOST]
        wanted += [(place, tuple(speaking[:n])) for n in range(1, len(speaking) + 1)]
    found: list[Outcome | None] = [None] * len(slate)
    if not wanted:
        return found
    answers = rerun(without(request, [items for _, items in wanted]))
    for b, (place, items) in enumerate(wanted):
        if found[place] is None:
            outcome = Outcome.of(items, int(slate[place]), slate, answers, b)
            found[place] = None if outcome.stays else outcome
    return found


def without(request: Requests, removed: Sequence[Sequence[int]]) -> Requests:
    """The request once for each entry of ``removed``, without the events of these items; the rest stays as it was."""
    asked = request.take(np.zeros(len(removed), np.int64))
    histories = asked.histories
    gone = [np.isin(histories.items[start:end], items) for start, end, items in zip(
        histories.offsets[:-1], histories.offsets[1:], removed, strict=True)]  # fmt: skip
    return asked.with_histories(histories.keep(~np.concatenate(gone)))

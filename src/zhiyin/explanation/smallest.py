"""The fewest items of a history without which an item leaves the slate, and what would bring another one in.

Every question is put to the whole answering path (`Rerun`: candidates, ranker, rules, same seen filter), in batches.
First one item after the other is taken out, always the one after which least of the item's lead is left; then smaller
sets are tried among these and what was strongest alone (or, where that led nowhere, sets of the strongest), and last
the set is asked about once more, by itself.
References: Wachter et al. 2017, arXiv 1711.00399; Tran et al. 2021 (ACCENT), arXiv 2105.05008.
Letters: K items of the slate, M moves (an item taken out, or one taken in), S sets of moves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb

import numpy as np

from zhiyin.data.contracts import Candidates, Histories, Requests
from zhiyin.explanation.counterfactual import MOST, TRIED, Outcome, Rerun, without

SMALLER = 128
"""Sets that are tried at most when a smaller one is looked for."""
OFFERED = 50
"""Items that are tried as taken in."""

Left = Callable[[Sequence[tuple[int, ...]]], np.ndarray]
"""From sets of moves to what is left of the lead, float64 (S,): negative where the aim is reached."""


@dataclass(frozen=True)
class Entry:
    """What would bring an item in: the history without some items and with others."""

    without: tuple[int, ...]
    taken: tuple[int, ...]
    place: int
    """Of the item in the slate then, from 1."""


def smallest(request: Requests, slate: np.ndarray, item: int, rerun: Rerun, most: int = MOST) -> Outcome | None:
    """The fewest items (``most`` at most) without which ``item`` leaves the ``slate`` int32 (K,), asked again at last.

    None where no set was found: what is popular is shown whatever one took.
    """
    tried = list(dict.fromkeys(request.histories.items[::-1].tolist()))[:TRIED]

    def left(sets: Sequence[tuple[int, ...]]) -> np.ndarray:
        answer = rerun(without(request, [[tried[m] for m in moves] for moves in sets]))
        return lead(answer, item, len(slate))

    found = fewest(len(tried), left, most)
    if found is None:
        return None
    items = tuple(tried[m] for m in found)
    outcome = Outcome.of(items, item, slate, rerun(without(request, [items])), 0)
    return None if outcome.stays else outcome


def entry(
    request: Requests, k: int, item: int, rerun: Rerun, offered: np.ndarray, most: int = MOST
) -> Entry | None:  # fmt: skip
    """The fewest items taken out of the history, or taken in of those ``offered`` (rows), that bring ``item`` into a
    slate of ``k``. None where no set was found, or where it is never among the candidates."""
    tried = list(dict.fromkeys(request.histories.items[::-1].tolist()))[:TRIED]
    further = [int(row) for row in offered if row >= 0 and row != item and row not in tried][:OFFERED]
    moves = [(row, False) for row in tried if row != item] + [(row, True) for row in further]

    def asked(sets: Sequence[tuple[int, ...]]) -> Requests:
        out = [[moves[m][0] for m in chosen if not moves[m][1]] for chosen in sets]
        into = [[moves[m][0] for m in chosen if moves[m][1]] for chosen in sets]
        left = without(request, out)
        return left.with_histories(left.histories.joined(_taken(request, into)))

    found = fewest(len(moves), lambda sets: -lead(rerun(asked(sets)), item, k), most)
    if found is None:
        return None
    places = np.flatnonzero(rerun(asked([found])).rows[0, :k] == item)
    out, into = (tuple(moves[m][0] for m in found if moves[m][1] is taken) for taken in (False, True))
    return Entry(out, into, int(places[0]) + 1) if len(places) else None


def fewest(n: int, left: Left, most: int) -> tuple[int, ...] | None:
    """The fewest of ``n`` moves, as far as was looked, that make ``left`` negative; None where ``most`` of them do not.

    One move that suffices is always found, and the best of them.
    """
    chosen: tuple[int, ...] = ()
    alone = np.zeros(n)
    while len(chosen) < min(most, n):
        sets = [(*chosen, m) for m in range(n) if m not in chosen]
        leads = left(sets)
        if not chosen:
            alone = leads
        chosen = sets[int(leads.argmin())]
        if leads.min() < 0:
            break
    else:  # greed led nowhere: what two or more do together may still be among the strongest alone
        order = np.argsort(alone, kind="stable")
        for size in range(2, min(most, n) + 1):
            sets = _sets(order.tolist(), size)
            leads = left(sets)
            if leads.min() < 0:
                return sets[int(leads.argmin())]
        return None
    while len(chosen) > 2:  # one alone does not suffice, that was asked first
        among = list(dict.fromkeys([*chosen, *np.argsort(alone, kind="stable").tolist()]))
        smaller = _sets(among, len(chosen) - 1)
        leads = left(smaller)
        if leads.min() >= 0:
            break
        chosen = smaller[int(leads.argmin())]
    return chosen


def lead(answer: Candidates, item: int, k: int) -> np.ndarray:
    """How far ``item`` is above what a slate of ``k`` has no room for, float64 (B,); where it is not in the slate, how
    far below its last (negative), -inf where it is no candidate."""
    rows, scores = answer.rows, answer.scores.astype(np.float64)
    there = rows == item
    place = np.where(there.any(axis=1), there.argmax(axis=1), rows.shape[1])
    padded = np.concatenate([scores, np.full((len(rows), k + 1), -np.inf)], axis=1)
    own = np.take_along_axis(padded, place[:, None], axis=1)[:, 0]
    inside = place < k
    other = np.where(inside, padded[:, k], padded[:, k - 1])
    other = np.where(np.isfinite(other), other, own - 1)  # there is room for all
    apart = np.where(np.isfinite(own), own - other, -np.inf)
    tiny = np.finfo(np.float64).tiny
    return np.where(inside, np.maximum(apart, tiny), np.minimum(apart, -tiny))


def _sets(among: Sequence[int], size: int) -> list[tuple[int, ...]]:
    """Sets of ``size`` of the first, as many as `SMALLER`."""
    width = size
    while width < len(among) and comb(width + 1, size) <= SMALLER:
        width += 1
    return list(combinations(among[:width], size))


def _taken(request: Requests, lists: Sequence[Sequence[int]]) -> Histories:
    """Events of these items, now, of the kind of the newest event that speaks for its item."""
    taken, own = Histories.of(lists), request.histories
    liked = np.flatnonzero(own.weights > 0)
    if len(liked):
        alike = own.events(np.repeat(liked[-1:], taken.n_events), taken.offsets)
    else:
        unknown = {name: np.full(taken.n_events, None if column.dtype == object else 0, column.dtype)
                   for name, column in own.context.items()}  # fmt: skip
        alike = replace(taken, context=unknown)
    now = np.full(taken.n_events, request.now[0], np.int64)
    return replace(alike, items=taken.items, times=now, weights=np.ones(taken.n_events, np.float32))

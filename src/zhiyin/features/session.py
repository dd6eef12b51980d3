"""What the person is doing right now: the events that hang together with the newest one.

A session is what the log's ``session`` column says, else what has no gap of more than 30 minutes.
Letters: B requests, C candidates, E events.
"""

import numpy as np
from scipy import sparse

from zhiyin.core.once import once
from zhiyin.data.contracts import Histories, Requests
from zhiyin.features.counters import chosen
from zhiyin.features.feature import Counters
from zhiyin.features.person import RECENT, liked, spread

GAP_S = 1800
COLUMN = "session"


def running(requests: Requests, counters: Counters) -> Histories:
    """`running_in_time`, or `running_untimed` where events have no time."""
    return once(running_in_time if counters.timed else running_untimed, requests)


def running_in_time(requests: Requests) -> Histories:
    """The events of positive weight of the session that goes on at the moment of asking; none where it is over."""
    return _session(requests, timed=True)


def running_untimed(requests: Requests) -> Histories:
    """The newest session, by the column alone; where there is none, the newest event."""
    return _session(requests, timed=False)


def _session(requests: Requests, *, timed: bool) -> Histories:
    history = liked(requests)
    if not history.n_events:
        return history
    later = np.append(history.times[1:], 0)
    last = history.ages == 0
    later[last] = requests.now[history.owners[last]]
    alone = COLUMN not in history.context  # without time and column no two events hang together
    broken = later - history.times > GAP_S if timed else ~last & alone
    if COLUMN in history.context:
        ids = history.context[COLUMN]
        known = (ids != np.array([None], object)) & (ids == ids)  # a missing number is no NaN's equal
        said = ~last & known & np.append(known[1:], False)
        same = np.append(ids[:-1] == ids[1:], False)
        broken = np.where(said, ~same, broken)
    upto = np.concatenate([[0], np.cumsum(broken)])
    return history.keep(upto[history.offsets[1:]][history.owners] == upto[:-1])


def session_events(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
    """log(1 + events of the running session)."""
    return spread(np.log1p(running(requests, counters).lengths), candidates)


def session_minutes(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
    """log(1 + minutes since the running session began); NaN where none runs, or without time."""
    session = running(requests, counters)
    minutes = np.full(len(session), np.nan)
    active = (session.lengths > 0) & counters.timed
    minutes[active] = (requests.now[active] - session.times[session.offsets[:-1][active]]) / 60
    return spread(np.log1p(np.maximum(minutes, 0)), candidates)


def session_taken(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
    """log(1 + how often this item is in the running session)."""
    session = running(requests, counters)
    width = int(max(session.items.max(initial=0), candidates.max(initial=0))) + 1
    ones = np.ones(session.n_events, np.float32)
    counts = sparse.csr_matrix((ones, session.items.copy(), session.offsets), shape=(len(session), width))
    counts.sum_duplicates()
    return np.asarray(np.log1p(chosen(counts, candidates)))


def session_resemblance(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
    """How often the same people took this item and those of the running session."""
    return counters.resemblance(running(requests, counters).newest(RECENT), candidates, requests.now)

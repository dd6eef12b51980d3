"""Bursts and people who act like machines: too fast, too regular, or without sleep (so do ids that many people share).

Ties count once (a basket is one moment), so a large order is no burst. What a patient script does at a human pace is
not found; see ``benchmarks/results/checks.json`` for what is.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from zhiyin.data.checks.check import N_OFFENDERS, Check, Finding, Words, clipped
from zhiyin.data.checks.evidence import DAY, Evidence

BURST, BURST_S = 20, 60
"""This many moments within this many seconds. In four real logs of a million events no person does that."""
PAUSES, JITTER, ALIKE = 30, 4, 0.8
"""Of this many pauses or more, if this share differs by less than 1/2**jitter from the pause before: a clock."""
NAP_S, AWAKE_S = 5_400, 24 * 3_600
"""Without a pause as long as a nap for a day and a night. In those four logs nobody does that for half as long."""

BLOCK = 1 << 17
"""Moments looked at in one go."""


class Bots(Check):
    """People with a burst, a clockwork rhythm, or no sleep; all of their rows are found."""

    name = "bots"
    about = Words(
        "Bursts, people who act like machines, and ids that many people share.",
        "突发行为、像机器人的用户，以及多人共用的编号。",
    )
    remedy = Words("leaves out all events of these people", "去除这些用户的所有事件")
    done = Words("{rows} events of bot-like people: left out", "{rows} 行来自疑似机器人的用户：已去除")
    needs = ("user", "time")

    def look(self, evidence: Evidence) -> Finding:
        line = evidence.timeline
        users, times = line.users, line.times
        if len(line.tied):
            users, times = users[line.starts], times[line.starts]  # (M,) moments
        found = {sign: np.zeros(len(evidence.user.ids), bool) for sign in SIGNS}
        for block in _whole_people(users):
            first = users[block.start]
            local = users[block] - first  # (m,) codes from 0
            for sign, acts_so in SIGNS.items():
                who = acts_so(local, times[block], evidence.tick)
                found[sign][first : first + len(who)] |= who
        shown = [
            f"user {clipped(evidence.user.ids[int(code)])}: {sign}"
            for sign, who in found.items()
            for code in np.flatnonzero(who)[:N_OFFENDERS]
        ]
        return self.finding(evidence, evidence.user.rows_of(np.any(list(found.values()), axis=0)), shown)


def _whole_people(users: np.ndarray) -> Iterator[slice]:
    """Stretches of about `BLOCK` moments that end with a person: what is computed on them stays in the cache."""
    cuts = np.unique(np.append(np.searchsorted(users, users[::BLOCK]), len(users)))
    for start, stop in pairwise(cuts):
        yield slice(int(start), int(stop))


def _bursts(users: np.ndarray, times: np.ndarray, tick: int) -> np.ndarray:
    """Who has a burst, bool (n,). Here and below: moments of n people in the order of (user, time)."""
    apart = BURST - 1
    burst = (times[apart:] - times[:-apart] < BURST_S) & (users[apart:] == users[:-apart])
    return _who(users[apart:][burst], users)


def _regular(users: np.ndarray, times: np.ndarray, tick: int) -> np.ndarray:
    """Whose pauses nearly all equal the pause before, bool (n,)."""
    if tick >= DAY:
        return _who(users[:0], users)
    pauses = np.diff(times)  # those between two people are two of at least thirty: too few to matter
    alike = np.abs(np.diff(pauses)) <= np.maximum(pauses[1:] >> JITTER, tick)
    alike &= pauses[1:] >= 3 * tick  # a coarse clock makes short pauses equal for anybody
    counts = np.bincount(users) - 1
    return np.asarray((counts >= PAUSES) & (np.bincount(users[2:][alike], minlength=len(counts)) >= ALIKE * counts))


def _sleepless(users: np.ndarray, times: np.ndarray, tick: int) -> np.ndarray:
    """Who goes on without a nap for a day and a night, bool (n,)."""
    naps = np.flatnonzero((users[1:] != users[:-1]) | (np.diff(times) > NAP_S))
    breaks = np.concatenate([[-1], naps, [len(users) - 1]])  # a stretch awake: from after one break to the next
    long = np.flatnonzero(np.diff(breaks) > AWAKE_S // NAP_S)
    first, last = breaks[long] + 1, breaks[long + 1]
    return _who(users[first][times[last] - times[first] >= AWAKE_S], users)


def _who(codes: np.ndarray, users: np.ndarray) -> np.ndarray:
    found = np.zeros(users[-1] + 1, bool)
    found[codes] = True
    return found


SIGNS: dict[str, Callable[[np.ndarray, np.ndarray, int], np.ndarray]] = {
    f"{BURST} moments within {BURST_S} s": _bursts,
    "regular as a clock": _regular,
    "awake for a day and a night": _sleepless,
}

"""Bursts and people who act like machines: too fast, too regular, or without sleep.

Ties count once (a basket is one moment), so a large order is no burst. What a patient script does at a human pace is
not found; see ``benchmarks/results/checks.json`` for what is.
"""

import numpy as np

from zhiyin.data.checks.check import N_OFFENDERS, Check, Finding, Words, clipped
from zhiyin.data.checks.evidence import DAY, Evidence

BURST, BURST_S = 20, 60
"""This many moments within this many seconds. In four real logs of a million events no person does that."""
PAUSES, JITTER, ALIKE = 30, 4, 0.8
"""Of this many pauses or more, if this share differs by less than 1/2**jitter from the pause before: a clock."""
NAP_S, AWAKE_S = 5_400, 24 * 3_600
"""Without a pause as long as a nap for a day and a night. In those four logs nobody does that for half as long."""


class Bots(Check):
    """People with a burst, a clockwork rhythm, or no sleep; all of their rows are found."""

    name = "bots"
    about = Words("Bursts and people who act like machines.", "突发行为和像机器人的用户。")
    remedy = Words("leaves out all events of these people", "去除这些用户的所有事件")
    done = Words("{rows} events of bot-like people: left out", "{rows} 行来自疑似机器人的用户：已去除")
    needs = ("user", "time")

    def look(self, evidence: Evidence) -> Finding:
        users, times = _distinct_moments(evidence)
        n, pauses = len(evidence.user.ids), np.diff(times)
        same = users[1:] == users[:-1]
        signs = {
            f"{BURST} moments within {BURST_S} s": _bursts(users, times, n),
            "regular as a clock": _regular(users, pauses, same, n, evidence.tick),
            "awake for a day and a night": _sleepless(users, times, same & (pauses <= NAP_S), n),
        }
        shown = [
            f"user {clipped(evidence.user.ids[int(code)])}: {sign}"
            for sign, found in signs.items()
            for code in np.flatnonzero(found)[:N_OFFENDERS]
        ]
        return self.finding(evidence, evidence.user.rows_of(np.any(list(signs.values()), axis=0)), shown)


def _distinct_moments(evidence: Evidence) -> tuple[np.ndarray, np.ndarray]:
    """User and time of each moment (M,), in the order of (user, time)."""
    line = evidence.timeline
    return (line.users[line.starts], line.times[line.starts]) if len(line.tied) else (line.users, line.times)


def _bursts(users: np.ndarray, times: np.ndarray, n: int) -> np.ndarray:
    """Who has a burst, bool (n,)."""
    apart = BURST - 1
    burst = (times[apart:] - times[:-apart] < BURST_S) & (users[apart:] == users[:-apart])
    return _who(users[apart:][burst], n)


def _regular(users: np.ndarray, pauses: np.ndarray, same: np.ndarray, n: int, tick: int) -> np.ndarray:
    """Whose pauses nearly all equal the pause before, bool (n,)."""
    if tick >= DAY:
        return np.zeros(n, bool)
    alike = np.abs(np.diff(pauses)) <= np.maximum(pauses[1:] >> JITTER, tick)
    alike &= same[1:] & same[:-1]
    alike &= pauses[1:] >= 3 * tick  # a coarse clock makes short pauses equal for anybody
    counts = np.bincount(users, minlength=n) - 1
    return np.asarray((counts >= PAUSES) & (np.bincount(users[2:][alike], minlength=n) >= ALIKE * counts))


def _sleepless(users: np.ndarray, times: np.ndarray, short: np.ndarray, n: int) -> np.ndarray:
    """Who goes on without a nap, bool (n,); ``short`` (M - 1,) says where the pause before a moment was no nap."""
    breaks = np.concatenate([[-1], np.flatnonzero(~short), [len(short)]])
    runs = np.flatnonzero(np.diff(breaks) > AWAKE_S // NAP_S)
    first, last = breaks[runs] + 1, np.minimum(breaks[runs + 1], len(users) - 1)
    return _who(users[first][times[last] - times[first] >= AWAKE_S], n)


def _who(codes: np.ndarray, n: int) -> np.ndarray:
    found = np.zeros(n, bool)
    found[codes] = True
    return found

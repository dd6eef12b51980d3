"""What people did after a moment: shares and rates of a made-up world are found, and nothing is said past its end."""

import numpy as np
import polars as pl
import pytest

from zhiyin.core.errors import DataError
from zhiyin.data.dataset import Dataset
from zhiyin.features import Outcomes
from zhiyin.testing import causes
from zhiyin.testing.worlds import DAY_S, START

RATE = 0.5
DATASET = causes.by_chain(RATE)
END = START + 60 * DAY_S


def asked(day: float) -> Outcomes:
    n = len(DATASET)
    return Outcomes(DATASET, np.arange(n), np.full(n, START + round(day * DAY_S)), END)


def share_agrees(found: np.ndarray, truth: float) -> None:
    error = np.sqrt(truth * (1 - truth) / len(found))
    assert abs(found.mean() - truth) <= 2.58 * error, (found.mean(), error)
    assert error < 0.05


@pytest.mark.parametrize("days", [1, 3])
def test_churn_is_that_of_the_rate(days: int) -> None:
    found = np.concatenate([asked(day).churned(days) for day in range(10, 50, 10)])
    assert not np.isnan(found).any()
    share_agrees(found, float(np.exp(-RATE * days)))


def test_the_time_to_the_next_visit_gives_the_rate_also_where_it_is_censored() -> None:
    for day in (20, 58.5):
        waiting = asked(day).until_next()
        rate = waiting.happened.sum() / waiting.days.sum()
        assert abs(np.log(rate / RATE)) <= 2.58 / np.sqrt(waiting.happened.sum())
    assert 0.3 < waiting.happened.mean() < 0.8  # the late one is half censored
    naive = waiting.happened.sum() / waiting.days[waiting.happened].sum()
    assert naive > 1.3 * RATE  # who leaves the censored out is wrong


def test_the_next_kind_follows_the_chain() -> None:
    h = DATASET.histories
    now = START + 30 * DAY_S
    last = np.array([h.kinds[(h.owners == row) & (h.times < now)][-1] if ((h.owners == row) & (h.times < now)).any()
                     else 255 for row in range(len(DATASET))])  # fmt: skip
    found = asked(30).next_kind()
    names = [DATASET.kinds.index(kind) for kind in ("view", "cart", "purchase")]
    for k, kind in enumerate(names):
        for to, share in zip(names, causes.CHAIN[k], strict=True):
            here = found[(last == kind) & (found >= 0)] == to
            assert abs(here.mean() - share) <= 2.58 * np.sqrt(share * (1 - share) / len(here))


@pytest.mark.parametrize("kind", [None, "view", "cart", "purchase"])
def test_what_was_taken_equals_a_naive_loop(kind: str | None) -> None:
    h, days = DATASET.histories, 4
    candidates = np.tile(np.array([0, 1, 2, -1], np.int32), (len(DATASET), 1))
    for day in (30, 57.5):
        found = asked(day).took(candidates, days, kind)
        now = START + round(day * DAY_S)
        inside = (h.times >= now) & (h.times < min(now + days * DAY_S, END))
        inside &= True if kind is None else h.kinds == DATASET.kinds.index(kind)
        for row in range(0, len(DATASET), 7):
            taken = set(h.items[inside & (h.owners == row)].tolist())
            not_taken = np.nan if day > 56 else 0
            expected = [1 if item in taken else not_taken for item in range(3)]
            np.testing.assert_array_equal(found[row], [*expected, np.nan])


def test_nothing_is_said_past_the_end_of_the_log_and_the_moment_itself_comes_after() -> None:
    log = pl.DataFrame({"user": ["a", "a", "b"], "item": ["x", "y", "x"], "time": [DAY_S, 3 * DAY_S, 9 * DAY_S]})
    dataset = Dataset.from_frame(log.with_columns(pl.col("time") + START))
    now = np.array([START + 3 * DAY_S, START + 3 * DAY_S + 1])
    of_a = Outcomes(dataset, np.array([0, 0]), now)
    assert of_a.until_next().days[0] == 0
    assert of_a.until_next().happened.tolist() == [True, False]
    np.testing.assert_array_equal(of_a.churned(2), [0, 1])
    np.testing.assert_array_equal(of_a.churned(30), [0, np.nan])
    np.testing.assert_array_equal(of_a.next_kind(), [0, -1])
    np.testing.assert_array_equal(of_a.took(np.array([[1], [1]]), 30), [[1], [np.nan]])
    early = Outcomes(dataset, np.array([0]), np.array([START]), end=START + 2 * DAY_S)  # what came later is not known
    assert early.until_next("view").days.tolist() == [1]
    np.testing.assert_array_equal(early.took(np.array([[0, 1]]), 30), [[1, np.nan]])


def test_a_log_without_time_and_an_unknown_kind_are_refused() -> None:
    untimed = Dataset.from_frame(pl.DataFrame({"user": ["a"], "item": ["x"]}))
    with pytest.raises(DataError, match="the log has no time"):
        Outcomes(untimed, np.array([0]), np.array([0]))
    with pytest.raises(DataError, match="there is no kind 'cort'; did you mean 'cart'"):
        asked(3).until_next("cort")

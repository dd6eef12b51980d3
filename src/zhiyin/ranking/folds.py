"""Out of fold in time: the models that make a row's features are trained on events before the row's outcome.

A fold is a past moment treated as now: what everybody did before it is for the models and the features, what they
took in the window after it are the labels.
"""

from dataclasses import dataclass

import numpy as np

from zhiyin.core.errors import DataError
from zhiyin.data.contracts import Cases, Histories, Ragged, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.features.feature import DAY


@dataclass(frozen=True, eq=False)
class Fold:
    """One past moment."""

    train: Dataset
    """Events before it: for the large models, the candidates and the counters of this fold's rows."""
    cases: Cases
    """People who then took something new, and what."""
    rule: str
    """How the fold was cut, in words."""


def outcome_folds(dataset: Dataset, n: int = 3, days: float | None = 30.0) -> list[Fold]:
    """The last ``n`` windows of ``days`` as folds, oldest first; without time or ``days``, the last ``n``
    events of everybody.

    Targets that the person had taken before are left out. Raises `DataError` where no fold has any case.
    """
    h = dataset.histories
    folds = []
    by_time = dataset.order == "time" and days is not None
    for back in range(n, 0, -1):
        if by_time and days is not None:
            start = int(h.times.max(initial=0)) + 1 - round(back * days * DAY)
            before, within = h.times < start, (h.times >= start) & (h.times < start + round(days * DAY))
            rule = f"{days:g} days from {np.datetime64(start, 's')}"
        else:
            start, before, within = 0, h.ages >= back, h.ages == back - 1
            rule = "the newest event of everybody" if back == 1 else f"event {back} from the end of everybody"
        cases = _cases(dataset, before, within, start if by_time else None)
        if len(cases) and before.any():
            folds.append(Fold(dataset.with_histories(h.keep(before)), cases, rule))
    if not folds:
        windows = f"{n} windows of {days:g} days" if by_time else f"the newest {n} events of everybody"
        raise DataError(
            f"no fold has a person who took something new: {windows} over {h.n_events} events; "
            "take a shorter window or fewer folds"
        )
    return folds


def _cases(dataset: Dataset, before: np.ndarray, within: np.ndarray, now: int | None) -> Cases:
    h = dataset.histories
    outcome = h.keep(within & (h.weights > 0))
    past = h.keep(before)
    targets, repeated = _new_targets(past, outcome, dataset.n_items)
    people = np.flatnonzero(targets.lengths > 0)
    histories = past.take(people)
    person = {name: column[people] for name, column in dataset.people.items()}
    requests = Requests.of(histories, now=now, person=person)
    return Cases(requests, targets.take(people), people, dropped={"taken before": repeated})


def _new_targets(past: Histories, outcome: Histories, n_items: int) -> tuple[Ragged, int]:
    """Each person's different items of ``outcome`` that are not in ``past``, and how many were."""
    keys = np.unique(outcome.owners * n_items + outcome.items)
    met = past.met
    new = keys[~np.isin(keys, met.owners * n_items + met.rows)]
    counts = np.bincount(new // max(1, n_items), minlength=len(past))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Ragged(offsets, (new % max(1, n_items)).astype(np.int32)), len(keys) - len(new)

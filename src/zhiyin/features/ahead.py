"""Whether a feature looks at the future: what had not happened yet is put into the log, and no number may move.

Letters: B requests, C candidates.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from zhiyin.core.errors import DataError
from zhiyin.core.randomness import generator
from zhiyin.data.contracts import Histories, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.features.counters import EventCounters
from zhiyin.features.feature import Feature
from zhiyin.features.table import compute_table

PEOPLE, CANDIDATES = 64, 50
INVENTED = 5_000
AT_ONCE = 0.1
"""Share of them at the very moment of asking."""
LATER_S = 30 * 86_400
"""How far ahead of the moment events are invented, beside the real ones that came later."""


def looking_ahead(features: Sequence[Feature], dataset: Dataset, seed: int = 0) -> list[str]:
    """Names of the features of which a number changes once what came after a moment is known.

    Some people are asked about some items at a moment with three quarters of the log before it; then the rest of the
    log and invented events are there too. Raises `DataError` for a log without time, where nothing comes later."""
    if dataset.order != "time" or not dataset.histories.n_events:
        raise DataError("the log has no time, so that no event comes later than another; nothing can look ahead")
    rng = generator(seed, "looking ahead")
    now = int(np.quantile(dataset.histories.times, 0.75)) + 1
    past = dataset.with_histories(dataset.histories.keep(dataset.histories.times < now))
    active = np.flatnonzero(past.histories.lengths > 0)
    people = rng.choice(active, min(PEOPLE, len(active)), replace=False)
    requests = _asked(past, people, now)
    candidates = rng.integers(0, dataset.n_items, (len(people), min(CANDIDATES, dataset.n_items))).astype(np.int32)
    later = dataset.with_histories(dataset.histories.joined(invented(dataset, now, rng)))
    return [
        feature.name for feature in features
        if not _same(feature, requests, candidates, EventCounters(past), EventCounters(later))
    ]  # fmt: skip


def invented(dataset: Dataset, now: int, rng: np.random.Generator, n: int = INVENTED) -> Histories:
    """``n`` events at ``now`` or after it, of anybody, any item, and any kind and context that the log has."""
    log = dataset.histories
    owners = np.sort(rng.integers(0, len(dataset.users), n))
    times = now + rng.integers(0, LATER_S, n) * (rng.random(n) > AT_ONCE)
    times = times[np.lexsort([times, owners])]
    like = rng.integers(0, log.n_events, n)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(dataset.users)))]).astype(np.int64)
    drawn = replace(log.events(like, offsets), times=times)
    return replace(drawn, items=rng.integers(0, dataset.n_items, n).astype(np.int32))


def _asked(past: Dataset, people: np.ndarray, now: int) -> Requests:
    person = {name: column[people] for name, column in past.people.items()}
    return Requests.of(past.histories.take(people), now=now, person=person)


def _same(
    feature: Feature, requests: Requests, candidates: np.ndarray, then: EventCounters, now: EventCounters
) -> bool:  # fmt: skip
    before, after = (compute_table([feature], requests, candidates, counters).values for counters in (then, now))
    return bool(np.array_equal(before, after, equal_nan=True))

"""Social ties: what friends took. A person's friends stand in the people's column ``friends``, a list of ids.

Letters: B requests, C candidates.
"""

import numpy as np

from zhiyin.core.ids import UNKNOWN
from zhiyin.data.contracts import Ragged, Requests
from zhiyin.data.contracts.ragged import offsets_of
from zhiyin.features.feature import Compute, Counters

COLUMN = "friends"


def friends(days: float | None) -> Compute:
    """log(1 + friends of the person who took the item in the last ``days``); NaN where no friend is known."""

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        ties = ties_of(requests, counters)
        taken = counters.taken_by(ties, candidates, requests.now, days)
        return np.where((ties.lengths > 0)[:, None], np.log1p(taken), np.nan)

    return compute


def ties_of(requests: Requests, counters: Counters) -> Ragged:
    """Rows of the friends of each person, each once; friends that the log does not know fall out."""
    lists = (requests.person or {}).get(COLUMN, np.full(len(requests), None, object))
    lengths = np.array([0 if friends is None else len(friends) for friends in lists], np.int64)
    ids = [friend for friends in lists if friends is not None for friend in friends]
    rows = counters.dataset.users.rows(ids)
    owners = np.repeat(np.arange(len(lists)), lengths)
    pairs = np.unique(np.stack([owners, rows], axis=1)[rows != UNKNOWN], axis=0)
    return Ragged(offsets_of(np.bincount(pairs[:, 0], minlength=len(lists))), pairs[:, 1].astype(np.int32))

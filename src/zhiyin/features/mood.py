"""Mood: of the person's own words, which stand in a text column of the events. (A declared one is a context column.)

Letters: B requests, C candidates, E events.
"""

import numpy as np

from zhiyin.core.ids import UNKNOWN
from zhiyin.data.contracts import Histories, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.features.feature import Compute, Counters
from zhiyin.features.groups import CodeOf, newest_known, nobody
from zhiyin.features.person import spread
from zhiyin.features.sentiment import sentiment

WORDS = ("text", "review", "comment", "words")
"""Usual names of such a column."""
CLEAR = 0.2
"""Sentiment from which on words are glad, or sad below minus it."""


def mood(column: str) -> Compute:
    """Sentiment of the person's newest words, from -1 to 1; NaN where they wrote none."""

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        histories = requests.histories
        if column not in histories.context:
            return np.full(candidates.shape, np.nan)
        said = sentiments(histories.context[column])
        return spread(newest_known(histories, said, ~np.isnan(said), np.nan), candidates)

    return compute


class Mood:
    """Events and requests by the mood of the person's newest words before: sad (0), neither (1) or glad (2)."""

    def __init__(self, column: str) -> None:
        self.name, self.column = f"mood {column}", column

    def __call__(self, dataset: Dataset, events: Histories) -> tuple[np.ndarray, CodeOf]:
        everything = dataset.histories
        if self.column not in everything.context:
            return np.full(events.n_events, UNKNOWN, np.int64), nobody
        said = sentiments(everything.context[self.column])
        places = np.maximum.accumulate(np.where(np.isnan(said), 0, np.arange(1, len(said) + 1)))
        before = np.concatenate([[0], places[:-1]])[: len(said)]  # one behind the newest words before each event
        own = before > everything.offsets[:-1][everything.owners]
        moods = _moods(np.where(own, said[np.where(own, before - 1, 0)], np.nan))

        def of_requests(requests: Requests) -> np.ndarray:
            histories = requests.histories
            if self.column not in histories.context:
                return nobody(requests)
            words = sentiments(histories.context[self.column])
            return _moods(newest_known(histories, words, ~np.isnan(words), np.nan))

        return moods[everything.weights > 0], of_requests


def sentiments(texts: np.ndarray) -> np.ndarray:
    """Of each text, float64 (E,); NaN where there is none."""
    return np.array(
        [sentiment(text) if isinstance(text, str) and text.strip() else np.nan for text in texts], np.float64
    )


def _moods(said: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(said), UNKNOWN, 1 + (said >= CLEAR) - (said <= -CLEAR)).astype(np.int64)

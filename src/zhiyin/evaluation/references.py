"""What stands beside every figure: popularity, of all time and of the newest days, and chance."""

import numpy as np

from zhiyin.core.randomness import generator
from zhiyin.data.contracts import Requests, Scorer
from zhiyin.data.dataset import Dataset
from zhiyin.data.popularity import counts

WINDOW_DAYS = 7


class Fixed:
    """The same score for everybody."""

    def __init__(self, name: str, scores: np.ndarray) -> None:
        self.name = name
        self.scores = scores.astype(np.float32)

    def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray:
        scores = np.tile(self.scores, (len(requests), 1))
        return scores if candidates is None else np.take_along_axis(scores, np.maximum(candidates, 0), axis=1)


class Chance:
    """Other random scores for every request."""

    name = "random"

    def __init__(self, n_items: int, seed: int) -> None:
        self.n_items = n_items
        self.rng = generator(seed, "reference")

    def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray:
        shape = (len(requests), self.n_items) if candidates is None else candidates.shape
        return self.rng.random(shape, np.float32)


def references(train: Dataset, seed: int) -> dict[str, Scorer]:
    """Popularity, windowed popularity (only where the log has times) and chance, by the name they stand under."""
    found: dict[str, Scorer] = {"popularity": Fixed("popularity", counts(train))}
    if train.order == "time":
        window = counts(train, window_days=WINDOW_DAYS)
        ever = counts(train)
        backed_off = window + ever / (ever.max(initial=1) + 1)  # all time decides among equals
        name = f"popularity of {WINDOW_DAYS} days"
        found[name] = Fixed(name, backed_off)
    return {**found, "random": Chance(train.n_items, seed)}

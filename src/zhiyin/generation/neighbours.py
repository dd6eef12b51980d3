"""What a catalogue holds near a made-up item. Letters: n made-up items, N items, D numbers of an item, k near ones."""

import numpy as np

from zhiyin.retrieval import best_rows

BLOCK = 2048
"""Made-up items compared with all of the catalogue at once."""
OWN = 8192
"""Items whose distance to their nearest is measured, at most."""
LEAST = 0.1
"""Distance below which two items are the same to a person: a tenth of a value's spread."""


class Neighbours:
    """Exact nearest items in one standardised space."""

    def __init__(self, embedded: np.ndarray) -> None:
        """``embedded`` float32 (N, D)."""
        self.embedded = embedded
        self.squares = (embedded**2).sum(axis=1)
        self.own = np.sort(self._distances_among())

    def nearest(self, points: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows int32 (n, k) and distances float32 (n, k) of the ``k`` nearest items (all of a smaller catalogue)."""
        k = min(k, len(self.embedded))
        rows, distances = [np.zeros((0, k), np.int32)], [np.zeros((0, k), np.float32)]
        for start in range(0, len(points), BLOCK):
            far = self.squares_to(points[start : start + BLOCK])  # (n, N)
            near, nearness = best_rows(np.negative(far, out=far), k)
            rows.append(near)
            distances.append(np.sqrt(-nearness))
        return np.concatenate(rows), np.concatenate(distances)

    def novelty(self, nearest: np.ndarray) -> np.ndarray:
        """Share of the catalogue's items whose own nearest neighbour is nearer than ``nearest`` (n,); float64 (n,)."""
        return np.searchsorted(self.own, nearest, side="left") / max(1, len(self.own))

    def usual(self, share: float) -> float:
        """The distance within which this share of the items have their own nearest neighbour; never 0."""
        return max(float(np.quantile(self.own, share)) if len(self.own) else 0.0, LEAST)

    def squares_to(self, points: np.ndarray) -> np.ndarray:
        """Squared distances float32 (n, N) of all items, freshly made."""
        return squares_between(points, self.embedded, self.squares)

    def _distances_among(self) -> np.ndarray:
        """Distance of each item (of `OWN` spread evenly) to its nearest other one; none for a catalogue of one item."""
        n = len(self.embedded)
        asked = np.arange(n) if n <= OWN else np.linspace(0, n - 1, OWN).astype(np.int64)
        found = [np.zeros(0, np.float32)]
        for start in range(0, len(asked) if n > 1 else 0, BLOCK):
            rows = asked[start : start + BLOCK]
            far = self.squares_to(self.embedded[rows])
            far[np.arange(len(rows)), rows] = np.inf
            found.append(np.sqrt(far.min(axis=1)))
        return np.concatenate(found)


def squares_between(points: np.ndarray, items: np.ndarray, squares: np.ndarray | None = None) -> np.ndarray:
    """Squared distances (n, N) of ``points`` (n, D) to ``items`` (N, D), whose own squared lengths may be given."""
    far = points @ items.T
    far *= -2
    far += (items**2).sum(axis=1) if squares is None else squares
    far += (points**2).sum(axis=1, keepdims=True)
    return np.asarray(np.maximum(far, 0, out=far))

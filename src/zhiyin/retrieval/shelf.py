"""The best k items of many people by dot product, exactly, at a fraction of the multiplications in float32.

Letters: B people, N items, D numbers of a vector, C items of a tile, P pairs of a person and an item that are left.
Vectors rounded to 8 bits are multiplied first. By how much such a score can be wrong is known, so that whatever may
still be among the best k is left over, a few times k for a person; only that is scored in float32 and sorted. Where to
cut is guessed from a sample of the items and proved afterwards: whoever has fewer than k items above the cut is
answered from all scores.
"""

from dataclasses import dataclass

import numpy as np

from zhiyin.core.errors import ModelError
from zhiyin.data.contracts import FILL, Ragged
from zhiyin.retrieval.rounded import People, Product, Tile, float_product
from zhiyin.retrieval.top import best_of_pairs, best_rows

PEOPLE = 512
"""People at once."""
TILE = 1024
"""Items at once: scores of a tile stay in the cache until they are sifted."""
FIRST_TILE = 128
"""The first items differ most from each other: their tiles are smaller, and double."""
STRIDE = 8
"""Every so many items are the sample that the cut is guessed from."""
GROUPS = 64
"""Groups of a tile of the sample, of each the largest score."""
FEWEST = 64
"""Items for each place of a list from which sifting is worth it; with fewer, all scores are sorted."""
HARD = 0.25
"""Share of the sample's groups left over by the cut from which a person is answered from all scores."""
MOST = 64
"""Pairs left for each place of the lists of a block, on average, before all scores are the cheaper way."""
LARGE = 2**29
"""Beyond every product of two rounded vectors; twice as low is an item that may not be returned."""
BYTES = 64 << 20
"""Of scores held at once where somebody is answered from all scores."""


class Shelf:
    """Item vectors made ready for many people."""

    def __init__(
        self, vectors: np.ndarray, bias: np.ndarray, *, allowed: np.ndarray | None = None,
        product: Product = float_product,
    ) -> None:  # fmt: skip
        """``vectors`` float32 (N, D), ``bias`` float32 (N,); only ``allowed`` items, bool (N,), are ever returned."""
        self.product, self.n_items = product, len(vectors)
        rows = np.arange(self.n_items) if allowed is None else np.flatnonzero(allowed)
        self.has_bias = bool(bias.any())
        exact = (np.hstack([vectors, bias[:, None]]) if self.has_bias else vectors)[rows].astype(np.float32, copy=False)
        lengths = _lengths(exact)
        # like beside like, so that a tile is rounded as finely as its items let it be
        order = np.argsort(-(bias[rows] if self.has_bias else lengths), kind="stable")
        self.rows, self.exact = rows[order].astype(np.int32), exact[order]
        self.longest = lengths.max(initial=0)
        self.places = np.full(self.n_items, FILL)
        self.places[self.rows] = np.arange(len(rows))
        self.tiles, self.sample = _tiles(self.exact), _tiles(self.exact[::STRIDE])

    def best(self, people: np.ndarray, k: int, exclude: Ragged | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Rows int32 (B, k) and scores float32 (B, k) as of `best_rows`, for vectors ``people`` float32 (B, D)."""
        rows, scores = np.full((len(people), k), FILL, np.int32), np.full((len(people), k), -np.inf, np.float32)
        exact = np.hstack([people, np.ones((len(people), 1), np.float32)]) if self.has_bias else people
        _lengths(exact, self.longest)
        for start in range(0, len(people), PEOPLE):
            block = slice(start, start + PEOPLE)
            left_out = None if exclude is None else exclude.take(block)
            rows[block], scores[block] = self._best(exact[block], k, left_out)
        return rows, scores

    def _best(self, exact: np.ndarray, k: int, exclude: Ragged | None) -> tuple[np.ndarray, np.ndarray]:
        if len(self.rows) < FEWEST * k:
            return self._from_all(exact, k, exclude)
        people, closed = People.of(exact), _Closed.of(exclude, self.places)
        cut, hard = self._guess(people, k, closed)
        left = self._left(people, np.where(hard, np.float32(np.inf), cut), closed, MOST * k * len(exact))
        if left is None:
            return self._from_all(exact, k, exclude)
        rows, scores = best_of_pairs(*left, len(exact), k)
        again = np.flatnonzero(hard | (scores[:, -1] < cut))
        if len(again):
            left_out = None if exclude is None else exclude.take(again)
            rows[again], scores[again] = self._from_all(exact[again], k, left_out)
        return rows, scores

    def _guess(self, people: People, k: int, closed: "_Closed") -> tuple[np.ndarray, np.ndarray]:
        """A score that a few more than ``k`` items will reach, float32 (B,), and for whom it parts too little, bool."""
        maxima = np.concatenate([self._of_sample(people, tile, closed) for tile in self.sample], axis=1)  # (B, G)
        expected = k / STRIDE
        place = int(expected + 3 * np.sqrt(expected)) + 1  # three standard deviations: fewer than k are rare
        cut = np.partition(maxima, -place, axis=1)[:, -place]
        doubt = np.mean([people.doubt(tile) for tile in self.sample], axis=0)
        may_reach = np.count_nonzero(maxima >= (cut - 2 * doubt)[:, None], axis=1)
        return cut, may_reach > HARD * maxima.shape[1]

    def _of_sample(self, people: People, tile: Tile, closed: "_Closed") -> np.ndarray:
        """The largest rounded score of each group of a tile's items, float32 (B, G)."""
        found = self.product(people.rounded, tile.rounded)  # (B, C)
        closed.close(found, tile.start, STRIDE)
        unit = people.scale * tile.scale
        return np.asarray(_folded(found) * unit[:, None] + (people.exact @ tile.centre)[:, None], np.float32)

    def _left(
        self, people: People, cut: np.ndarray, closed: "_Closed", most: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Every pair whose score may reach ``cut``: owners, rows and exact scores, (P,) each; None for too many."""
        # what sums in float32 may be wrong by, here and in the exact scores
        slack = people.length * self.longest * np.float32((people.exact.shape[1] + 8) * 2.0**-21)
        n, found = 0, [(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))]
        for tile in self.tiles:
            least = cut - slack - people.exact @ tile.centre  # (B,) what the part apart from the centre must reach
            if (least > people.length * (tile.reach + tile.lost)).all():
                continue
            scores = self.product(people.rounded, tile.rounded)  # (B, C)
            closed.close(scores, tile.start)
            bound = np.floor((least - people.doubt(tile)) / (people.scale * tile.scale)) - 1
            hits = np.flatnonzero(scores >= np.clip(bound, -LARGE, LARGE).astype(scores.dtype)[:, None])
            owners, columns = np.divmod(hits, scores.shape[1])
            n += len(hits)
            if n > most:
                return None
            exact = np.einsum("pd,pd->p", people.exact.take(owners, axis=0), tile.exact.take(columns, axis=0))
            found.append((owners, self.rows[tile.start + columns], exact))
        owners, rows, exact = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return owners, rows, exact

    def _from_all(self, exact: np.ndarray, k: int, exclude: Ragged | None) -> tuple[np.ndarray, np.ndarray]:
        """From every score of every person, in float32."""
        rows, best = np.full((len(exact), k), FILL, np.int32), np.full((len(exact), k), -np.inf, np.float32)
        step = max(1, BYTES // (4 * max(1, self.n_items)))
        for start in range(0, len(exact), step):
            block = slice(start, start + step)
            scores = np.full((len(exact[block]), self.n_items), -np.inf, np.float32)  # (b, N)
            scores[:, self.rows] = exact[block] @ self.exact.T
            left_out = None if exclude is None else exclude.take(block)
            rows[block], best[block] = best_rows(scores, k, exclude=left_out)
        return rows, best


@dataclass(frozen=True, eq=False)
class _Closed:
    """Who may not be given what, by place on the shelf."""

    owners: np.ndarray
    places: np.ndarray
    """ascending"""

    @classmethod
    def of(cls, exclude: Ragged | None, places: np.ndarray) -> "_Closed":
        if exclude is None:
            return cls(np.zeros(0, np.int64), np.zeros(0, np.int64))
        known = exclude.rows < len(places)
        owners, found = exclude.owners[known], places[exclude.rows[known]]
        order = np.argsort(found)
        return cls(owners[order], found[order])

    def close(self, scores: np.ndarray, start: int, stride: int = 1) -> None:
        """In the scores (B, C) of the tile that begins at ``start``, where every ``stride``-th place was taken."""
        ends = np.searchsorted(self.places, (start * stride, (start + scores.shape[1]) * stride))
        owners, places = self.owners[slice(*ends)], self.places[slice(*ends)]
        if stride > 1:
            taken = places % stride == 0
            owners, places = owners[taken], places[taken] // stride
        scores[owners, places - start] = -2 * LARGE


def _tiles(exact: np.ndarray) -> list[Tile]:
    """Of all of them, in order."""
    tiles, start, width = [], 0, FIRST_TILE
    while start < len(exact):
        tiles.append(Tile.of(exact[start : start + width], start))
        start, width = start + width, min(2 * width, TILE)
    return tiles


def _folded(scores: np.ndarray) -> np.ndarray:
    """The largest of each of `GROUPS` groups of columns, or of a few more; a few last columns are in none."""
    folds = max(1, scores.shape[1] // GROUPS)
    n_groups = scores.shape[1] // folds
    return np.asarray(scores[:, : folds * n_groups].reshape(len(scores), folds, n_groups).max(axis=1))


def _lengths(vectors: np.ndarray, longest: np.float32 | float = 1.0) -> np.ndarray:
    """float32 (n,). Raises `ModelError` where a score would be no number."""
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.linalg.norm(vectors, axis=1)
        if not np.isfinite(lengths * longest).all():
            raise ModelError("vectors contain NaN or numbers too large to multiply; correct the model that made them")
    return np.asarray(lengths)

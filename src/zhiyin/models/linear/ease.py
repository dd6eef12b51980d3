"""EASE: the best linear map from a basket to itself that may not use an item to predict that item, in closed form.

Letters: B requests, U people, N items, W items of a panel. With X (U, N) the likes and λ the regularisation

    G = XᵀX + λI,   P = G⁻¹,   A_ij = -P_ij / P_jj for i ≠ j,   A_jj = 0,   scores = x A.

Reference: Steck 2019, arXiv 1905.03375. G is inverted in place by Cholesky (potrf, potri), and of the symmetric
matrices only one triangle is ever computed. A is kept as panels of columns, so that a block of people and a panel
stay in the cache while scoring. An item that was disliked stands in x with a minus.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np
from pydantic import Field
from scipy import sparse
from scipy.linalg import lapack
from threadpoolctl import threadpool_limits

from zhiyin.core.errors import ModelError
from zhiyin.core.progress import Progress
from zhiyin.data.contracts import Cases, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.models.model import Model, ModelConfig
from zhiyin.models.profiles import popularity, signs, with_prior

PANEL = 256
"""Columns of A that are multiplied at once."""
FEW = 1 / 8
"""Pairs of items that people have in common, to all pairs, below which only these are looked at."""
WELL_CONDITIONED = 50.0
"""From this λ on float32 keeps three digits of A and more; below it the inverse is made in float64."""


class EASEConfig(ModelConfig):
    """Settings of EASE."""

    regularisation: float = Field(default=250.0, gt=0)
    """λ: how many people must agree before an item speaks for another; 50 to 5000 is usual."""
    max_items: int = Field(default=20_000, gt=0)
    """Only so many of the most popular items are related to each other (time grows as its cube, memory as its square:
    8 bytes a pair while training); the others score 0."""


class EASE(Model[EASEConfig]):
    """EASE: a linear model of the whole basket, trained exactly and in one step."""

    name = "EASE"
    Config = EASEConfig
    lowers_disliked = True
    panels: list[np.ndarray]
    """A by blocks of columns, float32 (M, W) each; M = the related items."""
    related: np.ndarray
    """Rows of the related items, int32 (M,), ascending."""
    shares: np.ndarray

    def fit(self, dataset: Dataset, *, validation: Cases | None = None, progress: Progress | None = None) -> Self:
        """Learn from the likes. One thread, so that every machine gives the same bits."""
        self.learned_from(dataset)
        self.shares = popularity(dataset.histories, dataset.n_items)
        order = np.argsort(-self.shares, kind="stable")[: self.config.max_items]
        self.related = np.sort(order).astype(np.int32)
        likes = self._related_columns(dataset.histories.matrix(dataset.n_items))
        with threadpool_limits(1, "blas"):
            self.panels = weights(likes, self.config.regularisation)
        return self

    def score_all(self, requests: Requests) -> np.ndarray:
        n_items = len(self.catalogue)
        likes = self._related_columns(signs(requests.histories, n_items))  # (B, M)
        scores = np.empty((len(requests), len(self.related)), np.float32)
        for start, panel in zip(range(0, scores.shape[1], PANEL), self.panels, strict=True):
            scores[:, start : start + PANEL] = likes @ panel
        if scores.shape[1] < n_items:
            narrow, scores = scores, np.zeros((len(requests), n_items), np.float32)
            scores[:, self.related] = narrow
        return with_prior(scores, requests.histories, self.shares)

    def arrays(self) -> Mapping[str, np.ndarray]:
        panels = {f"panel.{number}": panel for number, panel in enumerate(self.panels)}
        return {**panels, "related": self.related, "shares": self.shares}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.related, self.shares = arrays["related"], arrays["shares"]
        self.panels = [arrays[f"panel.{number}"] for number in range(len(arrays) - 2)]

    def _related_columns(self, matrix: sparse.csr_matrix) -> sparse.csr_matrix:
        return matrix if len(self.related) == matrix.shape[1] else matrix[:, self.related]


def weights(likes: sparse.csr_matrix, regularisation: float) -> list[np.ndarray]:
    """A of the equation above by panels of columns, float32 (N, W) each, from likes (U, N)."""
    gram = triangle(likes, np.dtype(np.float32 if regularisation >= WELL_CONDITIONED else np.float64))
    gram[np.diag_indices_from(gram)] += regularisation
    # LAPACK counts columns first: the lower triangle of `gram` is the upper one of its transpose, without a copy
    single = gram.dtype == np.float32
    potrf, potri = (lapack.spotrf, lapack.spotri) if single else (lapack.dpotrf, lapack.dpotri)
    root = _done(potrf(gram.T, lower=0, overwrite_a=1, clean=0))
    inverse = _done(potri(root, lower=0, overwrite_c=1)).T
    diagonal = inverse.diagonal().copy()
    return [_panel(inverse, start, diagonal) for start in range(0, len(gram), PANEL)]


def triangle(likes: sparse.csr_matrix, dtype: np.dtype) -> np.ndarray:
    """XᵀX (N, N), of which only the lower triangle is filled."""
    n_items = likes.shape[1]
    n_pairs = int((np.diff(likes.indptr).astype(np.int64) ** 2).sum())
    if n_pairs < n_items**2 * FEW:
        exact = likes.astype(dtype)
        pairs = sparse.tril(exact.T @ exact).tocoo()
        gram = np.zeros((n_items, n_items), dtype)
        gram[pairs.row, pairs.col] = pairs.data
        return gram
    gram = np.empty((n_items, n_items), dtype)
    people_of = likes.T.tocsr().astype(dtype)  # (N, U)
    columns = likes.tocsc()
    for start in range(0, n_items, PANEL // 2):
        some = columns[:, start : start + PANEL // 2].toarray(order="C").astype(dtype, copy=False)  # (U, W)
        gram[start:, start : start + PANEL // 2] = people_of[start:] @ some
    return gram


def _done(result: tuple[np.ndarray, int]) -> np.ndarray:
    if result[1]:
        raise ModelError("EASE: the items' matrix cannot be inverted; raise regularisation (50 to 5000 is usual)")
    return result[0]


def _panel(inverse: np.ndarray, start: int, diagonal: np.ndarray) -> np.ndarray:
    """Columns of A from the lower triangle of P, float32 (N, W)."""
    end = min(start + PANEL, len(inverse))
    panel = np.empty((len(inverse), end - start), np.float32)
    panel[:start] = inverse[start:end, :start].T
    panel[start:] = inverse[start:, start:end]
    square = panel[start:end]
    upper = np.triu_indices(end - start, 1)
    square[upper] = square.T[upper]
    panel /= -diagonal[start:end].astype(np.float32)
    np.fill_diagonal(square, 0)
    return panel

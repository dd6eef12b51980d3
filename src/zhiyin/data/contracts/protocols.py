"""What every model promises. Letters: B requests, N items, C candidates of a request, D numbers of a vector."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol, Self, TypeAlias, runtime_checkable

import numpy as np

from zhiyin.core.progress import Progress
from zhiyin.data.contracts.catalogue import Catalogue
from zhiyin.data.contracts.histories import Histories
from zhiyin.data.contracts.requests import Candidates, Cases, Requests
from zhiyin.data.contracts.slates import Slates

HistoriesLike: TypeAlias = "Histories | Sequence[Sequence[str]] | Any"
"""Lists of your item ids, a frame (pandas, Polars, Arrow) with ``user`` and ``item``, or `Histories`."""


class Scorer(Protocol):
    """Gives a number to items for each request; higher fits better."""

    def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray:
        """float32 (B, N) over the whole catalogue, or (B, C) for ``candidates`` (int32 (B, C) rows, -1 gives -inf).

        Every number is finite, for empty histories too. ``requests.exclude`` is not applied here.
        """
        ...


class CandidateSource(Protocol):
    """Finds the best items without holding (B, N) numbers where that is large."""

    def candidates(self, requests: Requests, k: int, allowed: np.ndarray | None = None) -> Candidates:
        """The best ``k`` items of each request, none of ``requests.exclude``; ``allowed`` is bool (N,)."""
        ...


@runtime_checkable
class VectorModel(Protocol):
    """A model whose score is a dot product: ``user_vectors @ item_vectors.T + item_bias``."""

    def user_vectors(self, requests: Requests) -> np.ndarray:
        """float32 (B, D)"""
        ...

    @property
    def item_vectors(self) -> np.ndarray:
        """float32 (N, D)"""
        ...

    @property
    def item_bias(self) -> np.ndarray:
        """float32 (N,)"""
        ...


@runtime_checkable
class RatingPredictor(Protocol):
    """Says what rating a person would give."""

    def predict_rating(self, requests: Requests, items: np.ndarray) -> np.ndarray:
        """float32 (B, C) for ``items`` int32 (B, C), on the scale of the training values."""
        ...


@runtime_checkable
class Differentiable(Protocol):
    """What gradient explanations need: scores as a differentiable function of the events' embeddings.

    T: what is read of all requests, one after the other. With all embeddings 0 nothing is read.
    """

    def event_embeddings(self, requests: Requests) -> tuple[Any, np.ndarray]:
        """What is read, a tensor (T, D), and the row of the item that each stands for, int64 (T,), -1 for none."""
        ...

    def score_from_embeddings(self, embeddings: Any, requests: Requests, candidates: np.ndarray) -> Any:
        """Scores, a tensor (B, C), of ``candidates`` int32 (B, C), were ``embeddings`` (T, D) what is read."""
        ...


@runtime_checkable
class Generative(Protocol):
    """Makes what may not exist yet."""

    def sample(self, condition: np.ndarray | None, n: int, rng: np.random.Generator) -> Any: ...


@runtime_checkable
class Recommender(Protocol):
    """What every model is, baseline or large, and what `zhiyin.load` returns."""

    def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray: ...

    def candidates(self, requests: Requests, k: int, allowed: np.ndarray | None = None) -> Candidates: ...

    def recommend(
        self, histories: "HistoriesLike | Requests", k: int = 10, *, exclude_seen: bool = True,
        allowed: Iterable[str] | None = None, new_items: Catalogue | None = None,
    ) -> Slates:  # fmt: skip
        """The best ``k`` items for each history, known, new and empty alike, in your own ids."""
        ...

    def similar_items(self, items: Sequence[str], k: int = 10) -> Slates:
        """The ``k`` items nearest to each of these, themselves left out."""
        ...

    def save(self, folder: Path | str) -> None:
        """Write the model to a folder of its own: safetensors, JSON, Parquet; never pickle."""
        ...


@runtime_checkable
class Estimator(Recommender, Protocol):
    """A model that can be trained: what ``zhiyin.models.NAME`` is."""

    def fit(self, dataset: Any, *, validation: Cases | None = None, progress: Progress | None = None) -> Self:
        """Learn from a `zhiyin.Dataset`. Without ``validation`` exactly ``epochs`` epochs, nothing carved off."""
        ...

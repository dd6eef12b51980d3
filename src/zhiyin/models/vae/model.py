"""What every variational autoencoder of people answers: vectors, invented people, and the way from one to another.

Letters: B people, n invented ones, N items, D latent width, K width of an item's vector.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from zhiyin.core.errors import ModelError
from zhiyin.core.randomness import generator
from zhiyin.data.contracts import Candidates, Histories, HistoriesLike, Slates
from zhiyin.data.contracts.slates import slate_length
from zhiyin.data.dataset import encode_histories
from zhiyin.models.bags import BagModel, BagNetwork
from zhiyin.models.described import ContentConfig
from zhiyin.retrieval import best_rows


class VAEConfig(ContentConfig):
    """Settings that every variational autoencoder has."""

    latent: int = Field(default=200, gt=0)
    """Numbers that a person (or an item) is compressed to."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of a person's items hidden from the encoder at each update; the decoder must guess them."""


class VAENetwork(BagNetwork):
    """A bag to a Gaussian of D numbers, and D numbers to what scores all items."""

    def posterior(self, summed: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance (B, D) from the summed rows of bags (B, H)."""
        raise NotImplementedError

    def unfold(self, latent: Tensor) -> Tensor:
        """(B, D) → (B, K): scores are its products with `outputs`."""
        raise NotImplementedError

    def encode(
        self, offsets: Tensor, items: Tensor, values: Tensor, *, dropout: float = 0.0, nameless: float = 0.0
    ) -> tuple[Tensor, Tensor]:
        """Mean and log variance (B, D) of bags, see `summed`."""
        return self.posterior(self.summed(offsets, items, values, dropout=dropout, nameless=nameless))

    def people(self, summed: Tensor) -> Tensor:
        return self.unfold(self.posterior(summed)[0])


C = TypeVar("C", bound=VAEConfig)


class VAEModel(BagModel[C]):
    """A variational autoencoder of people."""

    network: VAENetwork

    def encode(self, histories: HistoriesLike) -> np.ndarray:
        """The latent mean of each history (your ids, a frame, or `Histories`), float32 (B, D)."""
        self._need_training()
        return self.latent(encode_histories(histories, self.catalogue, self.weighting).requests.histories)

    def encode_items(self, items: Sequence[str] | None = None) -> np.ndarray:
        """The latent mean of items, each as a history of one, float32 (n, D); the whole catalogue's without ``items``.

        An unknown item is an empty history.
        """
        self._need_training()
        rows = np.arange(len(self.catalogue)) if items is None else self.catalogue.ids.rows(items)
        return self.latent(Histories.of([row] if row >= 0 else [] for row in rows.tolist()))

    @torch.no_grad()
    def latent(self, histories: Histories) -> np.ndarray:
        """The latent mean of each history of rows, float32 (B, D)."""
        means = [self.network.encode(*bags)[0].numpy() for bags in self._bags(histories)]
        return np.concatenate([np.zeros((0, self.config.latent), np.float32), *means])

    def sample(self, n: int, k: int = 10, *, seed: int = 0) -> Slates:
        """The best ``k`` items of each of ``n`` invented people, drawn from the prior."""
        self._need_training()
        if n < 0:
            raise ModelError(f"n is {n}; invent at least 0 people")
        return self.slates_of(self.prior(n, generator(seed, "invented")), k)

    def prior(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Latent vectors of ``n`` invented people, float32 (n, D): draws of N(0, I)."""
        return rng.standard_normal((n, self.config.latent), np.float32)

    def path(self, a: Sequence[str], b: Sequence[str], steps: int = 5, k: int = 10) -> Slates:
        """The best ``k`` items at ``steps`` places on the line from the person of history ``a`` to that of ``b``.

        Both ends are among the places. What the two have met is not left out: the lists show taste.
        """
        if steps < 2:
            raise ModelError(f"steps is {steps}; a path has at least its two ends: give steps=2 or more")
        start, end = self.encode([a, b])  # (D,) each
        share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
        return self.slates_of((1 - share) * start + share * end, k)

    @torch.no_grad()
    def slates_of(self, latent: np.ndarray, k: int) -> Slates:
        """The best ``k`` items for each latent vector (n, D)."""
        k = slate_length(k, len(self.catalogue))
        people = self.network.unfold(torch.from_numpy(latent)).numpy()  # (n, K)
        rows, scores = best_rows(people @ self.item_vectors.T + self.item_bias, k)
        n = len(latent)
        found = Candidates(rows, scores, (rows >= 0).astype(np.uint32), (self.name,))
        return self._slates(found, [None] * n, [[]] * n, [[] for _ in range(n)], self.catalogue)

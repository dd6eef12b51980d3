"""Mult-VAE read as an encoder: people and items meet in the latent space, and the nearest items are recommended.

Letters: B people, N items, D latent width. An item is a history of one; the score is the cosine of the angle between
the person's latent mean and the item's. Nothing is learned beyond the VAE, so its decoder is not used to recommend.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np
from torch import Tensor
from torch.nn import functional

from zhiyin.core.lengths import at_length_one
from zhiyin.data.contracts import Requests
from zhiyin.models.vae.network import MultVAEModel


class VAECosineModel(MultVAEModel):
    """The items whose latent vector points where the person's does, by the encoder of a Mult-VAE."""

    name = "VAECosine"
    estimator = "zhiyin.models.vae.training:VAECosine"
    _items: np.ndarray | None = None

    @classmethod
    def of(cls, vae: MultVAEModel) -> Self:
        """The same trained network, asked by cosine."""
        vae._need_training()
        model = cls(config=vae.config)
        model.catalogue, model.weighting, model.facts = vae.catalogue, vae.weighting, vae.facts
        model.restore(vae.arrays())
        return model

    def user_vectors(self, requests: Requests) -> np.ndarray:
        """The latent mean of each history at length 1, float32 (B, D)."""
        return at_length_one(self.latent(requests.histories))

    def person(self, summed: Tensor) -> Tensor:
        return functional.normalize(self.network.posterior(summed)[0], dim=1)

    @property
    def item_vectors(self) -> np.ndarray:
        """The latent mean of each item as a history of one, at length 1, float32 (N, D)."""
        return self._items if self._items is not None else at_length_one(self.encode_items())

    @property
    def item_bias(self) -> np.ndarray:
        """float32 (N,): none."""
        return np.zeros(len(self.catalogue), np.float32)

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        super().restore(arrays)
        self.settle()

    def settle(self) -> None:
        """The network will not change any more: item vectors are computed once."""
        self._items = None
        self._items = self.item_vectors

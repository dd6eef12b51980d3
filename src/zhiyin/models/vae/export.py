"""Mult-VAE and its kin as one network from a padded history to scores, for ONNX.

Letters: B people, L longest history, N items, H hidden width, D latent width. Where training reads bags sparsely, this
one writes each history into a (B, N) rectangle: it needs no operation that other runtimes lack.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from zhiyin.models.vae.network import VAENetwork


class VAEScores(nn.Module):
    """``items`` int64 (B, L), -1 fills; ``weights`` float32 (B, L) → scores float32 (B, N)."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.network: VAENetwork = model.network

    def forward(self, items: Tensor, weights: Tensor) -> Tensor:
        vectors = self.network.unfold(self.latent(items, weights))  # (B, H)
        return vectors @ self.network.item_out.T + self.network.bias_out

    def latent(self, items: Tensor, weights: Tensor) -> Tensor:
        """The latent mean (B, D): each item once, with the sign of what its events add up to."""
        n_items = self.network.item_in.shape[0]
        there = items >= 0
        sums = torch.zeros(items.shape[0], n_items, dtype=weights.dtype)
        sums = sums.scatter_add(1, torch.where(there, items, 0), torch.where(there, weights, 0.0))
        bag = torch.sign(sums)  # (B, N)
        bag = bag * (bag * bag).sum(dim=1, keepdim=True).clamp_min(1e-12).rsqrt()
        hidden = torch.tanh(self.network.bias_in + bag @ self.network.item_in)  # (B, H)
        mean, _ = self.network.encoder(hidden).chunk(2, dim=1)
        return torch.as_tensor(mean)


class CosineScores(VAEScores):
    """The same input → the cosine of each item's latent vector and the person's, (B, N)."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self.register_buffer("items", torch.from_numpy(model.item_vectors.copy()))

    def forward(self, items: Tensor, weights: Tensor) -> Tensor:
        return functional.normalize(self.latent(items, weights), dim=1) @ self.items.T  # type: ignore[operator]

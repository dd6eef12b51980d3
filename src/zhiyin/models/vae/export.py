"""A network of bags as one from a padded history to scores, for ONNX.

Letters: B people, L longest history, N items, H width of a row going in, D latent width. Where training reads bags
sparsely, this one writes each history into a (B, N) rectangle: it needs no operation that other runtimes lack.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class BagScores(nn.Module):
    """``items`` int64 (B, L), -1 fills; ``weights`` float32 (B, L) → scores float32 (B, N)."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.network = model.network
        self.register_buffer("inputs", model.network.inputs().detach().clone())
        self.register_buffer("outputs", torch.from_numpy(model.item_vectors.copy()))
        self.register_buffer("biases", torch.from_numpy(model.item_bias.copy()))

    def forward(self, items: Tensor, weights: Tensor) -> Tensor:
        people = self.network.people(self.summed(items, weights))  # (B, K)
        return torch.as_tensor(people @ self.outputs.T + self.biases)

    def summed(self, items: Tensor, weights: Tensor) -> Tensor:
        """The rows of each bag (B, H): each item once, with the sign of what its events add up to."""
        inputs = torch.as_tensor(self.inputs)
        there = items >= 0
        sums = torch.zeros(items.shape[0], inputs.shape[0], dtype=weights.dtype)
        sums = sums.scatter_add(1, torch.where(there, items, 0), torch.where(there, weights, 0.0))
        bag = torch.sign(sums)  # (B, N)
        bag = bag * (bag * bag).sum(dim=1, keepdim=True).clamp_min(1e-12).rsqrt()
        return bag @ inputs


class CosineScores(BagScores):
    """The same input → the cosine of each item's latent vector and the person's, (B, N)."""

    def forward(self, items: Tensor, weights: Tensor) -> Tensor:
        latent = self.network.posterior(self.summed(items, weights))[0]  # (B, D)
        return functional.normalize(latent, dim=1) @ torch.as_tensor(self.outputs).T

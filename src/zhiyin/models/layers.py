"""Layers that networks of several families are made of."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Norm(nn.Module):
    """Layer normalisation whose gradient is the same for any number of threads (torch's own adds per-thread parts)."""

    def __init__(self, width: int, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.width = (width,)
        self.epsilon = epsilon
        self.gain = nn.Parameter(torch.ones(width))
        self.shift = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = torch.addcmul(self.shift, functional.layer_norm(x, self.width, eps=self.epsilon), self.gain)
        return normed

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


class Dropout(nn.Module):
    """`dropped`, while learning alone."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        return dropped(x, self.share) if self.training else x


def dropped(x: Tensor, share: float) -> Tensor:
    """A share of the numbers hidden (in steps of 1/256), the others scaled up: one random byte a number is drawn three
    times as fast as torch's dropout decides."""
    cut = round(256 * share)
    if not cut:
        return x
    words = torch.empty(x.numel() // 8 + 1, dtype=torch.int64).random_(-(2**63), None)
    kept = words.view(torch.uint8)[: x.numel()].view(x.shape) >= cut
    return x * kept.to(x.dtype).mul_(256 / (256 - cut))

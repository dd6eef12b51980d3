"""What two adversaries learn by. Letters: B people of a batch.

Reference: Goodfellow et al. 2014, arXiv 1406.2661 (the critic, and the loss of the other side that keeps its slope);
Mescheder et al. 2018, arXiv 1801.04406 (the penalty). Odds are log odds that something is real.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional


def telling(real: Tensor, made: Tensor) -> Tensor:
    """The critic's loss: cross-entropy of its odds (B,) for real and for made ones; log 2 where it cannot tell."""
    return 0.5 * (functional.softplus(-real) + functional.softplus(made)).mean()


def fooling(made: Tensor) -> Tensor:
    """The other side's loss, -log D, (B,): it still has a slope where the critic is sure of itself."""
    return functional.softplus(-made)


def steepness(critic: Callable[[Tensor], Tensor], real: Tensor) -> Tensor:
    """Mean squared slope of the critic at real ones (B, D): kept small, the critic cannot run away."""
    with torch.enable_grad():
        at = real.detach().requires_grad_()
        (slope,) = torch.autograd.grad(critic(at).sum(), at, create_graph=True)
    return (slope**2).sum(dim=1).mean()

"""Losses over what was taken and a few drawn items, instead of over the whole catalogue.

Letters: E targets, D vector width, K negatives of a target, N items. ``positive`` (E,) are the logits of what was
taken, ``negative`` (E, K) those of the drawn items, -inf where the draw is the target itself. Every loss is one number
a target, (E,).
References: sampled softmax, Bengio and Senécal 2008; gBCE, Petrov and Macdonald 2023, arXiv 2308.07192, in the form
β · -log σ(s⁺) + Σ -log σ(-s⁻) that its transformed probabilities come to; BPR, Rendle et al. 2009, arXiv 1205.2618.
"""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


class Proposal:
    """Draws negatives with replacement: all items alike, or each in proportion to how often it was taken."""

    def __init__(self, n_items: int, counts: np.ndarray | None = None, among: Tensor | None = None) -> None:
        """``counts`` (N,): 1 is added to each, so that every item can be drawn. None: all alike.

        ``among``: rows that alone are drawn, int64.
        """
        self.n_items = n_items if among is None else max(1, len(among))
        self.among = among if among is not None and len(among) else None
        if counts is not None:
            counts = counts if self.among is None else counts[self.among.numpy()]
        shares = None if counts is None else (counts + 1) / (counts + 1).sum()
        self.log_shares = None if shares is None else torch.from_numpy(np.log(shares))
        self.until = None if shares is None else torch.from_numpy(np.cumsum(shares))

    def draw(self, *shape: int) -> Tensor:
        """int64 rows of the catalogue, of this shape."""
        found = self._places(shape)
        return found if self.among is None else self.among.to(found.device)[found]

    def _places(self, shape: tuple[int, ...]) -> Tensor:
        if self.until is None:
            return torch.randint(self.n_items, shape)
        chance = torch.rand(shape, dtype=torch.float64)
        found = torch.searchsorted(self.until.to(chance.device), chance, right=True)
        return found.clamp_max_(self.n_items - 1)  # where the shares add up to a little less than 1

    def log_expected(self, items: Tensor, draws: int) -> Tensor:
        """Log of how often each item is expected among so many draws: what the correction takes off its logit."""
        if self.log_shares is None:
            return torch.full(items.shape, math.log(draws / self.n_items))
        places = items if self.among is None else torch.searchsorted(self.among.to(items.device), items)
        return self.log_shares.to(items.device)[places].float() + math.log(draws)


def sampled_logits(people: Tensor, taken: Tensor, drawn: Tensor, collides: Tensor) -> tuple[Tensor, Tensor]:
    """``positive`` and ``negative`` of ``people`` (E, D), each with ``taken`` (E, D) and with ``drawn`` items: (K, D)
    that all share, or (E, K, D) of their own. ``collides`` (E, K): where the draw is what was taken."""
    negative = people @ drawn.T if drawn.dim() == 2 else torch.bmm(drawn, people[:, :, None]).squeeze(2)  # (E, K)
    return (people * taken).sum(dim=1), negative.masked_fill(collides, -torch.inf)


def sampled_softmax(positive: Tensor, negative: Tensor) -> Tensor:
    """Cross-entropy among what was taken and the drawn. Where `Proposal.log_expected` was taken off ``negative``, its
    sum of exponentials is on average that of the whole catalogue."""
    return torch.logsumexp(torch.cat([positive[:, None], negative], dim=1), dim=1) - positive


def gbce(positive: Tensor, negative: Tensor, beta: float = 1.0) -> Tensor:
    """Generalised binary cross-entropy, mean over the 1 + K; ``beta`` 1 is the plain one."""
    losses = beta * -functional.logsigmoid(positive) - functional.logsigmoid(-negative).sum(dim=1)
    return losses / (1 + negative.shape[1])


def calibrated(calibration: float, draws: int, n_items: int) -> float:
    """β = 1 - t (1 - α), α the share of the other items that is drawn: t 0 is plain BCE, t 1 gives probabilities."""
    return 1 - calibration * (1 - min(1.0, draws / max(1, n_items - 1)))


def bpr(positive: Tensor, negative: Tensor) -> Tensor:
    """-log σ(s⁺ - s⁻), the mean over the drawn items that are not the one that was taken."""
    there = torch.isfinite(negative).sum(dim=1).clamp_min(1)
    return -functional.logsigmoid(positive[:, None] - negative).sum(dim=1) / there

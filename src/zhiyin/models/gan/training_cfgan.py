"""CFGAN: how it learns. What it computes is in network_cfgan.py.

Letters: B people of a batch, N items, Z numbers of noise. With c the part of a history that is read, x what the person
took (0 or 1), e the mask of the taken items, k and r random parts of the others, and ŷ = G(c):

    critic     ½ (-log D(c, x) - log(1 - D(c, ŷ ⊙ (e + k))))
    generator  -λ log D(c, ŷ ⊙ (e + k)) + ρ Σ_e (ŷ - 1)² + ζ Σ_r ŷ²

All (B, N) numbers are held at once: for a catalogue of millions, take another model. λ = 0 draws the same luck.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from zhiyin.models.gan.adversary import fooling, telling
from zhiyin.models.gan.network_cfgan import CFGANConfig, CFGANModel, Critic, Generator
from zhiyin.models.vae.training import FitsBags, tensors
from zhiyin.training import Bags, Learner, Optimisers


class Draw(NamedTuple):
    """What chance decides of one batch."""

    history: tuple[Tensor, Tensor, Tensor]
    """The part that is read: offsets, items, values (0 for what is not)."""
    noise: Tensor
    """(B, Z)"""
    taken: Tensor
    """x and e, (B, N): 1 for what the person took."""
    zeros: Tensor
    """r, (B, N)"""
    shown: Tensor
    """e + k, (B, N)"""


class CFGANLearner(Learner[Bags]):
    """One update of the critic and one of the generator from one batch of histories."""

    dp_safe = True
    falls = False

    def __init__(self, generator: Generator, config: CFGANConfig) -> None:
        self.generator, self.config = generator, config
        with torch.random.fork_rng(devices=[]):  # the generator's luck is the same with and without a critic
            self.critic = Critic(len(generator.item_in), config.critic)
        self.network: nn.Module = nn.ModuleDict({"generator": generator, "critic": self.critic})

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        settings = self.config
        rate, decay = settings.learning_rate, settings.weight_decay
        return {
            "main": torch.optim.AdamW(self.generator.parameters(), rate, weight_decay=decay, fused=True),
            "critic": torch.optim.AdamW(self.critic.parameters(), rate * settings.critic_rate, fused=True),
        }

    def step(self, batch: Bags, optimisers: Optimisers) -> Tensor:
        draw = self.drawn(tensors(batch))
        made = self.generator(draw.history, draw.noise)  # (B, N)
        losses = self.rebuilding(made, draw)  # (B,)
        if self.config.adversarial:
            shown = made * draw.shown
            real = self.critic(draw.history, draw.taken)
            optimisers.descend(telling(real, self.critic(draw.history, shown.detach())), len(batch), "critic")
            losses = losses + self.config.adversarial * fooling(self.critic(draw.history, shown))
        optimisers.descend(losses.mean(), len(batch))
        return losses.detach()

    def drawn(self, bags: tuple[Tensor, Tensor, Tensor]) -> Draw:
        settings, (offsets, items, values) = self.config, bags
        read = values * (torch.rand_like(values) < settings.condition)
        taken = values.new_zeros(len(offsets) - 1, len(self.generator.item_in))
        taken[torch.repeat_interleave(offsets.diff()), items] = (values > 0).to(values.dtype)
        zeros, open_ = ((1 - taken) * (torch.rand_like(taken) < share) for share in (settings.zeros, settings.masked))
        noise = torch.randn(len(taken), settings.noise, device=taken.device)
        return Draw((offsets, items, read), noise, taken, zeros, taken + open_)

    def rebuilding(self, made: Tensor, draw: Draw) -> Tensor:
        """Taken items to 1, some of the others to 0, (B,)."""
        ones = (draw.taken * (made - 1) ** 2).sum(dim=1)
        zeros = (draw.zeros * made**2).sum(dim=1)
        return self.config.reconstruction * ones + self.config.zero_weight * zeros


class CFGAN(CFGANModel, FitsBags):
    __doc__ = CFGANModel.__doc__

    def learner(self) -> CFGANLearner:
        return CFGANLearner(self.network, self.config)

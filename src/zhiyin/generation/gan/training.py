"""Conditional GAN: how it learns. What it computes is in network.py, what it learns from in generation/learning.py.

A critic scores packs of items with their conditions; the generator learns to be scored like the catalogue, and, from an
encoder's reading of an item, to make it again (CVAE-GAN, Bao et al. 2017, arXiv 1703.10155).
Letters: B items of a batch, W width of an item, P of a person, V values that can be asked for.
Wasserstein loss with gradient penalty (Gulrajani et al. 2017, arXiv 1704.00028), packs (Lin et al. 2018, arXiv
1712.04086), and the cross-entropy of what was asked for (Xu et al. 2019, arXiv 1907.00503).
"""

import copy

import torch
from torch import Tensor, nn

from zhiyin.generation.evidence import Encoder, evidence
from zhiyin.generation.gan.network import ConditionalGANConfig, ConditionalGANModel
from zhiyin.generation.generator import Generator
from zhiyin.generation.learning import Batch, Learned, asked_loss
from zhiyin.training import Learner, Optimisers

AVERAGING = 0.99
"""Of the weights that are kept, after each update: adversaries circle each other, their mean stands nearer to the goal
(Yazıcı et al. 2019, arXiv 1806.04498)."""


class Critic(nn.Module):
    """Scores a pack of items with their conditions. No batch normalisation: the penalty is on single packs."""

    def __init__(self, width: int, config: ConditionalGANConfig) -> None:
        super().__init__()
        self.pack = config.pack
        self.layers = nn.Sequential(
            nn.Linear(width * config.pack, config.hidden), nn.LeakyReLU(0.2), nn.Dropout(0.5),
            nn.Linear(config.hidden, config.hidden), nn.LeakyReLU(0.2), nn.Dropout(0.5),
            nn.Linear(config.hidden, 1),
        )  # fmt: skip

    def forward(self, rows: Tensor) -> Tensor:
        """(B, W + P + V) → (B / pack,)"""
        scores: Tensor = self.layers(rows.view(len(rows) // self.pack, -1)).squeeze(1)
        return scores


class GANLearner(Learner[Batch]):
    """One update of the critic, one of the generator; ``average`` follows the generator slowly and is what is kept."""

    falls = False

    def __init__(self, average: Generator, config: ConditionalGANConfig, person: int) -> None:
        encoding = average.encoding
        self.average, self.generator = average.requires_grad_(False), copy.deepcopy(average)
        self.generator.requires_grad_(True)
        self.encoder = Encoder(self.generator, config.hidden, person)
        self.critic = Critic(encoding.width + person + len(encoding.askable), config)
        self.network = nn.ModuleDict(
            {"generator": self.generator, "encoder": self.encoder, "critic": self.critic, "average": average}
        )
        self.config = config

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        made = [*self.generator.parameters(), *self.encoder.parameters()]
        return {
            name: torch.optim.Adam(weights, lr=self.config.learning_rate, betas=(0.5, 0.9), fused=True)
            for name, weights in (("generator", made), ("critic", list(self.critic.parameters())))
        }

    def step(self, batch: Batch, optimisers: Optimisers) -> Tensor:
        conditions = torch.cat([batch.person, batch.asked], dim=1)  # (B, P + V)
        real = torch.cat([batch.real, conditions], dim=1)
        logits = self.generator(torch.randn(len(real), self.config.noise), batch.person, batch.asked)  # (B, W)
        made = torch.cat([self.generator.soften(logits), conditions], dim=1)
        distance = self.critic(real).mean() - self.critic(made.detach()).mean()
        optimisers.descend(self._penalty(real, made.detach()) - distance, len(real), "critic")
        loss = asked_loss(self.generator.encoding, logits, batch.asked) - self.critic(made).mean()
        if self.config.reconstruction:
            loss = loss + self.config.reconstruction * evidence(self.generator, self.encoder, batch).mean()
        optimisers.descend(loss, len(made), "generator")
        self._follow()
        losses: Tensor = distance.detach().expand(len(real))
        return losses

    @torch.no_grad()
    def _follow(self) -> None:
        for mine, its in zip(self.average.state_dict().values(), self.generator.state_dict().values(), strict=True):
            if mine.is_floating_point():
                mine.lerp_(its, 1 - AVERAGING)

    def _penalty(self, real: Tensor, made: Tensor) -> Tensor:
        """penalty · E (‖∇ critic‖ - 1)² between real and made packs; one mixing weight and one norm a pack."""
        weight = torch.rand(len(real) // self.config.pack, 1).repeat_interleave(self.config.pack, dim=0)
        between = (weight * real + (1 - weight) * made).requires_grad_()
        (slope,) = torch.autograd.grad(self.critic(between).sum(), between, create_graph=True)
        norms = slope.view(len(slope) // self.config.pack, -1).norm(dim=1)
        penalty: Tensor = self.config.penalty * ((norms - 1) ** 2).mean()
        return penalty


class ConditionalGAN(Learned, ConditionalGANModel):
    __doc__ = ConditionalGANModel.__doc__

    @property
    def batch(self) -> int:
        return max(2, self.config.batch // self.config.pack) * self.config.pack

    def learner(self, width: int) -> GANLearner:
        return GANLearner(self.generator, self.config, width)

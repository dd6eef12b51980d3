"""Conditional VAE: how it learns: the evidence bound (generation/evidence.py) alone.

What it computes is in network.py, what it learns from in generation/learning.py. Unlike TVAE (Xu et al. 2019, arXiv
1907.00503), sets of words are made beside one-of-many columns, and a person is a condition. Letter: B items of a batch.
"""

import torch
from torch import Tensor, nn

from zhiyin.generation.evidence import Encoder, evidence
from zhiyin.generation.generator import Generator
from zhiyin.generation.learning import Batch, Learned
from zhiyin.generation.vae.network import ConditionalVAEConfig, ConditionalVAEModel
from zhiyin.training import Learner, Optimisers


class VAELearner(Learner[Batch]):
    """One step on the evidence bound."""

    def __init__(self, generator: Generator, config: ConditionalVAEConfig, person: int) -> None:
        self.generator, self.config = generator, config
        self.encoder = Encoder(generator, config.hidden, person)
        self.network = nn.ModuleDict({"generator": generator, "encoder": self.encoder})

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"main": torch.optim.Adam(self.network.parameters(), lr=self.config.learning_rate, fused=True)}

    def step(self, batch: Batch, optimisers: Optimisers) -> Tensor:
        losses = evidence(self.generator, self.encoder, batch, self.config.divergence)  # (B,)
        optimisers.descend(losses.mean(), len(losses))
        return losses.detach()


class ConditionalVAE(Learned, ConditionalVAEModel):
    __doc__ = ConditionalVAEModel.__doc__

    def learner(self, width: int) -> VAELearner:
        return VAELearner(self.generator, self.config, width)

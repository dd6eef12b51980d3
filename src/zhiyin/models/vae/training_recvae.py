"""RecVAE: how it learns. What it computes is in network_recvae.py.

Letters: B people of a batch, D latent width. An epoch is a round: everybody some times for the encoder, then once for
the decoder. The loss of a person in an encoder pass is, z drawn from q(z|x) once,

    -Σ_i x_i log softmax(logits)_i + γ · Σx · (log q(z|x) - log p(z|x)),

where p mixes in each coordinate, 3/20 : 3/4 : 1/10, N(0, 1), the posterior of an earlier encoder, and N(0, e¹⁰). That
earlier encoder is a frozen copy, made at the start and after each round's encoder passes. In a decoder pass the loss is
the likelihood alone, without dropout.
"""

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from zhiyin.models.vae.network_recvae import RecVAEConfig, RecVAEModel, RecVAENetwork
from zhiyin.models.vae.training import FitsBags, drawn, likelihood, tensors
from zhiyin.training import Bags, Learner, Optimisers, Shuffled

SHARES = (3 / 20, 3 / 4, 1 / 10)
"""Of the standard normal, the earlier posterior and the wide normal in the prior."""
WIDE = 10.0
"""Log variance of the wide one."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Some people, for one half of the network."""

    bags: Bags
    decoding: bool
    freezes: bool
    """Whether the earlier encoder is made here: where learning or a decoder pass begins."""

    def __len__(self) -> int:
        return len(self.bags)


class Rounds:
    """Batches of one epoch: all passes for the encoder, then those for the decoder, each in an order of its own."""

    def __init__(self, people: Shuffled[Bags], encoder_passes: int, decoder_passes: int) -> None:
        self.people = people
        self.encoder_passes = encoder_passes
        self.passes = encoder_passes + decoder_passes

    def __len__(self) -> int:
        return self.passes * len(self.people)

    def epoch(self, number: int, skip: int = 0) -> Iterator[Turn]:
        done, within = divmod(skip, max(1, len(self.people)))
        for turn in range(done, self.passes):
            start = within if turn == done else 0
            begins = turn == self.encoder_passes or (number == 1 and turn == 0)
            for place, bags in enumerate(self.people.epoch((number - 1) * self.passes + turn + 1, start), start):
                yield Turn(bags, turn >= self.encoder_passes, begins and place == 0)


class RecVAELearner(Learner[Turn]):
    """One update of the encoder or of the decoder."""

    dp_safe = True

    def __init__(self, vae: RecVAENetwork, config: RecVAEConfig) -> None:
        self.vae, self.config = vae, config
        self.earlier = copy.deepcopy(vae).requires_grad_(False)
        for name in {name.partition(".")[0] for name, _ in vae.named_parameters() if name.startswith(vae.writes)}:
            delattr(self.earlier, name)  # what is left is the encoder
        self.network: nn.Module = nn.ModuleDict({"vae": vae, "earlier": self.earlier})

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        rate, decay = self.config.learning_rate, self.config.weight_decay
        encoder, decoder = self.vae.halves()
        return {
            "encoder": torch.optim.AdamW(encoder, rate, weight_decay=decay, fused=True),
            "decoder": torch.optim.AdamW(decoder, rate, weight_decay=decay, fused=True),
        }

    def step(self, batch: Turn, optimisers: Optimisers) -> Tensor:
        bags = tensors(batch.bags)
        if batch.freezes:
            self.freeze()
        return self.decoder_step(bags, optimisers) if batch.decoding else self.encoder_step(bags, optimisers)

    def freeze(self) -> None:
        """The encoder as it is now becomes the earlier one."""
        now = self.vae.state_dict()
        self.earlier.load_state_dict({name: now[name] for name in self.earlier.state_dict()})

    def encoder_step(self, bags: tuple[Tensor, Tensor, Tensor], optimisers: Optimisers) -> Tensor:
        settings = self.config
        mean, log_variance = self.vae.encode(*bags, dropout=settings.dropout, nameless=settings.content_dropout)
        latent = drawn(mean, log_variance)  # (B, D)
        with torch.no_grad():
            outputs = self.vae.outputs(settings.content_dropout)
        fit, losses = likelihood(self.vae.unfold(latent), outputs, bags)
        pull = settings.kl_weight * taken(bags) * self.divergence(latent, mean, log_variance, bags)  # (B,)
        optimisers.descend(fit + pull.mean(), len(losses), "encoder")
        return losses + pull.detach()

    def decoder_step(self, bags: tuple[Tensor, Tensor, Tensor], optimisers: Optimisers) -> Tensor:
        with torch.no_grad():
            latent = drawn(*self.vae.encode(*bags))  # (B, D)
        outputs = self.vae.outputs(self.config.content_dropout)
        fit, losses = likelihood(self.vae.unfold(latent), outputs, bags)
        optimisers.descend(fit, len(losses), "decoder")
        return losses

    def divergence(
        self, latent: Tensor, mean: Tensor, log_variance: Tensor, bags: tuple[Tensor, Tensor, Tensor]
    ) -> Tensor:
        """log q(z|x) - log p(z|x) of one draw, (B,): its mean over draws is the divergence, so it may be negative."""
        with torch.no_grad():
            old_mean, old_log_variance = self.earlier.encode(*bags)  # (B, D)
        posterior = log_normal(latent, mean, log_variance)  # (B, D)
        return (posterior - log_prior(latent, old_mean, old_log_variance)).sum(dim=1)


def log_normal(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """log N(z; mean, exp(log_variance)) of each coordinate."""
    return -0.5 * (math.log(2 * math.pi) + log_variance + (z - mean) ** 2 * torch.exp(-log_variance))


def log_prior(z: Tensor, old_mean: Tensor, old_log_variance: Tensor) -> Tensor:
    """log of the mixture at each coordinate, (B, D)."""
    nothing = torch.zeros_like(z)
    parts = (log_normal(z, nothing, nothing), log_normal(z, old_mean, old_log_variance),
             log_normal(z, nothing, nothing + WIDE))  # fmt: skip
    return torch.logsumexp(torch.stack([math.log(s) + p for s, p in zip(SHARES, parts, strict=True)]), dim=0)


def taken(bags: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Liked items of each bag, dropout or not, float32 (B,)."""
    offsets, _, values = bags
    counts = torch.zeros(len(offsets) - 1, dtype=values.dtype, device=values.device)
    return counts.index_add_(0, torch.repeat_interleave(offsets.diff()), (values > 0).to(values.dtype))


class RecVAE(RecVAEModel, FitsBags):
    __doc__ = RecVAEModel.__doc__

    def learner(self) -> RecVAELearner:
        return RecVAELearner(self.network, self.config)

    def loader(self, people: Shuffled[Bags]) -> Rounds:
        return Rounds(people, self.config.encoder_passes, self.config.decoder_passes)

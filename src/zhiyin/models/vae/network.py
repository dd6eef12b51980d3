"""Mult-VAE: what it computes. How it learns is in training.py.

A person is a bag of items; an encoder turns it into a short vector, a decoder turns that into a score for every item.
Letters: B people, N items of the catalogue, H hidden width, D latent width.
Reference: Liang et al. 2018, arXiv 1802.05814. We read the bag sparsely (an embedding bag instead of a (B, N) matrix)
and take a disliked item into the bag with a minus.
"""

import torch
from pydantic import Field
from torch import Tensor, nn

from zhiyin.models.vae.model import VAEConfig, VAEModel, VAENetwork


class MultVAEConfig(VAEConfig):
    """Settings of Mult-VAE."""

    hidden: int = Field(default=600, gt=0)
    """Width of the layer on either side of the latent vector."""
    kl_weight: float = Field(default=0.2, ge=0)
    """Final weight of the Kullback-Leibler term (the paper's cap on beta)."""
    annealing: float = Field(default=0.8, ge=0, le=1)
    """Share of all updates over which the weight of that term rises from 0."""


class MultVAENetwork(VAENetwork):
    """N items → H → (mean, log variance) of D numbers → H → N logits."""

    writes = (*VAENetwork.writes, "decoder")

    def __init__(
        self, n_items: int, hidden: int, latent: int, content: Tensor | None = None, content_hidden: int = 0
    ) -> None:  # fmt: skip
        super().__init__(n_items, hidden, hidden, content, content_hidden)
        self.bias_in = nn.Parameter(torch.empty(hidden))
        self.encoder = nn.Linear(hidden, 2 * latent)
        self.decoder = nn.Linear(latent, hidden)
        for weight in (self.item_in, self.encoder.weight, self.decoder.weight, self.item_out):
            nn.init.xavier_normal_(weight)
        for bias in (self.bias_in, self.encoder.bias, self.decoder.bias, self.bias_out):
            nn.init.normal_(bias, std=0.001)

    def posterior(self, summed: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.encoder(torch.tanh(self.bias_in + summed)).chunk(2, dim=1)
        return mean, log_variance

    def unfold(self, latent: Tensor) -> Tensor:
        return torch.tanh(self.decoder(latent))


class MultVAEModel(VAEModel[MultVAEConfig]):
    """Mult-VAE: a person's bag of items, compressed to a few numbers, unfolded to a score for every item."""

    name = "MultVAE"
    Config = MultVAEConfig
    estimator = "zhiyin.models.vae.training:MultVAE"
    components = {
        "multinomial likelihood": "test_the_loss_of_a_person_is_the_papers",
        "divergence and its annealing": "test_the_divergence_counts_and_rises",
        "normalised input": "test_the_encoder_reads_the_normalised_bag",
        "input dropout": "test_dropout_hides_events_from_the_encoder",
        "sampling while learning, the mean when asked": "test_the_latent_vector_is_drawn_while_learning_alone",
    }
    network: MultVAENetwork

    def new_network(self) -> MultVAENetwork:
        settings = self.config
        return MultVAENetwork(
            len(self.catalogue), settings.hidden, settings.latent, self.content(),
            settings.content_hidden,
        )  # fmt: skip

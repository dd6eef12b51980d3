"""RecVAE: what it computes. How it learns is in training_recvae.py.

Letters: B people, N items of the catalogue, H hidden width, D latent width.
Reference: Shenbin et al. 2020, arXiv 1912.11160, and the authors' code. The encoder is deep: each layer adds what all
layers before it gave, inside the Swish, and is normalised; the decoder is one linear layer. As in Mult-VAE here, a bag
is read sparsely and a disliked item stands in it with a minus.
"""

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from zhiyin.models.layers import Norm
from zhiyin.models.vae.model import VAEConfig, VAEModel, VAENetwork

EPSILON = 0.1
"""Added to the variance in a layer's normalisation: as in the authors' code, so that a flat layer is not blown up."""


class RecVAEConfig(VAEConfig):
    """Settings of RecVAE."""

    hidden: int = Field(default=600, gt=0)
    """Width of the encoder's layers."""
    layers: int = Field(default=5, gt=0)
    """Layers of the encoder."""
    kl_weight: float = Field(default=0.005, ge=0)
    """Weight of the Kullback-Leibler term for each item that a person took (the paper's gamma)."""
    encoder_passes: int = Field(default=3, gt=0)
    """Passes over everybody for the encoder in each epoch."""
    decoder_passes: int = Field(default=1, gt=0)
    """Passes for the decoder that follow."""
    epochs: int = Field(default=50, ge=0)
    """Rounds of encoder and decoder passes. Without a validation part exactly so many; with one, at most."""
    learning_rate: float = Field(default=5e-4, gt=0)
    """Of both Adams, at its height, see ``schedule``."""


class RecVAENetwork(VAENetwork):
    """N items → five layers of H that all see one another → (mean, log variance) of D numbers → N logits."""

    def __init__(
        self, n_items: int, hidden: int, latent: int, layers: int = 5, content: Tensor | None = None,
        content_hidden: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(n_items, hidden, latent, content, content_hidden)
        self.bias_in = nn.Parameter(torch.zeros(hidden))
        self.deeper = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(layers - 1))
        self.norms = nn.ModuleList(Norm(hidden, EPSILON) for _ in range(layers))
        self.encoder = nn.Linear(hidden, 2 * latent)
        for name, weight in self.named_parameters():
            if name.startswith("content"):
                continue
            if name.startswith("bias") or name.endswith(".bias"):
                nn.init.zeros_(weight)
            elif weight.dim() > 1:
                nn.init.xavier_normal_(weight)

    def posterior(self, summed: Tensor) -> tuple[Tensor, Tensor]:
        before = layer = self.norms[0](functional.silu(self.bias_in + summed))  # (B, H)
        for linear, norm in zip(self.deeper, self.norms[1:], strict=True):
            layer = norm(functional.silu(linear(layer) + before))
            before = before + layer  # the sum of all layers so far
        mean, log_variance = self.encoder(layer).chunk(2, dim=1)
        return mean, log_variance

    def unfold(self, latent: Tensor) -> Tensor:
        return latent


class RecVAEModel(VAEModel[RecVAEConfig]):
    """RecVAE: a deep encoder whose posterior stays near its own earlier one, and a linear decoder, learned in turns."""

    name = "RecVAE"
    Config = RecVAEConfig
    estimator = "zhiyin.models.vae.training_recvae:RecVAE"
    components = {
        "dense skips inside the Swish": "test_each_layer_adds_all_layers_before_it",
        "normalised layers": "test_each_layer_is_normalised",
        "composite prior": "test_each_part_of_the_prior_counts",
        "weight of the divergence by a person's items": "test_the_divergence_weighs_as_many_items_as_a_person_took",
        "encoder and decoder in turns": "test_each_pass_moves_its_own_half_alone",
        "dropout for the encoder alone": "test_dropout_is_the_encoders_alone",
    }
    network: RecVAENetwork

    def new_network(self) -> RecVAENetwork:
        settings = self.config
        return RecVAENetwork(
            len(self.catalogue), settings.hidden, settings.latent, settings.layers, self.content(),
            settings.content_hidden,
        )  # fmt: skip

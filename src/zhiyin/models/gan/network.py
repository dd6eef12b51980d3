"""Adversarial VAE: what it computes. How it learns is in training.py.

The encoder and the decoder are a Mult-VAE's; what makes the latent vectors a standard normal cloud is not a formula
(the Kullback-Leibler term) but a critic that tries to tell them from draws of it.
Letters: B people, D latent width, C width of the critic.
Reference: Makhzani et al. 2015, Adversarial autoencoders, arXiv 1511.05644; the likelihood is Mult-VAE's.
"""

from pydantic import Field
from torch import Tensor, nn

from zhiyin.models.vae.network import MultVAEConfig, MultVAEModel


class AdversarialVAEConfig(MultVAEConfig):
    """Settings of the adversarial VAE."""

    kl_weight: float = Field(default=0.0, ge=0)
    """Weight of a Kullback-Leibler term beside the critic; 0 leaves the cloud to the critic alone."""
    adversarial: float = Field(default=0.1, ge=0)
    """Weight of fooling the critic; 0 makes it an autoencoder with noise."""
    critic: int = Field(default=128, gt=0)
    """Width of the critic's two layers."""
    penalty: float = Field(default=0.0, ge=0)
    """Weight of the critic's squared slope at normal draws; 0: the critic may be as steep as it likes."""
    critic_rate: float = Field(default=0.5, gt=0, le=1)
    """Learning rate of the critic as a share of the encoder's: a critic that learns faster teaches nothing."""


class Critic(nn.Module):
    """A latent vector to the log odds that it was drawn from the standard normal cloud."""

    def __init__(self, latent: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(latent, width), nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2), nn.Linear(width, 1)
        )

    def forward(self, latent: Tensor) -> Tensor:
        """(B, D) → (B,)"""
        odds: Tensor = self.layers(latent).squeeze(1)
        return odds


class AdversarialVAEModel(MultVAEModel):
    """A variational autoencoder whose latent space a critic, not a formula, shapes; it answers as Mult-VAE does."""

    name = "AdversarialVAE"
    components = {
        **{name: test for name, test in MultVAEModel.components.items() if "divergence" not in name},
        "the critic": "test_the_critic_pulls_the_cloud_towards_the_normal_one",
        "three steps of each batch": "test_every_part_learns_at_every_step_and_only_by_its_own_losses",
    }
    Config = AdversarialVAEConfig
    estimator = "zhiyin.models.gan.training:AdversarialVAE"
    config: AdversarialVAEConfig

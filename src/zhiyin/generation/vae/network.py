"""Conditional VAE of item specifications: its settings; the network that makes items is `generator.Generator`.

Reference: TVAE in Xu et al. 2019, arXiv 1907.00503; Sohn et al. 2015 for the conditions. How it learns is in
training.py.
"""

from pydantic import Field

from zhiyin.generation.conditional import ConditionalConfig, ConditionalModel


class ConditionalVAEConfig(ConditionalConfig):
    """Settings of the conditional VAE."""

    divergence: float = Field(default=1.0, ge=0)
    """Weight of the Kullback-Leibler term: 1 is the evidence bound, less describes items better and fills the latent
    space worse."""


class ConditionalVAEModel(ConditionalModel):
    """Conditional VAE: makes items that a person would like, from the columns of the catalogue."""

    name = "ConditionalVAE"
    Config = ConditionalVAEConfig
    config: ConditionalVAEConfig

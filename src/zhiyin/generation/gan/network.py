"""Conditional GAN of item specifications: its settings; the network that makes items is `generator.Generator`.

Reference: Xu et al. 2019 (CTGAN), arXiv 1907.00503. How it learns is in training.py.
"""

from pydantic import Field

from zhiyin.generation.conditional import ConditionalConfig, ConditionalModel


class ConditionalGANConfig(ConditionalConfig):
    """Settings of the conditional GAN."""

    pack: int = Field(default=5, gt=0)
    """Items that the critic sees together, so that it notices a generator that always makes the same; a batch is
    rounded down to whole packs."""
    reconstruction: float = Field(default=1.0, ge=0)
    """Weight of making real items again from an encoder's reading, which keeps the generator at the catalogue; 0 is
    the plain adversary."""
    penalty: float = Field(default=10.0, ge=0)
    """Weight of the gradient penalty."""


class ConditionalGANModel(ConditionalModel):
    """Conditional GAN: makes items that a person would like, from the columns of the catalogue."""

    name = "ConditionalGAN"
    Config = ConditionalGANConfig
    config: ConditionalGANConfig

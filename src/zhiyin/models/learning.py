"""Settings that every model trained by gradient descent has."""

from typing import Literal

from pydantic import Field

from zhiyin.models.model import ModelConfig


class LearningConfig(ModelConfig):
    """How long and how fast a network learns."""

    epochs: int = Field(default=30, ge=0)
    """Passes over everybody. Without a validation part exactly so many; with one, at most. 0 leaves the weights
    as they are."""
    updates: int | None = Field(default=None, gt=0)
    """About so many updates at most: on a large log training ends after the epoch that reaches them."""
    batch: int = Field(default=128, gt=0)
    """People of a batch."""
    accumulate: int = Field(default=1, gt=0)
    """Batches whose gradients make one update: as if the batch were so many times larger, in the memory of one."""
    learning_rate: float = Field(default=2e-3, gt=0)
    """Of Adam, at its height, see ``schedule``."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """``cosine``: the rate rises over the first twentieth of the training, then falls to 0; ``constant``: it stays."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Decoupled (AdamW): each update shrinks the weights by this times the learning rate."""
    patience: int = Field(default=10, gt=0)
    """Epochs without a better validation NDCG after which training stops."""
    validation_k: int = Field(default=100, gt=0)
    """Length of the list whose NDCG chooses the epoch."""
    clip_norm: float | None = Field(default=None, gt=0)
    """Longer gradients are cut to this length."""
    checkpoint_minutes: float = Field(default=5.0, ge=0)
    """How often a checkpoint is written, where ``fit`` was given a folder for it."""

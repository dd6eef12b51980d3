"""Settings that every model trained by gradient descent has."""

from pydantic import Field

from zhiyin.models.model import ModelConfig


class LearningConfig(ModelConfig):
    """How long and how fast a network learns."""

    epochs: int = Field(default=30, gt=0)
    """Passes over everybody. Without a validation part exactly so many; with one, at most."""
    updates: int | None = Field(default=None, gt=0)
    """About so many updates at most: on a large log training ends after the epoch that reaches them."""
    batch: int = Field(default=128, gt=0)
    """People of one update."""
    learning_rate: float = Field(default=2e-3, gt=0)
    """Of Adam, at its height: it rises over the first twentieth of the training and falls to 0 along a cosine."""
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

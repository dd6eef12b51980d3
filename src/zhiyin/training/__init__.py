"""How networks learn: one loop, loaders, losses, schedules, checkpoints, early stopping, a verdict in words."""

from zhiyin.training.checkpoints import Checkpoints
from zhiyin.training.engine import Engine
from zhiyin.training.fitting import learn
from zhiyin.training.learner import Learner, Optimisers
from zhiyin.training.loaders import Bags, Shuffled
from zhiyin.training.loop import Training, train
from zhiyin.training.losses import softmax_likelihood
from zhiyin.training.machine import reproducible
from zhiyin.training.validation import ndcg_on

__all__ = [
    "Bags", "Checkpoints", "Engine", "Learner", "Optimisers", "Shuffled", "Training", "learn", "ndcg_on",
    "reproducible", "softmax_likelihood", "train",
]  # fmt: skip

"""How networks learn: one loop, loaders, losses, schedules, checkpoints, early stopping, a verdict in words."""

from zhiyin.core.lazy import lazily

__getattr__, __dir__ = lazily(
    __name__,
    {
        "Bags": "loaders",
        "Checkpoints": "checkpoints",
        "Engine": "engine",
        "Learner": "learner",
        "Optimisers": "learner",
        "Shuffled": "loaders",
        "Training": "loop",
        "learn": "fitting",
        "ndcg_on": "validation",
        "one_thread": "machine",
        "reproducible": "machine",
        "softmax_likelihood": "losses",
        "train": "loop",
    },
)

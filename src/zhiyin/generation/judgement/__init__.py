"""How good a generator is, every figure with its interval, beside a copy of the catalogue's marginals."""

from zhiyin.core.lazy import lazily

__getattr__, __dir__ = lazily(
    __name__,
    {
        "GOALS": "goals",
        "coverage": "cover",
        "foresight": "later",
        "judge": "whole",
        "marginals_copy": "cover",
        "modes_covered": "cover",
        "nearer_to_training": "distance",
        "reached": "goals",
        "share_new": "distance",
        "told_apart": "two_sample",
    },
)

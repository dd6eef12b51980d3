"""Numbers that change while training goes on, as functions of the share of all updates done (0 to 1).

A share, not a count: a schedule of 200,000 updates never gets anywhere on a small dataset.
"""

import math


def rise(done: float, until: float) -> float:
    """From 0 to 1, linearly, over the first ``until`` of the training; 1 after that (and where ``until`` is 0)."""
    return 1.0 if done >= until else done / until


def warm_cosine(done: float, warm: float = 0.05, floor: float = 0.0) -> float:
    """A learning-rate factor: up to 1 over the first ``warm`` of the training, then a half cosine to ``floor``."""
    if done < warm:
        return (done + 1e-3) / (warm + 1e-3)
    along = (done - warm) / (1 - warm)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, along)))


def constant(done: float) -> float:
    """A learning-rate factor that stays."""
    return 1.0


RATES = {"cosine": warm_cosine, "constant": constant}
"""Learning-rate factors by name."""

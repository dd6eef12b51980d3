"""Randomness that repeats, in one place.

The same seed gives the same weights with one thread or several, bit for bit on one processor: every kernel used splits
its work over outputs, never over sums (layer normalisation's own affine gradient does, so ours is written apart).
"""

import contextlib
from collections.abc import Iterator

import torch
from torch.utils import deterministic as filling


@contextlib.contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """Seeded, with deterministic kernels; the caller's random state and settings come back afterwards."""
    was_on, was_filling = torch.are_deterministic_algorithms_enabled(), filling.fill_uninitialized_memory  # type: ignore[attr-defined]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(True)
        filling.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # finds bugs, costs time
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(was_on)
            filling.fill_uninitialized_memory = was_filling  # type: ignore[attr-defined]

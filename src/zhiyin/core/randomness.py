"""One seed, many independent streams: the same seed and name always give the same numbers."""

import zlib

import numpy as np


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """A generator of its own for each (seed, names), so that adding one use of randomness does not move another."""
    words = [zlib.crc32(name.encode()) if isinstance(name, str) else int(name) for name in names]
    return np.random.default_rng([int(seed), *words])

"""Randomness that repeats, in one place.

The same seed gives the same weights with one thread or several, bit for bit on one processor: every kernel used splits
its work over outputs, never over sums (layer normalisation's own affine gradient does, so ours is written apart).
"""

import contextlib
import re
from collections.abc import Iterator

import torch
from threadpoolctl import threadpool_limits
from torch.utils import deterministic as filling

from zhiyin.core.errors import ResourceError

TOO_LARGE = re.compile(r"allocate memory|overflow", re.IGNORECASE)
"""In torch's errors where a tensor does not fit; it has no class of its own for that."""


@contextlib.contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """Seeded, with deterministic kernels; the caller's random state and settings come back afterwards.

    Raises `ResourceError` where what is made inside does not fit into memory.
    """
    was_on, was_filling = torch.are_deterministic_algorithms_enabled(), filling.fill_uninitialized_memory  # type: ignore[attr-defined]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(True)
        filling.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # finds bugs, costs time
        try:
            yield
        except (MemoryError, RuntimeError, TypeError) as error:
            if not isinstance(error, MemoryError) and not TOO_LARGE.search(str(error)):
                raise
            raise ResourceError(_no_room(str(error))) from None
        finally:
            torch.use_deterministic_algorithms(was_on)
            filling.fill_uninitialized_memory = was_filling  # type: ignore[attr-defined]


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """For a training whose sums a second thread would split: small networks, and decompositions of LAPACK."""
    before = torch.get_num_threads()
    with threadpool_limits(1):
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def _no_room(said: str) -> str:
    wanted = re.search(r"tried to allocate (\d+) bytes", said)
    size = f"{int(wanted[1]) / 2**30:,.1f} GiB were asked for at once" if wanted else "more was asked for than there is"
    return f"there is not enough memory: {size}; make the settings smaller (hidden, width, batch), or use less data"

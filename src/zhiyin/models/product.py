"""The product that sifting by vectors multiplies with: the processor's 8-bit instructions through torch, where proven.

A processor without instructions made for it may lose digits of such a product without saying so, and torch does not
promise the function: it is used once it has given the largest products there are exactly.
"""

import functools
import sys

import numpy as np

from zhiyin.retrieval.rounded import STEPS, Product, float_product


def product() -> Product:
    """torch's, where torch is loaded already and exact; else NumPy's."""
    return _by_torch() if "torch" in sys.modules else float_product


@functools.cache
def _by_torch() -> Product:
    rng = np.random.default_rng(0)
    people, items = (rng.choice(np.array([-STEPS, STEPS], np.int8), shape) for shape in ((64, 65), (65, 256)))
    people[0], items[:, 0] = STEPS, STEPS
    try:
        right = np.array_equal(_multiplied(people, items), float_product(people, items))
    except (AttributeError, RuntimeError):
        right = False
    return _multiplied if right else float_product


def _multiplied(people: np.ndarray, items: np.ndarray) -> np.ndarray:
    import torch

    return np.asarray(torch._int_mm(torch.from_numpy(people), torch.from_numpy(items)).numpy())

"""Numbers with as many digits as it takes to tell them apart."""

from collections.abc import Sequence

FEWEST, MOST = 3, 9
"""Digits after the point."""


def told_apart(values: Sequence[float]) -> list[str]:
    """Each value with the fewest digits (of `FEWEST` to `MOST`) by which different ones look different."""
    different = len(set(values))
    for digits in range(FEWEST, MOST + 1):
        said = [f"{value:.{digits}f}" for value in values]
        if len(set(said)) == different:
            break
    return said if values else []

"""What a good generator reaches, and whether one does."""

from collections.abc import Mapping

GOALS: Mapping[str, tuple[float, float]] = {
    "told_apart": (0.0, 0.75), "modes": (0.0, 1.0), "new": (0.2, 1.0), "nearer_to_training": (0.0, 0.55),
    "foresight": (0.5, 1.0),
}  # fmt: skip
"""Least and most that a good generator has; told apart at most 0.65 is the aim."""


def reached(name: str, figure: Mapping[str, float]) -> bool:
    """Whether a figure reaches its goal; foresight (a chance against 0.5) where its whole interval is above."""
    least, most = GOALS[name]
    return figure["low"] > least if name == "foresight" else least <= figure["value"] <= most

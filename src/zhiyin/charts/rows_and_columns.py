"""Counts and shares as bars: lying beside their labels, or standing in a row."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.ticker import FuncFormatter

from zhiyin.charts.canvas import ACCENT, GRID, WIDTH, Canvas, shortened

ROW, LABEL, HEAD, FOOT, GAP, TALL = 20, 190, 24, 24, 20, 120
LETTER = 6.5
"""Width of a letter below a column."""


def bars(labels: Sequence[str], groups: Mapping[str, Sequence[float]], title: str) -> str:
    """A row a label, a panel a group, all on one scale. "" where there is nothing above 0."""
    largest = max((value for values in groups.values() for value in values if math.isfinite(value)), default=0.0)
    if not labels or largest <= 0:
        return ""
    tall = ROW * len(labels)
    canvas = Canvas(HEAD + tall + FOOT)
    width = (WIDTH - LABEL) / len(groups)
    for place, label in enumerate(labels):
        canvas.text(0, HEAD + ROW * (place + 0.5), shortened(label, LABEL - 10))
    for place, (name, values) in enumerate(groups.items()):
        axes = canvas.axes(LABEL + width * place, HEAD, width - GAP, tall)
        canvas.text(LABEL + width * place, HEAD / 2, shortened(name, width - GAP))
        axes.barh(range(len(labels)), [max(0.0, value) for value in values], color=ACCENT, height=0.6)
        axes.set_xlim(0, 1.03 * largest)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.set_yticks([])
        axes.grid(axis="x", color=GRID, linewidth=0.6)
    told = "; ".join(
        f"{name}: " + ", ".join(f"{label} {value:.4g}" for label, value in zip(labels, values, strict=True))
        for name, values in groups.items()
    )
    return canvas.svg(title, told)


def columns(labels: Sequence[str], heights: Sequence[float], title: str, width: float = WIDTH / 2 - GAP) -> str:
    """A column a label; of the labels as many as there is room for. "" where there is nothing above 0."""
    if not any(height > 0 for height in heights):
        return ""
    canvas = Canvas(HEAD + TALL + FOOT, width)
    axes = canvas.axes(48, HEAD, width - 56, TALL)
    canvas.text(0, HEAD / 2, shortened(title, width))
    axes.bar(range(len(labels)), heights, color=ACCENT, width=0.86)
    axes.set_xlim(-0.6, len(labels) - 0.4)
    room = LETTER * (2 + max(map(len, labels)))
    every = math.ceil(room * len(labels) / (width - 56))
    axes.set_xticks(range(0, len(labels), every), labels[::every])
    axes.yaxis.set_major_formatter(FuncFormatter(_short))
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    told = ", ".join(f"{label} {height:,.4g}" for label, height in zip(labels, heights, strict=True))
    return canvas.svg(title, told)


def _short(value: float, place: object) -> str:
    """12,000 as 12k."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"

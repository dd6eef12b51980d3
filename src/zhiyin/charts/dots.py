"""Figures with their intervals: a dot on a bar from low to high."""

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from matplotlib.axes import Axes

from zhiyin.charts.canvas import ACCENT, FAINT, GRID, WIDTH, Canvas, shortened, told_of

ROW, LABEL, FIGURE, FOOT, HEAD, GAP = 24, 220, 190, 24, 24, 24


class Interval(NamedTuple):
    """A figure with its interval; ``hollow``: one that the others stand beside."""

    label: str
    value: float
    low: float
    high: float
    hollow: bool = False


def intervals(rows: Sequence[Interval], title: str) -> str:
    """A row a figure, its numbers beside it. "" where nothing is finite."""
    shown = _finite(rows)
    if not shown:
        return ""
    canvas = Canvas(ROW * len(shown) + FOOT)
    axes = canvas.axes(LABEL, 0, WIDTH - LABEL - FIGURE, ROW * len(shown))
    _scaled(axes, shown, len(shown))
    for place, row in enumerate(shown):
        _bar(axes, row, place)
        middle = ROW * (place + 0.5)
        canvas.text(0, middle, shortened(row.label, LABEL - 10))
        canvas.text(WIDTH, middle, f"{row.value:z.4f} [{row.low:z.4f}, {row.high:z.4f}]", anchor="right")
    return canvas.svg(title, told_of(row[:4] for row in shown))


def forest(groups: Mapping[str, Sequence[Interval]], title: str, *, own_scales: bool = False) -> str:
    """A panel a group, all on one scale or each on its own; rows of one label stand under each other.

    "" where nothing is finite."""
    shown = {name: _finite(rows) for name, rows in groups.items()}
    shown = {name: rows for name, rows in shown.items() if rows}
    if not shown:
        return ""
    everything = [row for rows in shown.values() for row in rows]
    labels = list(dict.fromkeys(row.label for row in everything))
    tall = 1.3 * ROW * len(labels)
    canvas = Canvas(HEAD + tall + FOOT)
    left = 110
    width = (WIDTH - left) / len(shown)
    for place, label in enumerate(labels):
        canvas.text(0, HEAD + tall * (place + 0.5) / len(labels), shortened(label, left - 10))
    for place, (name, rows) in enumerate(shown.items()):
        axes = canvas.axes(left + width * place, HEAD, width - GAP, tall)
        canvas.text(left + width * place, HEAD / 2, shortened(name, width - GAP))
        _scaled(axes, rows if own_scales else everything, len(labels))
        for label, same in groupby(sorted(rows, key=lambda row: labels.index(row.label)), lambda row: row.label):
            beside = list(same)
            for number, row in enumerate(beside):
                _bar(axes, row, labels.index(label) + 0.3 * (number - (len(beside) - 1) / 2))
    told = ((f"{name}, {row.label}", *row[1:4]) for name, rows in shown.items() for row in rows)
    return canvas.svg(title, told_of(told))


def _finite(rows: Sequence[Interval]) -> list[Interval]:
    return [row for row in rows if all(map(math.isfinite, row[1:4]))]


def _scaled(axes: Axes, rows: Sequence[Interval], n: int) -> None:
    """Zero is always in sight; the first row stands on top."""
    low, high = min(0.0, *(row.low for row in rows)), max(0.0, *(row.high for row in rows))
    margin = 0.03 * ((high - low) or 1.0)
    axes.set_xlim(low - margin * (low < 0), high + margin)
    axes.set_ylim(n - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.axvline(0, color=FAINT, linewidth=1)


def _bar(axes: Axes, row: Interval, y: float) -> None:
    colour = FAINT if row.hollow else ACCENT
    axes.plot([row.low, row.high], [y, y], color=colour, linewidth=3, alpha=0.55, solid_capstyle="butt")
    axes.plot([row.value], [y], marker="o", markersize=8, color=colour, fillstyle="none" if row.hollow else "full")

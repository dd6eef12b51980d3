"""Small curves beside each other, each on a scale of its own or all against the diagonal."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.ticker import MaxNLocator

from zhiyin.charts.canvas import ACCENT, FAINT, GRID, INK, WIDTH, Canvas, shortened

LEFT, GAP, HEAD, FOOT, TALL, FLAT = 50, 18, 26, 44, 150, 0.6
MOST, LEAST = 4, 3
"""Curves of a row."""


class Curve(NamedTuple):
    """One curve; ``mark``: the x of the point whose value is written beside it."""

    title: str
    x: Sequence[float]
    y: Sequence[float]
    mark: float | None = None


def curves(given: Sequence[Curve], title: str, *, x: str, diagonal: bool = False) -> str:
    """A panel a curve. Points that are no number are left out; "" where no curve has two.

    ``x``: the words below. ``diagonal``: square, every axis alike, with the line where y is x.
    """
    shown = [curve for curve in map(_finite, given) if len(curve.x) > 1]
    if not shown:
        return ""
    beside = max(LEAST, math.ceil(len(shown) / math.ceil(len(shown) / MOST)))
    each = WIDTH / beside
    wide = min(each - LEFT - GAP, TALL) if diagonal else each - LEFT - GAP
    tall = wide if diagonal else TALL * FLAT
    row = HEAD + tall + FOOT
    canvas = Canvas(row * math.ceil(len(shown) / beside))
    limit = 1.05 * max(max(*curve.x, *curve.y) for curve in shown) or 1.0
    for place, curve in enumerate(shown):
        left, top = each * (place % beside) + LEFT, row * (place // beside) + HEAD
        canvas.text(left, top - HEAD / 2, shortened(curve.title, each - LEFT - GAP))
        canvas.text(left + wide, top + tall + 30, x, anchor="right", faint=True, size=11)
        _drawn(canvas, curve, (left, top, wide, tall), limit if diagonal else None)
    return canvas.svg(title, "; ".join(map(_told, shown)))


def _drawn(canvas: Canvas, curve: Curve, box: tuple[float, float, float, float], limit: float | None) -> None:
    axes = canvas.axes(*box)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.margins(y=0.2)
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=limit is None))
    if limit is not None:
        axes.set_xlim(0, limit)
        axes.set_ylim(0, limit)
        axes.plot([0, limit], [0, limit], color=FAINT, linewidth=1, linestyle="--")
    axes.plot(curve.x, curve.y, color=ACCENT, linewidth=1.8, marker="" if limit is None else "o", markersize=4)
    for a, b in zip(curve.x, curve.y, strict=True):
        if a == curve.mark:
            axes.plot([a], [b], marker="o", markersize=7, color=ACCENT)
            axes.annotate(f"{b:.4g}", (a, b), (0, 9), textcoords="offset points", ha="center", fontsize=11, color=INK)


def _finite(curve: Curve) -> Curve:
    points = [(a, b) for a, b in zip(curve.x, curve.y, strict=True) if math.isfinite(a) and math.isfinite(b)]
    return curve._replace(x=[a for a, _ in points], y=[b for _, b in points])


def _told(curve: Curve) -> str:
    return f"{curve.title}: " + ", ".join(f"{a:.4g} {b:.4g}" for a, b in zip(curve.x, curve.y, strict=True))

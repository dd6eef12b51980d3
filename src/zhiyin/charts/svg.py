"""Interval plots and curves as SVG; every number of a picture also stands in its text alternative.

Colours come from the page (``currentColor``); lines are told apart by dashes and by a label at their end.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

WIDTH, ROW, LABEL, FIGURE = 720, 24, 210, 190
CURVE_HEIGHT, MARGIN = 200, 24
DASHES = ("", "8 4", "2 3", "10 3 2 3", "4 4", "14 4")


class Interval(NamedTuple):
    """A figure with its interval."""

    label: str
    value: float
    low: float
    high: float


def intervals(rows: Sequence[Interval], title: str) -> str:
    """A row a figure: a dot on a bar from low to high, its numbers beside it. "" where nothing is finite."""
    shown = [row for row in rows if all(map(math.isfinite, row[1:]))]
    if not shown:
        return ""
    low, high = min(0.0, *(row.low for row in shown)), max(row.high for row in shown)
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return round(LABEL + (WIDTH - LABEL - FIGURE) * (value - low) / span, 1)

    parts = []
    for place, row in enumerate(shown):
        y = ROW * place + ROW // 2
        parts.append(
            f'<text x="0" y="{y + 4}">{escape(_short(row.label))}</text>'
            f'<line x1="{x(row.low)}" x2="{x(row.high)}" y1="{y}" y2="{y}" stroke="currentColor" stroke-width="3"'
            f' opacity=".45"/><circle cx="{x(row.value)}" cy="{y}" r="4.5" fill="currentColor"/>'
            f'<text x="{WIDTH}" y="{y + 4}" text-anchor="end">'
            f"{row.value:.4f} [{row.low:.4f}, {row.high:.4f}]</text>"
        )
    told = "; ".join(f"{row.label} {row.value:.4f} [{row.low:.4f}, {row.high:.4f}]" for row in shown)
    return _svg(parts, ROW * len(shown), title, told)


def lines(curves: Mapping[str, Sequence[float]], title: str) -> str:
    """Curves over their step, each with dashes of its own and its name at the end; values that are no number are left
    out. "" where no curve has two points."""
    shown = {name: _points(values) for name, values in curves.items()}
    shown = {name: points for name, points in shown.items() if len(points) > 1}
    if not shown:
        return ""
    values = [value for points in shown.values() for _, value in points]
    low, span = min(values), (max(values) - min(values)) or 1.0
    steps = max(points[-1][0] for points in shown.values())
    parts = []
    for place, (name, points) in enumerate(shown.items()):
        at = [
            (round((WIDTH - LABEL) * step / steps, 1), round(MARGIN + CURVE_HEIGHT * (1 - (value - low) / span), 1))
            for step, value in points
        ]
        path = " ".join(f"{x},{y}" for x, y in at)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="currentColor" stroke-width="2"'
            f' stroke-dasharray="{DASHES[place % len(DASHES)]}"/>'
            f'<text x="{at[-1][0] + 8}" y="{at[-1][1] + 4}">{escape(_short(name))} {points[-1][1]:.4g}</text>'
        )
    told = "; ".join(f"{name}: " + ", ".join(f"{value:.4g}" for _, value in points) for name, points in shown.items())
    return _svg(parts, CURVE_HEIGHT + 2 * MARGIN, title, told)


def _points(values: Sequence[float]) -> list[tuple[int, float]]:
    return [(step, float(value)) for step, value in enumerate(values) if math.isfinite(value)]


def _short(label: str) -> str:
    return label if len(label) <= 28 else label[:27] + "…"


def _svg(parts: Sequence[str], height: int, title: str, told: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{escape(title)}</title><desc>{escape(told)}</desc>{''.join(parts)}</svg>"
    )

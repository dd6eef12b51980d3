"""Plain data to SVG fragments that stand alone: no network, no script, readable without colour."""

from zhiyin.charts.svg import Interval, intervals, lines

__all__ = ["Interval", "intervals", "lines"]

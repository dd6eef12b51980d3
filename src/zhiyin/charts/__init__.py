"""Plain data to SVG fragments that stand alone: no network, no script, readable without colour."""

from zhiyin.core.lazy import lazily

__getattr__, __dir__ = lazily(
    __name__,
    {
        "Curve": "small_curves", "Interval": "dots", "bars": "rows_and_columns", "columns": "rows_and_columns",
        "curves": "small_curves", "forest": "dots", "intervals": "dots",
    },
)  # fmt: skip

"""Splits: what a model may learn from, and what it is asked afterwards. One small file a rule."""

from zhiyin.data.splits.split import Split, split, windows

__all__ = ["Split", "split", "windows"]

"""The best k rows of a matrix or of scores, exactly and fast, under filters."""

from zhiyin.retrieval.top import best_rows

__all__ = ["best_rows"]

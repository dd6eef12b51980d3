"""The best k rows of a matrix or of scores, exactly and fast, under filters."""

from zhiyin.retrieval.rounded import Product
from zhiyin.retrieval.shelf import Shelf
from zhiyin.retrieval.top import best_rows

__all__ = ["Product", "Shelf", "best_rows"]

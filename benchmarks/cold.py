"""New items: who takes what nobody had taken in training: `python -m benchmarks.cold [DATA …]`.

Two sets. Beauty by time: what came after the newest tenth of all events began; an item that first appears there is
cold. goodbooks-10k, which has no such moment: a tenth of its items is held out, with the newest tenth of each person's
other events. Content of an item are vectors of its words and of its labels (`vectors`). The part before the test
chooses epochs and how high new items stand; then everything is fitted on both. Peer: LightFM in an environment of its
own, with the same words and labels as tags. Recall@20 of cold targets is told twice: among all items, which is what a
person sees, and among the cold ones alone. Kept in ``results/cold-*.json``.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

import zhiyin
from benchmarks.protocols import data_folder
from zhiyin.models.neighbours.content_knn import tokens

METRICS = ("recall@20", "ndcg@20")
COMMON = 2
"""Items that a word or label must be of to count."""


def beauty() -> zhiyin.Dataset:
    folder = data_folder() / "amazon-beauty"
    items = pl.read_parquet(folder / "items.parquet").select("item", "title", "brand", "categories", "price")
    return read(folder, items.with_columns(brand=pl.when(pl.col("brand") != "Unknown").then("brand")))


def goodbooks() -> zhiyin.Dataset:
    folder = data_folder() / "goodbooks-10k"
    items = pl.read_parquet(folder / "items.parquet").select("item", "title", "authors", "genres")
    return read(folder, items.with_columns(authors=pl.col("authors").str.split(", ")))


def read(folder: Any, items: pl.DataFrame) -> zhiyin.Dataset:
    """All events of a set, each an event of weight 1, and content of its items."""
    events = pl.read_parquet(folder / "interactions.parquet")
    kept = [name for name in ("user", "item", "timestamp", "position") if name in events.columns]
    dataset = zhiyin.Dataset.from_frame(events.select(kept), items=items)
    return replace(dataset, catalogue=replace(dataset.catalogue, content=vectors(dataset.catalogue.columns)))


def words_and_labels(columns: Mapping[str, np.ndarray]) -> dict[str, sparse.csr_matrix]:
    """TF-IDF of title words, of labels (brand, categories, authors, genres), float32 (N, tokens) each; rows of 1."""
    n, title = len(columns["title"]), {"title"}

    def of(names: list[str]) -> sparse.csr_matrix:
        said = [[token for name in names for token in labels(name, columns[name][row])] for row in range(n)]
        return TfidfVectorizer(
            analyzer=lambda row: row, min_df=COMMON, sublinear_tf=True, dtype=np.float32
        ).fit_transform(said)

    return {"words": of(["title"]), "labels": of([name for name in columns if name not in title])}


def labels(name: str, value: Any) -> list[str]:
    """Of a list its values as they are, else what ContentKNN reads."""
    if isinstance(value, (list, tuple, np.ndarray)):
        return [f"{name}={str(one).casefold()}" for one in value]
    if name == "title" or not isinstance(value, str):
        return [] if value is None else list(tokens(name, value))
    return [f"{name}={value.casefold()}"]


def vectors(columns: Mapping[str, np.ndarray], width: int = 256) -> dict[str, np.ndarray]:
    """Content of items by block, float32 (N, width); NaN where an item has none. To be exchanged for an encoder's."""
    found = {}
    for name, counted in words_and_labels(columns).items():
        block = TruncatedSVD(width, random_state=0).fit_transform(counted).astype(np.float32)
        block[np.asarray(counted.sum(axis=1)).ravel() == 0] = np.nan
        found[name] = block
    return found

"""ContentKNN: items whose catalogue entries resemble those of the history; it needs nobody's clicks, so new items too.

Letters: B requests, N items, M new items, D features. Every entry becomes a bag of tokens: the words of a text
(Chinese by single signs and by pairs of them), each value of a list or of a ``a|b`` category, and for a number two
overlapping steps of its size. Bags are weighted by TF-IDF and have length 1:

    score = Σ_e weight(e) · decay^age(e) · v_e · v_j.

Reference: Lops et al. 2011, doi 10.1007/978-0-387-85820-3_3. Tokens are hashed, so that no vocabulary is kept and
a new word has its place already.
"""

import copy
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

import numpy as np
from pydantic import Field
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

from zhiyin.core.errors import ModelError
from zhiyin.core.progress import Progress
from zhiyin.core.words import words
from zhiyin.data.contracts import Candidates, Cases, Catalogue, Histories, Requests, Table
from zhiyin.data.dataset import Dataset
from zhiyin.models.model import Model, ModelConfig
from zhiyin.models.profiles import popularity, profiles, with_prior

FEATURES = 1 << 18
"""D: places that tokens are hashed to."""
STEP = math.log(1.5)
"""Width of a step of size: prices of 10 and 15 are one step apart."""


class ContentKNNConfig(ModelConfig):
    """Settings of ContentKNN."""

    columns: tuple[str, ...] | None = None
    """Columns of the catalogue that are read; all without it."""
    decay: float = Field(default=0.9, gt=0, le=1)
    """What an event is worth when one more came after it."""
    new_only: bool = False
    """Propose only items that nobody had taken when it was trained: a source of what no behaviour can propose yet."""


class ContentKNN(Model[ContentKNNConfig]):
    """ContentKNN: items whose title, categories and price resemble what the history holds."""

    name = "ContentKNN"
    Config = ContentKNNConfig
    lowers_disliked = True
    rarity: np.ndarray
    """Inverse document frequency of each hashed token, float32 (D,)."""
    shares: np.ndarray
    taken: np.ndarray
    """Items that somebody had taken, bool (N,)."""
    content: sparse.csr_matrix
    """Unit vectors of the catalogue's items, float32 (N, D)."""
    by_token: sparse.csr_matrix
    """The same turned round, (D, N): to turn it takes longer than to answer one person."""

    def fit(self, dataset: Dataset, *, validation: Cases | None = None, progress: Progress | None = None) -> Self:
        """Learn how rare each token is in the catalogue. Raises `ModelError` where there is no column to read."""
        self.learned_from(dataset)
        read = self._read(dataset.catalogue.columns)
        if not read:
            raise ModelError(
                "ContentKNN reads the catalogue, which has no column; give items= with a title, categories or a price"
            )
        self.taken = np.bincount(dataset.histories.items, minlength=dataset.n_items) > 0
        self.shares = popularity(dataset.histories, dataset.n_items)
        self.rarity = TfidfTransformer().fit(_counted(read, dataset.n_items)).idf_.astype(np.float32)
        self._describe(dataset.catalogue)
        return self

    def score_all(self, requests: Requests) -> np.ndarray:
        scores = self._taste(requests.histories, self.content) @ self.by_token  # (B, N)
        return with_prior(scores.toarray(), requests.histories, self.shares)

    def candidates(self, requests: Requests, k: int, allowed: np.ndarray | None = None) -> Candidates:
        if self.config.new_only and self.is_trained:
            allowed = ~self.taken if allowed is None else allowed & ~self.taken
        return super().candidates(requests, k, allowed)

    def with_new(self, new_items: Catalogue) -> Self:
        grown = copy.copy(self)
        grown.catalogue = self.catalogue.add(new_items)
        grown.facts = {**self.facts, "catalogue": grown.catalogue.digest}
        nothing = np.zeros(len(new_items), self.shares.dtype)
        grown.shares = np.concatenate([self.shares, nothing])
        grown.taken = np.concatenate([self.taken, nothing > 0])
        grown.content = sparse.vstack([self.content, self._vectors(new_items)], format="csr")  # (N + M, D)
        grown.by_token = grown.content.T.tocsr()
        return grown

    def arrays(self) -> Mapping[str, np.ndarray]:
        return {"rarity": self.rarity, "shares": self.shares, "taken": self.taken}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.rarity, self.shares, self.taken = arrays["rarity"], arrays["shares"], arrays["taken"]
        self._describe(self.catalogue)

    def _read(self, columns: Table) -> Table:
        """The columns that the setting names, or all. Raises `ModelError` for one that is not there."""
        wanted = self.config.columns
        if missing := [name for name in wanted or () if name not in columns]:
            raise ModelError(f"the catalogue has no column {missing[0]!r}; it has {', '.join(columns) or 'none'}")
        return columns if wanted is None else {name: columns[name] for name in wanted}

    def _describe(self, catalogue: Catalogue) -> None:
        self.content = self._vectors(catalogue)
        self.by_token = self.content.T.tocsr()

    def _vectors(self, catalogue: Catalogue) -> sparse.csr_matrix:
        """Unit TF-IDF vectors, float32 (n, D); a new catalogue may lack columns."""
        read = {name: column for name, column in catalogue.columns.items() if name in (self.config.columns or (name,))}
        vectors = _counted(read, len(catalogue))
        vectors.data *= self.rarity[vectors.indices]
        lengths = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
        vectors.data /= np.repeat(np.maximum(lengths, 1e-12), np.diff(vectors.indptr)).astype(np.float32)
        return vectors

    def _taste(self, histories: Histories, content: sparse.csr_matrix) -> sparse.csr_matrix:
        """What each history adds up to, float32 (B, D)."""
        return sparse.csr_matrix(profiles(histories, content.shape[0], self.config.decay) @ content)


def _counted(columns: Table, n_items: int) -> sparse.csr_matrix:
    """Counts of hashed tokens, float32 (n, D)."""
    hashing = HashingVectorizer(
        analyzer=lambda row: _tokens_of(columns, row), n_features=FEATURES, alternate_sign=False, norm=None,
        dtype=np.float32,
    )  # fmt: skip
    if not n_items:
        return sparse.csr_matrix(np.zeros((0, FEATURES), np.float32))
    return sparse.csr_matrix(hashing.transform(range(n_items)))


def _tokens_of(columns: Table, row: int) -> list[str]:
    """All tokens of one item; those of a list or a number carry their column's name."""
    return [token for name, column in columns.items() for token in tokens(name, column[row])]


def tokens(name: str, value: Any) -> Iterator[str]:
    """Tokens of one cell: text, a list of values, or a number; none for a missing one."""
    if isinstance(value, str):
        parts = value.split("|")
        if len(parts) > 1:
            yield from (f"{name}={part.strip().casefold()}" for part in parts if part.strip())
        yield from words(value)
    elif isinstance(value, (bool, np.bool_)):
        yield f"{name}={bool(value)}"
    elif isinstance(value, (int, float, np.number)):
        if math.isfinite(value):
            size = math.copysign(math.log1p(abs(float(value))), float(value)) / STEP
            yield f"{name}~{math.floor(size)}"
            yield f"{name}~{math.floor(size + 0.5)}½"
    elif isinstance(value, Iterable):
        for part in value:
            yield f"{name}={str(part).casefold()}"
            yield from words(str(part))

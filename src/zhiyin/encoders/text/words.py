"""WordsSVD: the light one. Words weighted by how rare they are, brought to a few numbers by what they stand beside.

Letters: n texts, V words that were met, D numbers. TF-IDF rows of length 1, then their projection on the first D right
singular vectors (latent semantic analysis, Deerwester et al. 1990), at length 1 again. Chinese is read by single signs
and pairs of them. Words are hashed, so that no vocabulary is kept.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from pydantic import Field
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import normalize
from sklearn.utils import murmurhash3_32

from zhiyin.core.errors import ModelError
from zhiyin.core.progress import Progress
from zhiyin.core.words import words
from zhiyin.encoders.encoder import Encoder, EncoderConfig, Unusable
from zhiyin.encoders.text.reading import readable

PLACES = 1 << 18
"""That words are hashed to."""


class WordsSVDConfig(EncoderConfig):
    """Settings of WordsSVD."""

    numbers: int = Field(default=64, gt=0)
    """Of a vector; fewer where the texts have fewer words."""
    seed: int = Field(default=0, ge=0)
    """Same texts, same seed: same vectors."""


class WordsSVD(Encoder[WordsSVDConfig]):
    """WordsSVD: which words a text has and what these are near to, learned on the texts of the catalogue."""

    name = "WordsSVD"
    Config = WordsSVDConfig
    reads = "text"
    learns = True
    places: np.ndarray
    """Of the words that were met, int64 (V,), ascending."""
    rarity: np.ndarray
    """Inverse document frequency of each, float32 (V,)."""
    directions: np.ndarray
    """float32 (V, D)"""

    @property
    def width(self) -> int:
        return int(self.directions.shape[1])

    def fit(self, things: Sequence[Any], *, progress: Progress | None = None) -> Self:
        """Learn which words there are, how rare they are and what they stand beside.

        Raises `ModelError` for fewer than two texts with words, or texts that are all alike.
        """
        texts = [places for places in map(_places, things) if len(places)]
        self.places = np.unique(np.concatenate([np.zeros(0, np.int64), *texts]))
        if len(texts) < 2 or len(self.places) < 2:
            raise ModelError(
                f"WordsSVD found {len(texts)} texts with {len(self.places)} different words; it needs two of each: "
                "give a column with texts"
            )
        counts = self._counted(texts)
        self.rarity = TfidfTransformer().fit(counts).idf_.astype(np.float32)
        numbers = min(self.config.numbers, len(self.places) - 1, len(texts) - 1)
        svd = TruncatedSVD(numbers, random_state=self.config.seed).fit(self._weighted(counts))
        self.directions = np.ascontiguousarray(svd.components_.T, np.float32)
        return self

    def prepared(self, thing: Any) -> np.ndarray:
        places = _hashed(readable(thing))
        nearest = np.minimum(np.searchsorted(self.places, places), len(self.places) - 1)
        known: np.ndarray = places[self.places[nearest] == places]
        if not len(known):
            raise Unusable("it has no word that was met in learning" if len(places) else "it has no word")
        return known

    def vectors(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        return np.asarray(normalize(self._weighted(self._counted(prepared)) @ self.directions), np.float32)

    def arrays(self) -> Mapping[str, np.ndarray]:
        return {"places": self.places, "rarity": self.rarity, "directions": self.directions}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.places, self.rarity, self.directions = arrays["places"], arrays["rarity"], arrays["directions"]

    def _counted(self, texts: Sequence[np.ndarray]) -> sparse.csr_matrix:
        """How often each known word stands in each text, float32 (n, V)."""
        offsets = np.concatenate([[0], np.cumsum([len(places) for places in texts])])
        columns = np.searchsorted(self.places, np.concatenate([np.zeros(0, np.int64), *texts]))
        shape = (len(texts), len(self.places))
        counts = sparse.csr_matrix((np.ones(len(columns), np.float32), columns, offsets), shape)
        counts.sum_duplicates()
        return counts

    def _weighted(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        """Rows by TF-IDF, at length 1."""
        return sparse.csr_matrix(normalize(counts @ sparse.diags_array(self.rarity)))


def _places(thing: Any) -> np.ndarray:
    """Hashed words of what can be read; none of what cannot."""
    try:
        return _hashed("" if thing is None else readable(thing))
    except Unusable:
        return np.zeros(0, np.int64)


def _hashed(text: str) -> np.ndarray:
    """The place of each word, int64."""
    return np.array([murmurhash3_32(word, positive=True) % PLACES for word in words(text)], np.int64)

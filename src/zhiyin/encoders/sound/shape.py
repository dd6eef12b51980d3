"""SoundShape: the light one. How the sound's colour runs from its beginning to its end; nothing is learned.

Cepstra (the cosine transform of each frame's log-mel bands; Davis and Mermelstein 1980, doi
10.1109/TASSP.1980.1163420) without the first, which is loudness, averaged over each quarter of the sound. The higher a
cepstrum, the smaller; a lifter brings them to one size.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.fft import dct

from zhiyin.core.lengths import at_length_one
from zhiyin.encoders.encoder import Encoder, EncoderConfig
from zhiyin.encoders.sound.reading import heard, log_mel

PARTS = 4
"""That a sound is cut into."""
CEPSTRA = 19


class SoundShape(Encoder[EncoderConfig]):
    """SoundShape: the colour of a sound in each quarter of it, by standard descriptors."""

    name = "SoundShape"
    reads = "sound"

    @property
    def width(self) -> int:
        return PARTS * CEPSTRA

    def prepared(self, thing: Any) -> np.ndarray:
        """float32 (D,): here all the work is done."""
        cepstra = dct(log_mel(heard(thing)), axis=1, norm="ortho")[:, 1 : CEPSTRA + 1]  # (T, CEPSTRA)
        edges = np.linspace(0, len(cepstra), PARTS + 1).astype(int)
        parts = [cepstra[start : max(start + 1, end)].mean(axis=0) for start, end in pairwise(edges)]
        lifted = np.stack(parts) * (1 + np.arange(CEPSTRA) / 2)
        return at_length_one(lifted.ravel()).astype(np.float32)

    def vectors(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack(prepared)

"""ImageShape: the light one. Where edges run, and which colours there are; nothing is learned.

Histograms of oriented gradients (Dalal and Triggs 2005, doi 10.1109/CVPR.2005.177) and a histogram of hue, saturation
and value, each at one length.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from zhiyin.core.errors import SettingsError
from zhiyin.core.lengths import at_length_one
from zhiyin.encoders.encoder import Encoder, EncoderConfig
from zhiyin.encoders.image.reading import opened

SIDE = 64
"""Pixels that edges are looked for in."""
CELL = 8
"""Pixels on a side of a cell, for each of which there is a histogram of directions."""
DIRECTIONS = 9
COLOURS = (12, 3, 3)
"""Steps of hue, saturation and value."""
OF_COLOURS = 0.3
"""What colours weigh beside edges: histograms of gradients lie nearer together."""


class ImageShape(Encoder[EncoderConfig]):
    """ImageShape: edges and colours of a picture, by standard descriptors."""

    name = "ImageShape"
    reads = "image"

    @property
    def width(self) -> int:
        blocks = SIDE // CELL - 1
        return blocks * blocks * 4 * DIRECTIONS + int(np.prod(COLOURS))

    def prepared(self, thing: Any) -> np.ndarray:
        """float32 (D,): here all the work is done."""
        try:
            from skimage.feature import hog
        except ImportError:
            raise SettingsError.not_installed("the encoder ImageShape", "image") from None
        from PIL import Image, ImageOps

        square = ImageOps.pad(opened(thing), (SIDE, SIDE), Image.Resampling.BICUBIC, color="white")
        edges = hog(np.asarray(square.convert("L")), DIRECTIONS, (CELL, CELL), (2, 2))
        parts = at_length_one(edges), OF_COLOURS * at_length_one(np.sqrt(colours(square)))
        return np.concatenate(parts).astype(np.float32)

    def vectors(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack(prepared)


def colours(image: Any) -> np.ndarray:
    """How much of the picture has each hue, saturation and value, float64 (their number,)."""
    pixels = np.asarray(image.convert("HSV")).reshape(-1, 3) / 256
    counts, _ = np.histogramdd(pixels, COLOURS, [(0, 1)] * 3)
    shares: np.ndarray = counts.ravel() / len(pixels)
    return shares

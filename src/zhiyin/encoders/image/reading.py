"""An image as an encoder reads it: upright, in red, green and blue, on white; whatever the file is called."""

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zhiyin.core.errors import SettingsError
from zhiyin.encoders.encoder import Unusable

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 50_000_000
"""Larger images are not decoded: a small file may claim any size."""
LEAST_SIDE = 4
"""Pixels."""


def opened(thing: Any) -> "Image":
    """The picture in a file, or in its bytes; of an animation the first frame. Raises `Unusable`."""
    pillow = _pillow()
    data = _bytes(thing)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is odd and yet readable
        try:
            with pillow.Image.open(io.BytesIO(data)) as image:
                _check_size(*image.size)
                upright: Image = _plain(pillow, pillow.ImageOps.exif_transpose(image))
                return upright
        except pillow.UnidentifiedImageError:
            raise Unusable(f"its {len(data):,} bytes are no image") from None
        except pillow.Image.DecompressionBombError:
            raise Unusable(f"it has more than {MOST_PIXELS:,} pixels") from None
        except (OSError, ValueError, SyntaxError, IndexError) as error:
            raise Unusable(f"it is damaged ({_words(error)})") from None


def _bytes(thing: Any) -> bytes:
    if isinstance(thing, bytes):
        data = thing
    elif isinstance(thing, str | Path):
        try:
            data = Path(thing).read_bytes()
        except (OSError, ValueError) as error:
            raise Unusable(f"its file cannot be read ({_words(error)})") from None
    else:
        raise Unusable(f"it is no path but {type(thing).__name__}")
    if not data:
        raise Unusable("its file has 0 bytes")
    return data


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise Unusable(f"it has {width:,} × {height:,} pixels, more than {MOST_PIXELS:,}")
    if min(width, height) < LEAST_SIDE:
        raise Unusable(f"it has {width} × {height} pixels, fewer than {LEAST_SIDE} on a side")


def _plain(pillow: Any, image: "Image") -> "Image":
    """RGB; what can be seen through stands on white; of 16 bits the upper 8."""
    if image.mode.startswith("I"):
        image = pillow.Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    if image.mode in ("P", "LA", "PA", "RGBA", "La", "RGBa"):
        image = image.convert("RGBA")
        white: Image = pillow.Image.new("RGBA", image.size, "white")
        white.alpha_composite(image)
        image = white
    image.load()
    return image.convert("RGB")


def _words(error: Exception) -> str:
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return said.split("\n")[0][:80]


def _pillow() -> Any:
    try:
        import PIL
        import PIL.Image
        import PIL.ImageOps
    except ImportError:
        raise SettingsError.not_installed("reading images", "image") from None
    return PIL

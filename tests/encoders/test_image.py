"""Images to vectors: every odd file ends in a vector or in words that say why not."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import zhiyin
from zhiyin.encoders import Unusable, estimator
from zhiyin.encoders.image.reading import opened

BOTH = ("EfficientNet", "ImageShape")


def picture(mode: str = "RGB", size: tuple[int, int] = (40, 30), seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3)).astype(np.uint8)
    return Image.fromarray(pixels).convert(mode)


def as_bytes(image: Image.Image, kind: str = "PNG", **further: Any) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **further)
    return written.getvalue()


def claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is so large."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def test_a_usual_picture_is_what_it_is() -> None:
    image = picture()
    np.testing.assert_array_equal(np.asarray(opened(as_bytes(image))), np.asarray(image))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (b"", "its file has 0 bytes"),
        (b"hello", "its 5 bytes are no image"),
        (as_bytes(picture(size=(1, 1))), "it has 1 × 1 pixels, fewer than 4 on a side"),
        (claiming(20_000, 20_000), "20,000 × 20,000 pixels, more than 50,000,000|it has more than 50,000,000 pixels"),
        (claiming(9_000, 9_000), "it has 9,000 × 9,000 pixels, more than 50,000,000"),
        (claiming(100, 100), "it is damaged"),
        (as_bytes(picture(size=(400, 300)), "JPEG")[:2000], "it is damaged"),
        (7, "it is no path but int"),
        ("no/such/file.jpg", "its file cannot be read .No such file or directory"),
        ("nul\0.jpg", "its file cannot be read"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told(given: Any, why: str) -> None:
    with pytest.raises(Unusable, match=why):
        opened(given)


@pytest.mark.parametrize(
    ("mode", "kind"), [("CMYK", "JPEG"), ("L", "PNG"), ("1", "PNG"), ("P", "GIF"), ("LA", "PNG"), ("YCbCr", "JPEG")]
)
def test_every_mode_becomes_red_green_blue(mode: str, kind: str) -> None:
    image = opened(as_bytes(picture(mode), kind))
    assert (image.mode, image.size) == ("RGB", (40, 30))


def test_what_can_be_seen_through_stands_on_white_and_16_bits_lose_the_lower_8() -> None:
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert opened(as_bytes(clear)).getpixel((0, 0)) == (255, 255, 255)
    deep = Image.fromarray(np.full((8, 8), 0x8040, np.uint16))
    assert opened(as_bytes(deep)).getpixel((0, 0)) == (128, 128, 128)


def test_an_animation_is_its_first_frame_and_a_turned_picture_is_upright(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    moving = as_bytes(first, "GIF", save_all=True, append_images=[second])
    assert opened(moving).getpixel((0, 0))[0] > 200  # type: ignore[index]
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    (tmp_path / "wrong.png").write_bytes(as_bytes(picture(), "JPEG", exif=exif))
    assert opened(tmp_path / "wrong.png").size == (30, 40), "turned upright, whatever the file is called"


@pytest.mark.parametrize("name", BOTH)
def test_broken_files_are_missing_and_the_others_are_near_what_they_resemble(name: str, tmp_path: Path) -> None:
    square, stripes = Image.new("RGB", (64, 64), "white"), Image.new("RGB", (64, 64), "navy")
    square.paste("red", (16, 16, 48, 48))
    for left in range(0, 64, 16):
        stripes.paste("yellow", (left, 0, left + 8, 64))
    things = [as_bytes(square), as_bytes(square, "JPEG", quality=95), as_bytes(stripes), b"", None]
    encoder = estimator(name)()
    found = encoder.encode(things)
    assert found.vectors.shape == (5, encoder.width)
    assert found.vectors.dtype == np.float32
    assert found.unusable == {3: "its file has 0 bytes"}
    assert np.isfinite(found.vectors).all(axis=1).tolist() == [True, True, True, False, False]
    assert found.vectors[0] @ found.vectors[1] > found.vectors[0] @ found.vectors[2]
    encoder.save(tmp_path / "kept")
    again = zhiyin.load(tmp_path / "kept")
    assert again.digest == encoder.digest
    np.testing.assert_allclose(again.encode(things[::-1]).vectors[::-1], found.vectors, atol=1e-5)


@pytest.mark.parametrize(("name", "least"), [("EfficientNet", 0.5), ("ImageShape", 0.2)])
def test_clothes_of_a_kind_are_near_each_other(name: str, least: float, data_folder: Path) -> None:
    """Chance is 0.1; of 200 photographs five nearest."""
    import polars as pl

    items = pl.read_parquet(data_folder / "clothing-images" / "items.parquet").sample(200, seed=0)
    kinds = items["category"].to_numpy()
    found = estimator(name)().encode([data_folder / "clothing-images" / path for path in items["image"]]).vectors
    likeness = found @ found.T
    np.fill_diagonal(likeness, -1)
    nearest = np.argsort(-likeness, axis=1)[:, :5]
    assert (kinds[nearest] == kinds[:, None]).mean() > least

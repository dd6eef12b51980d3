"""Vectors kept on disk by what they were made of: an encoder and a thing. What was encoded once is not encoded again.

One file for each encoder, ``DIGEST.safetensors``: digests of things (uint8 (n, 16)) and their vectors (float32 (n, D)).
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from zhiyin.core.files import locked, whole_file
from zhiyin.core.progress import Progress
from zhiyin.encoders.encoder import Encoded, Encoder


def encode_cached(
    encoder: Encoder[Any], things: Sequence[Any], folder: Path, *, progress: Progress | None = None
) -> Encoded:
    """As `Encoder.encode`; things whose vectors stand in ``folder`` are looked up, the others are added to it.

    A damaged file is made again. What is unusable is kept nowhere: it may be mended.
    """
    file = folder / f"{encoder.digest}.safetensors"
    keys = [b"" if thing is None else digest_of(thing) for thing in things]
    known = {b"": np.full(encoder.width, np.nan, np.float32), **_kept(file, encoder.width)}
    new = list({key: place for place, key in enumerate(keys) if key not in known}.values())
    made = encoder.encode([things[place] for place in new], progress=progress)
    why = {keys[new[place]]: reason for place, reason in made.unusable.items()}
    fresh = {keys[place]: vector for place, vector in zip(new, made.vectors, strict=True)}
    if keep := {key: vector for key, vector in fresh.items() if key not in why}:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / ".lock"):
            _keep(file, {**_kept(file, encoder.width), **keep})
    known |= fresh
    vectors = np.stack([known[key] for key in keys]) if keys else made.vectors
    return Encoded(vectors, {place: why[key] for place, key in enumerate(keys) if key in why})


def digest_of(thing: Any) -> bytes:
    """16 bytes that stand for the content of a thing that is there: a file counts by its bytes, wherever it stands."""
    if isinstance(thing, Path):
        try:
            thing = thing.read_bytes()
        except OSError:
            thing = f"unreadable {thing}"
    told = thing if isinstance(thing, bytes) else str(thing).encode("utf-8", "surrogatepass")
    return hashlib.sha256(told).digest()[:16]


def _kept(file: Path, width: int) -> dict[bytes, np.ndarray]:
    try:
        arrays = load_file(file)
        things, vectors = arrays["things"], arrays["vectors"]
    except Exception:  # absent or damaged, in whatever way
        return {}
    if things.shape != (len(vectors), 16) or vectors.shape[1:] != (width,):
        return {}
    return dict(zip((bytes(thing) for thing in things), vectors, strict=True))


def _keep(file: Path, known: dict[bytes, np.ndarray]) -> None:
    things = np.frombuffer(b"".join(known), np.uint8).reshape(-1, 16)
    with whole_file(file) as part:
        save_file({"things": np.ascontiguousarray(things), "vectors": np.stack(list(known.values()))}, part)

"""A sound as an encoder reads it: one channel, one rate, its beginning; then how loud each pitch is when.

Letters: T frames, M bands of pitch.
"""

import io
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.signal import resample_poly
from scipy.signal.windows import hann

from zhiyin.core.errors import SettingsError
from zhiyin.encoders.encoder import Unusable

RATE = 16_000
"""Samples a second."""
LONGEST = 30.0
"""Seconds that are read, from the beginning: an hour takes no longer than half a minute."""
SHORTEST = 0.05
"""Seconds."""
WINDOW, HOP = 400, 160
"""Samples of a frame and from one to the next: 25 and 10 ms."""
BANDS = 64
"""M"""
FLOOR = 1e-8
"""Power below which nothing is heard."""


def heard(thing: Any) -> np.ndarray:
    """float32 (samples,) at `RATE`, between -1 and 1, of a file or its bytes. Raises `Unusable`."""
    try:
        import soundfile
    except ImportError:
        raise SettingsError.not_installed("reading sounds", "sound") from None
    try:
        with soundfile.SoundFile(io.BytesIO(thing) if isinstance(thing, bytes) else _path(thing)) as file:
            rate = file.samplerate
            samples = file.read(int(LONGEST * rate), dtype="float32", always_2d=True).mean(axis=1)
    except (soundfile.LibsndfileError, OSError, ValueError, RuntimeError) as error:
        said = str(error).rpartition(": ")[2].rstrip(".") or type(error).__name__
        raise Unusable(f"it is no sound that can be read ({said[:80]})") from None
    if len(samples) < SHORTEST * rate:
        raise Unusable(f"it lasts {len(samples) / rate:.2f} s, less than {SHORTEST:g}")
    samples = np.nan_to_num(samples, posinf=0, neginf=0)
    if np.abs(samples).max() < 1e-4:
        raise Unusable("it is silent")
    if rate != RATE:
        samples = resample_poly(samples, *_ratio(rate)).astype(np.float32)
    return np.asarray(samples, np.float32)


def log_mel(samples: np.ndarray) -> np.ndarray:
    """log of the power in each band of pitch, float32 (T, M); the whole at mean 0, so that loudness says nothing."""
    if len(samples) < WINDOW:
        samples = np.pad(samples, (0, WINDOW - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]  # (T, WINDOW)
    power = np.abs(np.fft.rfft(frames * hann(WINDOW, sym=False), axis=1)) ** 2
    bands = np.log(power @ _filters() + FLOOR)
    return np.asarray(bands - bands.mean(), np.float32)


@cache
def _filters() -> np.ndarray:
    """Triangles evenly spaced in mel, (frequencies, M): mel = 2595 log10(1 + f / 700) (O'Shaughnessy 1987)."""
    mel = np.linspace(2595 * np.log10(1 + 50 / 700), 2595 * np.log10(1 + RATE / 2 / 700), BANDS + 2)
    low, middle, high = ((700 * (10 ** (edge / 2595) - 1)) for edge in (mel[:-2], mel[1:-1], mel[2:]))
    frequency = np.fft.rfftfreq(WINDOW, 1 / RATE)[:, None]
    triangles: np.ndarray = np.minimum((frequency - low) / (middle - low), (high - frequency) / (high - middle)).clip(0)
    return triangles


def _ratio(rate: int) -> tuple[int, int]:
    """Up and down, in lowest terms."""
    common = int(np.gcd(rate, RATE))
    return RATE // common, rate // common


def _path(thing: Any) -> Path:
    if not isinstance(thing, str | Path):
        raise Unusable(f"it is no path but {type(thing).__name__}")
    path = Path(thing)
    try:
        if path.stat().st_size == 0:
            raise Unusable("its file has 0 bytes")
    except (OSError, ValueError) as error:
        raise Unusable(f"its file cannot be read ({getattr(error, 'strerror', None) or error})") from None
    return path

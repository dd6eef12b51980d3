"""Sounds to vectors: every odd file ends in a vector or in words that say why not."""

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import zhiyin
from zhiyin.core.errors import ModelError
from zhiyin.encoders import Unusable, estimator
from zhiyin.encoders.sound.reading import BANDS, LONGEST, RATE, heard, log_mel


def tone(pitch: float, seconds: float = 0.5, rate: int = RATE, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=int(seconds * rate)) * 0.01
    return np.asarray(0.3 * np.sin(2 * np.pi * pitch * np.arange(int(seconds * rate)) / rate) + noise)


def as_bytes(samples: np.ndarray, rate: int = RATE, kind: str = "WAV", subtype: str | None = None) -> bytes:
    written = io.BytesIO()
    soundfile.write(written, samples, rate, format=kind, subtype=subtype)
    return written.getvalue()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (as_bytes(np.zeros(0)), r"it lasts 0.00 s, less than 0.05"),
        (as_bytes(tone(400, 0.01)), r"it lasts 0.01 s, less than 0.05"),
        (as_bytes(np.zeros(RATE)), "it is silent"),
        (b"hello, this is text", "it is no sound that can be read"),
        (b"", "it is no sound that can be read"),
        (as_bytes(tone(400))[:40], "it is no sound that can be read|it lasts 0.00 s"),
        ("no/such.wav", "its file cannot be read .No such file or directory"),
        (7.5, "it is no path but float"),
    ],
)
def test_what_cannot_be_used_is_told(given: Any, why: str) -> None:
    with pytest.raises(Unusable, match=why):
        heard(given)


def test_a_file_of_no_bytes_and_one_that_is_text(tmp_path: Path) -> None:
    (tmp_path / "none.wav").write_bytes(b"")
    (tmp_path / "text.wav").write_text("hello")
    with pytest.raises(Unusable, match="its file has 0 bytes"):
        heard(tmp_path / "none.wav")
    with pytest.raises(Unusable, match="it is no sound that can be read"):
        heard(tmp_path / "text.wav")


@pytest.mark.parametrize(
    ("rate", "kind", "subtype"),
    [(8_000, "WAV", "PCM_U8"), (8_000, "WAV", "PCM_16"), (44_100, "FLAC", "PCM_24"), (48_000, "OGG", "VORBIS")],
)
def test_every_rate_and_depth_is_heard_alike(rate: int, kind: str, subtype: str) -> None:
    same = heard(as_bytes(tone(400, rate=rate), rate, kind, subtype))
    assert abs(len(same) / RATE - 0.5) < 0.01
    assert same.dtype == np.float32
    loudest = log_mel(same).mean(axis=0).argmax()
    assert abs(int(loudest) - int(log_mel(heard(as_bytes(tone(400)))).mean(axis=0).argmax())) <= 1


def test_six_channels_are_mixed_and_an_hour_is_read_as_far_as_half_a_minute(tmp_path: Path) -> None:
    six = np.stack([tone(400, seed=n) for n in range(6)], axis=1)
    assert heard(as_bytes(six)).ndim == 1
    with soundfile.SoundFile(tmp_path / "hour.wav", "w", 8_000, 1, "PCM_U8") as file:
        for _ in range(60):
            file.write(tone(300, 60, 8_000))
    assert len(heard(tmp_path / "hour.wav")) == LONGEST * RATE


def test_a_cut_file_is_heard_as_far_as_it_goes() -> None:
    whole = as_bytes(tone(400))
    assert len(heard(whole[: len(whole) // 2])) < 0.3 * RATE


def test_the_spectrogram_shows_the_pitch_and_not_the_loudness() -> None:
    low, high = log_mel(tone(300).astype(np.float32)), log_mel(tone(3000).astype(np.float32))
    assert low.shape[1] == BANDS
    assert low.mean(axis=0).argmax() < high.mean(axis=0).argmax()
    np.testing.assert_allclose(log_mel((tone(300) * 0.5).astype(np.float32)), low, atol=0.02)


def test_a_tone_is_near_the_same_tone() -> None:
    encoder = estimator("SoundShape")()
    things = [as_bytes(tone(300, seed=1)), as_bytes(tone(300, 0.7, seed=2)), as_bytes(tone(2000, seed=3)), None, b""]
    found = encoder.encode(things)
    assert found.vectors.shape == (5, encoder.width)
    assert found.vectors[0] @ found.vectors[1] > found.vectors[0] @ found.vectors[2] + 0.1
    assert list(found.unusable) == [4]


def test_the_network_learns_to_know_tones_again_and_is_kept(tmp_path: Path) -> None:
    things = [as_bytes(tone(pitch, seed=n)) for n in range(8) for pitch in (300.0, 600.0, 1200.0, 2400.0)]
    small = {"epochs": 12, "channels": 16, "numbers": 8, "batch": 16}
    encoder = estimator("SoundNetwork")(**small).fit([*things, None, b""])
    found = encoder.encode(things).vectors
    np.testing.assert_array_equal(
        found, estimator("SoundNetwork")(**small).fit([*things, None, b""]).encode(things).vectors
    )
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    likeness = found @ found.T
    np.fill_diagonal(likeness, -1)
    pitches = np.tile(np.arange(4), 8)
    assert (pitches[np.argsort(-likeness, axis=1)[:, :3]] == pitches[:, None]).mean() > 0.8
    encoder.save(tmp_path / "kept")
    again = zhiyin.load(tmp_path / "kept")
    assert again.digest == encoder.digest
    np.testing.assert_array_equal(again.encode(things).vectors, found)


def test_the_network_learns_more_than_chance_gave_it() -> None:
    """A network that never learned, on the same tones under noise."""
    things = [as_bytes(tone(pitch, seed=n)) for n in range(8) for pitch in (300.0, 330.0, 360.0, 400.0)]
    small = {"channels": 16, "numbers": 8, "batch": 16, "learning_rate": 3e-3}
    losses = [entry["loss"] for entry in _curve(things, {**small, "epochs": 15})]
    assert losses[-1] < losses[0] * 0.9


def _curve(things: list[bytes], settings: dict[str, Any]) -> list[dict[str, float]]:
    from zhiyin.encoders.sound import training

    kept: list[list[dict[str, float]]] = []
    usual = training.train

    def watched(*given: Any, **further: Any) -> Any:
        kept.append(usual(*given, **further).curve)

    training.train = watched  # type: ignore[assignment]
    try:
        training.SoundNetwork(**settings).fit(things)
    finally:
        training.train = usual
    return kept[0]


def test_too_few_sounds_are_refused() -> None:
    with pytest.raises(ModelError, match="found 1 sounds that can be read; it needs 16"):
        estimator("SoundNetwork")().fit([as_bytes(tone(300)), None, b""])


def test_loaded_it_encodes_without_training_code(tmp_path: Path) -> None:
    import subprocess

    things = [as_bytes(tone(300 + 50 * n, seed=n)) for n in range(16)]
    estimator("SoundNetwork")(epochs=1, channels=8, numbers=4).fit(things).save(tmp_path / "kept")
    (tmp_path / "one.wav").write_bytes(things[0])
    words = (
        "import sys, zhiyin; e = zhiyin.load(sys.argv[1]); assert e.encode([sys.argv[2]]).vectors.shape == (1, 4); "
        "assert 'zhiyin.training' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", words, str(tmp_path / "kept"), str(tmp_path / "one.wav")], check=True)

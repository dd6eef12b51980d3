"""The protocol and the cache, by an encoder that counts letters."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from zhiyin.encoders import Encoded, Encoder, EncoderConfig, Unusable, encode_cached
from zhiyin.encoders.encoder import BATCH


class LettersConfig(EncoderConfig):
    first: str = "a"


class Letters(Encoder[LettersConfig]):
    name = "Letters"
    Config = LettersConfig
    reads = "text"
    width = 2  # type: ignore[assignment]
    asked = 0

    def prepared(self, thing: str) -> str:
        if not thing:
            raise Unusable("it is empty")
        return thing

    def vectors(self, prepared: Sequence[str]) -> np.ndarray:
        self.asked += len(prepared)
        return np.array([[len(text), text.count(self.config.first)] for text in prepared], np.float32)


def test_what_is_absent_or_unusable_is_a_nan_row_and_told() -> None:
    found = Letters().encode(["banana", None, "", "kiwi"])
    assert found.vectors.dtype == np.float32
    np.testing.assert_array_equal(found.vectors, [[6, 3], [np.nan] * 2, [np.nan] * 2, [4, 0]])
    assert (found.unusable, found.reasons) == ({2: "it is empty"}, {"it is empty": 1})
    assert Letters().encode([]).vectors.shape == (0, 2)


def test_more_things_than_a_batch_keep_their_order() -> None:
    found = Letters().encode(["a" * n for n in range(BATCH * 2 + 3)])
    assert found.vectors[1:, 0].tolist() == list(range(1, BATCH * 2 + 3))


def same(one: Encoded, other: Encoded) -> None:
    np.testing.assert_array_equal(one.vectors, other.vectors)
    assert one.unusable == other.unusable


def test_what_was_encoded_once_is_looked_up(tmp_path: Path) -> None:
    things = ["banana", "kiwi", None, "", "banana"]
    encoder = Letters()
    plain = encoder.encode(things)
    encoder.asked = 0
    same(encode_cached(encoder, things, tmp_path), plain)
    assert encoder.asked == 2, "a thing that stands twice is encoded once"
    same(encode_cached(encoder, [*things, "fig"], tmp_path), encoder.encode([*things, "fig"]))
    encoder.asked = 0
    encode_cached(encoder, [*things, "fig"], tmp_path)
    assert encoder.asked == 0
    assert encode_cached(encoder, [], tmp_path).vectors.shape == (0, 2)


def test_other_settings_have_a_file_of_their_own(tmp_path: Path) -> None:
    encode_cached(Letters(), ["banana"], tmp_path)
    found = encode_cached(Letters(first="b"), ["banana"], tmp_path)
    assert found.vectors.tolist() == [[6, 1]]


def test_a_file_counts_by_its_bytes(tmp_path: Path) -> None:
    class Bytes(Letters):
        def prepared(self, thing: Path) -> str:  # type: ignore[override]
            return thing.read_text()

    (tmp_path / "one").write_text("banana")
    (tmp_path / "other").write_text("banana")
    encoder = Bytes()
    encode_cached(encoder, [tmp_path / "one", tmp_path / "other"], tmp_path / "kept")
    assert encoder.asked == 1
    (tmp_path / "one").write_text("kiwi")
    assert encode_cached(encoder, [tmp_path / "one"], tmp_path / "kept").vectors[0, 0] == 4


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_file_is_made_again(tmp_path: Path, damage: bytes | None) -> None:
    encode_cached(Letters(), ["banana"], tmp_path)
    (file,) = tmp_path.glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:-3] if damage is None else damage)
    assert encode_cached(Letters(), ["banana"], tmp_path).vectors.tolist() == [[6, 3]]
    encoder = Letters()
    encode_cached(encoder, ["banana"], tmp_path)
    assert encoder.asked == 0

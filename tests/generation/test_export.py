"""The generator as ONNX computes what the network computes, or nothing stands there."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from zhiyin.core.errors import RefusedError
from zhiyin.generation import ConditionalGAN
from zhiyin.generation.export import ItemLogits, generator_as_onnx


def test_another_runtime_gives_the_networks_logits(trained: ConditionalGAN, vectors: np.ndarray, tmp_path: Path):
    runtime = pytest.importorskip("onnxruntime")
    said = generator_as_onnx(trained, tmp_path, vectors)
    assert said["parity"]["largest_difference"] <= 1e-4
    assert json.loads(json.dumps(said)) == json.loads((tmp_path / "ConditionalGAN.json").read_text("utf-8"))
    session = runtime.InferenceSession(tmp_path / said["network"], providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(5)
    for n in (1, 7):
        noise = rng.standard_normal((n, trained.generator.noise), np.float32)
        asked = (rng.random((n, len(said["askable"]))) < 0.3).astype(np.float32)
        (logits,) = session.run(["logits"], {"vector": vectors[:n], "noise": noise, "asked": asked})
        person = torch.from_numpy(trained.projection(vectors[:n]))
        with torch.no_grad():
            wanted = trained.generator(torch.from_numpy(noise), person, torch.from_numpy(asked)).numpy()
        assert list(logits.shape) == [n, said["outputs"]["logits"]["shape"][1]]
        np.testing.assert_allclose(logits, wanted, atol=1e-4)


def test_a_network_that_differs_is_refused(
    trained: ConditionalGAN, vectors: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("onnxruntime")
    forward = ItemLogits.forward
    monkeypatch.setattr(
        ItemLogits, "forward", lambda self, vector, noise, asked: forward(self, vector, noise, asked) + 1
    )
    with pytest.raises(RefusedError, match="differ from the model's by 1, more than 0.0001"):
        generator_as_onnx(trained, tmp_path, vectors)

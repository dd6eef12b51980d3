"""A generator's network as ONNX: a person's vector, noise and what is asked for go in, the logits of an item come out.

Letters: B items, D numbers of a person's vector, Z numbers of noise, V values that can be asked for, W width of an
item. How logits become an item (draws, modes of numbers) is said by the JSON beside it: drawing needs chance, and
chance is the caller's.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from zhiyin.generation.conditional import ConditionalModel
from zhiyin.models.exporting import PARITY, largest, need_parity, need_the_extra, runtime, written_as_onnx

TRIED = 64
"""Draws of noise on which the file is compared with the network."""


class ItemLogits(nn.Module):
    """``vector`` (B, D), ``noise`` (B, Z), ``asked`` (B, V), all float32 → logits float32 (B, W)."""

    mean: Tensor
    directions: Tensor

    def __init__(self, model: ConditionalModel) -> None:
        super().__init__()
        self.generator = model.generator
        self.register_buffer("mean", torch.from_numpy(np.asarray(model.projection.mean, np.float32)))
        self.register_buffer("directions", torch.from_numpy(np.asarray(model.projection.directions, np.float32)))

    def forward(self, vector: Tensor, noise: Tensor, asked: Tensor) -> Tensor:
        logits: Tensor = self.generator(noise, (vector - self.mean) @ self.directions, asked)
        return logits


def generator_as_onnx(model: ConditionalModel, folder: Path, vectors: np.ndarray) -> dict[str, Any]:
    """Write ``NAME.onnx`` and ``NAME.json``; what the JSON says. Checked on people's ``vectors``, float32 (n, D)."""
    need_the_extra()
    path, example = folder / f"{model.name}.onnx", _example(model, vectors)
    tensors = {name: torch.from_numpy(array[:2]) for name, array in example.items()}
    written_as_onnx(ItemLogits(model), tensors, "logits", path, ("items",))
    difference = _difference(model, path, example)
    need_parity(model.name, difference)
    said = {
        "model": model.name, "network": path.name,
        "inputs": {name: {"type": "float32", "shape": ["items", array.shape[1]]} for name, array in example.items()},
        "outputs": {"logits": {"type": "float32", "shape": ["items", model.encoding.width]}},
        "askable": [list(pair) for pair in model.encoding.askable], "encoding": model.encoding.to_dict(),
        "parity": {"largest_difference": difference, "allowed": PARITY, "histories": len(vectors)},
    }  # fmt: skip
    (folder / f"{model.name}.json").write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return said


def _example(model: ConditionalModel, vectors: np.ndarray) -> dict[str, np.ndarray]:
    """Real people, normal noise, and every value asked for in turn."""
    rng, n = np.random.default_rng(0), TRIED
    asked = np.zeros((n, len(model.encoding.askable)), np.float32)
    if asked.shape[1]:
        asked[np.arange(n), np.arange(n) % asked.shape[1]] = 1
    people = vectors[np.arange(n) % len(vectors)].astype(np.float32)
    return {"vector": people, "noise": rng.standard_normal((n, model.generator.noise), np.float32), "asked": asked}


@torch.no_grad()
def _difference(model: ConditionalModel, path: Path, example: dict[str, np.ndarray]) -> float:
    session, parts = runtime(path), [slice(0, 1), slice(None)]
    person = torch.from_numpy(model.projection(example["vector"]))
    noise, asked = torch.from_numpy(example["noise"]), torch.from_numpy(example["asked"])
    return largest(
        (
            session.run(["logits"], {name: array[part] for name, array in example.items()})[0],
            model.generator(noise[part], person[part], asked[part]).numpy(),
        )
        for part in parts
    )

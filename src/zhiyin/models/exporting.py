"""A model's network as ONNX: one file that any runtime computes scores with, checked against the model itself.

Letters: B people, L longest history, N items. Input of every network: ``items`` int64 (B, L), catalogue rows, oldest
first, -1 fills at the end; ``weights`` float32 (B, L), what each event weighs; of a network that reads them, ``kinds``
and ``times`` int64 (B, L), the code of each event's kind and its second. Output: ``scores`` float32 (B, N).
"""

import importlib
import json
import logging
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zhiyin.core.errors import ModelError, RefusedError
from zhiyin.data.contracts import Histories, Requests

NETWORKS = {
    "MultVAE": "zhiyin.models.vae.export:BagScores",
    "AdversarialVAE": "zhiyin.models.vae.export:BagScores",
    "RecVAE": "zhiyin.models.vae.export:BagScores",
    "VAECosine": "zhiyin.models.vae.export:CosineScores",
    "CFGAN": "zhiyin.models.vae.export:BagScores",
    "SASRec": "zhiyin.models.transformer.export:NextItemScores",
    "GSASRec": "zhiyin.models.transformer.export:NextItemScores",
    "ESASRec": "zhiyin.models.transformer.export:NextItemScores",
}
"""Model → the network that is exported. Strings, so that naming one imports one."""
FILLS: dict[str, tuple[int, type[np.generic]]] = {
    "items": (-1, np.int64), "weights": (0, np.float32), "kinds": (0, np.int64), "times": (0, np.int64),
}  # fmt: skip
"""Inputs of a network → what fills a shorter history, and the type."""
PARITY = 1e-4
"""Largest difference allowed between a score of the file and one of the model."""
ONE_FILE = 3 << 29
"""Bytes of weights up to which one file holds them: the format ends at 2 GB."""
INSTALL = 'pip install "zhiyin[export]"'


def onnx_of(model: Any, folder: Path, histories: Histories) -> dict[str, Any]:
    """Write ``NAME.onnx``, ``NAME.json`` and ``NAME.items.json`` to ``folder``; what the JSON says.

    Raises `ModelError` for a model without a network or where the extra is missing, `RefusedError` where the scores of
    the file for ``histories`` differ from the model's by more than `PARITY`.
    """
    if model.name not in NETWORKS:
        choices = ", ".join(NETWORKS)
        raise ModelError(
            f"{model.name} has no network to export; models with one are: {choices}", found=model.name, allowed=choices
        )
    need_the_extra()
    path = folder / f"{model.name}.onnx"
    _export(model, path)
    difference = _difference(model, path, histories)
    need_parity(model.name, difference)
    return _described(model, path, len(histories), difference)


def padded(histories: Histories, inputs: Sequence[str] = ("items", "weights")) -> dict[str, np.ndarray]:
    """These inputs of a network, (B, L) each, L at least 1."""
    shape = (len(histories), max(1, int(histories.lengths.max(initial=0))))
    places = np.arange(histories.n_events) - histories.offsets[histories.owners]
    arrays = {}
    for name in inputs:
        fill, kind = FILLS[name]
        arrays[name] = np.full(shape, fill, kind)
        arrays[name][histories.owners, places] = getattr(histories, name)
    return arrays


def written_as_onnx(network: Any, example: dict[str, Any], output: str, path: Path, dynamic: tuple[str, ...]) -> None:
    """A network with inputs like ``example``, whose first axes have the names ``dynamic`` and may have any length."""
    import torch

    sizes = [torch.export.Dim(name) for name in dynamic]
    shapes = {name: dict(enumerate(sizes)) for name in example}
    large = sum(weight.nbytes for weight in network.state_dict().values()) > ONE_FILE
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it tells of packages that nobody needs here
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of torch's exporter, about itself
        torch.onnx.export(
            network.eval(), (), path, kwargs=example, input_names=list(example), output_names=[output], dynamo=True,
            dynamic_shapes=shapes, external_data=large, verbose=False,
        )  # fmt: skip


def runtime(path: Path) -> Any:
    """The file as onnxruntime has it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def largest(differences: Iterable[tuple[np.ndarray, np.ndarray]]) -> float:
    """The largest difference of all pairs; infinite where two have not one shape, NaN where one is no number."""
    return float(np.max([
        np.abs(one - other).max(initial=0) if one.shape == other.shape else np.inf for one, other in differences
    ]))  # fmt: skip


def need_parity(name: str, difference: float) -> None:
    """Raises `RefusedError` where what a file computes is not what the model computes."""
    if not difference <= PARITY:
        raise RefusedError(
            f"{name} as ONNX gives scores that differ from the model's by {difference:.2g}, more than {PARITY}; "
            "nothing was written: please report it with the versions of torch and onnxruntime",
            found=f"{difference:.2g}", allowed=f"{PARITY}",
        )  # fmt: skip


def need_the_extra() -> None:
    """Raises `ModelError` with the line that installs what is missing."""
    for package in ("onnx", "onnxscript", "onnxruntime"):
        try:
            importlib.import_module(package)
        except ImportError:
            raise ModelError(
                f"export to ONNX needs {package}, which is not installed; install it: {INSTALL}", found=package,
                do=INSTALL,
            ) from None  # fmt: skip


def _export(model: Any, path: Path) -> None:
    import torch

    module, _, name = NETWORKS[model.name].partition(":")
    network = getattr(importlib.import_module(module), name)(model)
    example = {
        "items": torch.tensor([[0, 0, -1], [0, -1, -1]]),
        "weights": torch.tensor([[1.0, -1.0, 0.0], [1.0, 0.0, 0.0]]),
        **{name: torch.tensor([[0, 1, 0], [0, 0, 0]]) for name in read_beside(model)},
    }
    written_as_onnx(network, example, "scores", path, ("people", "events"))


def read_beside(model: Any) -> list[str]:
    """What the model's network reads of an event beside its item and weight."""
    read = {"kinds": "kinds", "times": "gaps"}
    return [name for name, setting in read.items() if getattr(model.config, setting, False)]


def _difference(model: Any, path: Path, histories: Histories) -> float:
    """The largest between the file's scores and the model's: in batches, one alone, and nobody known."""
    session = runtime(path)
    inputs = [one.name for one in session.get_inputs()]
    return largest(
        (session.run(["scores"], padded(part, inputs))[0], model.score(Requests.of(part))) for part in _parts(histories)
    )


def _parts(histories: Histories) -> Iterator[Histories]:
    yield Histories.empty(1)
    yield Histories.empty(3)
    yield histories.take(slice(0, 1))
    for start in range(0, len(histories), 64):
        yield histories.take(slice(start, start + 64))


def _described(model: Any, path: Path, n: int, difference: float) -> dict[str, Any]:
    ids = f"{model.name}.items.json"
    (path.parent / ids).write_text(json.dumps(list(model.catalogue.ids), ensure_ascii=False), "utf-8")
    events = {"shape": ["people", "events"], "fill": "at the end of a shorter history"}
    place = "place of the item in the ids file, oldest first; -1 fills"
    weight = "1 for an event, negative for a dislike; 0 fills"
    score = "one of each item of the ids file, higher fits better; what was seen is not left out"
    kinds = f"place of its kind in {json.dumps(model.facts.get('kinds', []), ensure_ascii=False)}; 0 fills"
    meanings = {"items": place, "weights": weight, "kinds": kinds, "times": "seconds since 1970, UTC; 0 fills"}
    said = {
        "model": model.name, "version": model.version, "network": path.name,
        "inputs": {name: {"type": FILLS[name][1].__name__, **events, "meaning": meanings[name]}
                   for name in ("items", "weights", *read_beside(model))},
        "outputs": {"scores": {"type": "float32", "shape": ["people", len(model.catalogue)], "meaning": score}},
        "ids": ids, "catalogue": model.catalogue.digest,
        "parity": {"largest_difference": difference, "allowed": PARITY, "histories": n},
    }  # fmt: skip
    (path.parent / f"{model.name}.json").write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return said

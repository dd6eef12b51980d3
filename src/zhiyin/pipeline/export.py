"""What other programs take over from a workspace: vectors of people and items, and networks as ONNX.

Letters: B people of a block, D numbers of a vector, N items.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet

from zhiyin.answering.questions import on_catalogue, requests_of
from zhiyin.core.errors import ModelError, SettingsError
from zhiyin.core.files import whole_folder
from zhiyin.core.progress import Progress, Silent
from zhiyin.data.contracts import VectorModel
from zhiyin.data.dataset import Dataset
from zhiyin.generation.conditional import ConditionalModel
from zhiyin.generation.export import generator_as_onnx
from zhiyin.models.exporting import NETWORKS, onnx_of
from zhiyin.pipeline.recipe import GENERATOR, Recipe
from zhiyin.pipeline.workspace import Workspace

PEOPLE = 4096
"""People whose vectors are held at once."""
CHECKED = 256
"""Histories of the log on which a file is compared with its model."""
MARK = "export.json"
"""In every folder that was exported, so that another folder is never replaced."""


def export_vectors(
    workspace: Workspace, out: Path, model: str | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """``people.parquet`` (user, vector) and ``items.parquet`` (item, bias, vector): a score is their product plus bias.

    Raises `ModelError` for a model that has none.
    """
    _only_ours(out)
    name, found = _chosen(workspace, model, _has_vectors, "has no vectors")
    log = _log(workspace, found)
    with whole_folder(out) as folder:
        schema = pyarrow.schema([("user", pyarrow.string()), ("vector", _vector(found.item_vectors.shape[1]))])
        with pyarrow.parquet.ParquetWriter(folder / "people.parquet", schema) as writer:
            blocks = range(0, len(log), PEOPLE)
            for start in (progress or Silent()).track(blocks, "vectors", len(blocks)):
                rows = np.arange(start, min(start + PEOPLE, len(log)))
                vectors = found.user_vectors(requests_of(log, rows))
                columns = [log.users.take(rows), _listed(vectors)]
                writer.write_table(pyarrow.table(columns, schema=schema))
        items = {"item": list(found.catalogue.ids), "bias": found.item_bias, "vector": _listed(found.item_vectors)}
        pyarrow.parquet.write_table(pyarrow.table(items), folder / "items.parquet")
        told = {"export": "vectors", "model": name, "version": found.version, "people": len(log),
                "items": len(found.catalogue), "width": found.item_vectors.shape[1]}  # fmt: skip
        workspace.write_json(folder / MARK, told)
    return {"folder": str(out), **told}


def export_onnx(workspace: Workspace, out: Path, model: str | None = None) -> dict[str, Any]:
    """``MODEL.onnx``, what goes in and comes out, and the items' ids; checked on people of the log."""
    _only_ours(out)
    name, found = _chosen(workspace, model, _has_network, "has no network to export")
    if isinstance(found, ConditionalModel):
        return _generator(workspace, out, name, found)
    log = _log(workspace, found)
    longest = np.argsort(-log.histories.lengths, kind="stable")[:1]
    spread = np.unique(np.linspace(0, max(0, len(log) - 1), min(CHECKED, len(log))).astype(np.int64))
    with whole_folder(out) as folder:
        said = onnx_of(found, folder, log.histories.take(np.concatenate([spread, longest])))
        told = {"export": "onnx", "name": name, **said}
        workspace.write_json(folder / MARK, told)
    return {"folder": str(out), **told}


def _generator(workspace: Workspace, out: Path, name: str, generator: ConditionalModel) -> dict[str, Any]:
    """Checked on the vectors of people of the log, by the model whose vectors it reads."""
    width = len(generator.projection.mean)
    there = workspace.versions.names()
    models = (workspace.versions.load(one) for one in Recipe.load(workspace.recipe_path).models if one in there)
    reads = (one for one in models if _has_vectors(one) and one.item_vectors.shape[1] == width)
    model = next(reads, None)
    vectors = np.tile(generator.projection.mean, (2, 1))
    if model is not None:
        log = _log(workspace, model)
        vectors = model.user_vectors(requests_of(log, np.arange(min(CHECKED, len(log)))))
    with whole_folder(out) as folder:
        told = {"export": "onnx", "name": name, **generator_as_onnx(generator, folder, vectors)}
        workspace.write_json(folder / MARK, told)
    return {"folder": str(out), **told}


def _chosen(workspace: Workspace, name: str | None, fits: Callable[[Any], bool], lacks: str) -> tuple[str, Any]:
    """The model named, or the first of the recipe that fits. Raises `ModelError` where none does."""
    recipe = Recipe.load(workspace.recipe_path)
    there = workspace.versions.names()
    if not there:
        raise ModelError(
            f"workspace {workspace.folder} has no trained model; train: zhiyin run -w {workspace.folder}",
            do=f"zhiyin run -w {workspace.folder}",
        )
    models = {one: workspace.versions.load(one) for one in (*recipe.models, GENERATOR) if one in there}
    fitting = [one for one, model in models.items() if fits(model)]
    chosen = name or next(iter(fitting), None)
    if chosen is None:
        raise ModelError(
            f"no model here can be exported so: each of {', '.join(models)} {lacks}; add one such as MultVAE to the "
            "recipe and run again", found=", ".join(models),
        )  # fmt: skip
    model = models[chosen] if chosen in models else workspace.versions.load(chosen)
    if not fits(model):
        choices = ", ".join(fitting) or "none"
        raise ModelError(
            f"{chosen} {lacks}; models that can be exported so are: {choices}", found=chosen, allowed=choices
        )
    return chosen, model


def _has_vectors(model: Any) -> bool:
    return isinstance(model, VectorModel)


def _has_network(model: Any) -> bool:
    return isinstance(model, ConditionalModel) or getattr(model, "name", "") in NETWORKS


def _log(workspace: Workspace, model: Any) -> Dataset:
    """The log as it is now, on the rows of the model, what people let be used for them."""
    recipe = Recipe.load(workspace.recipe_path)
    dataset = workspace.snapshot().dataset(recipe.data.weights, recipe.data.fixes)
    return on_catalogue(dataset.for_purpose("personalise"), model.catalogue)


def _only_ours(folder: Path) -> None:
    """Refuses a place where something else stands: it would be replaced."""
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file()):
        what = "a file" if folder.is_file() else "a folder with other files"
        raise SettingsError(f"{folder} is {what}, which would be lost; give the name of a new folder", found=what)


def _vector(width: int) -> pyarrow.DataType:
    return pyarrow.list_(pyarrow.float32(), width)


def _listed(vectors: np.ndarray) -> pyarrow.Array:
    flat = pyarrow.array(np.ascontiguousarray(vectors, np.float32).ravel())
    return pyarrow.FixedSizeListArray.from_arrays(flat, vectors.shape[1])

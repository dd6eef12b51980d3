"""What content adds to a model that reads it: each block taken away, and shuffled between the items.

The model is trained again on the training part for each, the validation part choosing its epoch; figures are those of
the test part over the same people, each beside the whole model, Holm over all. A block whose shuffling costs as much as
its absence says something of the items; one that can be shuffled for nothing is only more numbers.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from zhiyin.core.errors import ModelError, SettingsError
from zhiyin.core.progress import Progress
from zhiyin.core.randomness import generator
from zhiyin.data.contracts import Catalogue
from zhiyin.data.dataset import Dataset
from zhiyin.evaluation import compare_pairs, evaluate
from zhiyin.models import estimator
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.once import Facts, once
from zhiyin.pipeline.run import line_after
from zhiyin.pipeline.workspace import Workspace

METRIC = "recall@20"
WHOLE = "all content"


def weigh_content(workspace: Workspace, name: str | None = None, *, progress: Progress | None = None) -> Facts:
    """The figures of the recipe's model ``name`` (the first that reads content), also in ``runs/content_effects.json``.

    Raises `ModelError` where no model of the recipe reads content, `SettingsError` for one that does not.
    """
    with line_after(workspace, ("data",), progress) as line:
        chosen = _reading(line, name)
        inputs = {
            "split": line.split_key, "model": line.recipe.models[chosen].model,
            "settings": line.recipe.settings_of(chosen).model_dump(mode="json"), "seed": line.recipe.seed,
        }  # fmt: skip
        facts = once(workspace, "content-effects", inputs, lambda key: _weighed(line, chosen))
        workspace.write_json(workspace.runs / "content_effects.json", {**facts, "of": line.done["data"]["key"]})
    return facts


def _reading(line: Line, name: str | None) -> str:
    recipe = line.recipe
    reading = [one for one in recipe.models if getattr(recipe.settings_of(one), "content", False)]
    if not reading or not recipe.content:
        raise ModelError(
            "no model of the recipe reads content; add a [content.NAME], and  content = true  under a model such as "
            "MultVAE"
        )
    if name is not None and name not in reading:
        raise SettingsError.unknown(f"{name!r} reads no content", name, reading, "models that do are")
    return name or reading[0]


def _weighed(line: Line, name: str) -> Facts:
    scorers: dict[str, Any] = {}
    variants = variants_of(line.dataset.catalogue, line.recipe.seed)
    for called, catalogue in line.progress.track(list(variants.items()), "content", total=len(variants)):
        scorers[called] = _fitted(line, name, catalogue)
    evaluation = evaluate(scorers, line.split, metrics=(METRIC,))
    table = {called: evaluation.table[called][METRIC] for called in scorers}
    others = [called for called in table if called != WHOLE]
    pairs = compare_pairs(table, [(called, WHOLE) for called in others], METRIC, line.recipe.seed).pairs
    return {
        "model": name, "metric": METRIC, "people": len(line.split.test), "value": float(table[WHOLE].mean()),
        "cells": [
            {"content": pair["a"], "value": float(table[pair["a"]].mean()),
             **{key: pair[key] for key in ("difference", "low", "high", "p_holm")}}
            for pair in pairs
        ],
    }  # fmt: skip


def variants_of(catalogue: Catalogue, seed: int) -> Mapping[str, Catalogue]:
    """Name → the items with all content, with none, without each block, and with each block at other items."""
    blocks = catalogue.content
    found = {WHOLE: blocks, "no content": {}}
    for name, block in blocks.items():
        if len(blocks) > 1:
            found[f"without {name}"] = {other: kept for other, kept in blocks.items() if other != name}
        there = np.flatnonzero(np.isfinite(block).all(axis=1))
        moved = block.copy()
        moved[there] = block[generator(seed, "content", name).permutation(there)]
        found[f"{name} shuffled"] = {**blocks, name: moved}
    return {called: replace(catalogue, content=content) for called, content in found.items()}


def _fitted(line: Line, name: str, catalogue: Catalogue) -> Any:
    parts = line.split
    train: Dataset = replace(parts.train, catalogue=catalogue)
    model = estimator(line.recipe.models[name].model)(config=line.recipe.settings_of(name))
    with line.recipe.machine:
        model.fit(train, validation=parts.validation)
    return model

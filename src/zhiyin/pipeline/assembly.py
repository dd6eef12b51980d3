"""``assembly.json``: what answers: sources, features and ranker, each with version and digest; loaded as one object."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from zhiyin.answering import features_for
from zhiyin.core.errors import ModelError
from zhiyin.data.contracts import FILL, Candidates, Catalogue, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.features import Counters, Feature, named_features
from zhiyin.pipeline.asking import on_rows_of
from zhiyin.pipeline.candidates import merged
from zhiyin.pipeline.workspace import Workspace
from zhiyin.registry.artefact import read_manifest

ASSEMBLY = "assembly.json"


@dataclass(frozen=True, eq=False)
class Assembly:
    """Sources propose, the ranker orders; without a ranker the order of the sources stands."""

    sources: dict[str, tuple[Any, int]]
    features: list[Feature]
    ranker: Any | None
    name: str
    version: int

    @property
    def catalogue(self) -> Catalogue:
        found: Catalogue = next(iter(self.sources.values()))[0].catalogue
        return found

    def ranked(self, requests: Requests, k: int, counters: Counters) -> Candidates:
        """All candidates, best first (at least ``k`` if there are); probabilities where there is a ranker."""
        found = merged({name: (model, max(n, k)) for name, (model, n) in self.sources.items()}, requests)
        if not found.rows.shape[1]:
            return found
        scores = self.scores(requests, found, counters)
        order = np.argsort(-scores, axis=1, kind="stable")
        rows, sources = (np.take_along_axis(array, order, axis=1) for array in (found.rows, found.sources))
        return Candidates(rows, np.take_along_axis(scores, order, axis=1), sources, found.source_names)

    def scores(self, requests: Requests, candidates: Candidates, counters: Counters) -> np.ndarray:
        """float32 (B, C): probability, or the mean of the sources' own scores, each scaled by its spread."""
        rows = candidates.rows
        if self.ranker is not None:
            values = features_for(requests, candidates, self.features, counters).values
            probability = self.ranker.probability(values)
            return np.where(rows == FILL, np.float32(-np.inf), probability)
        if len(self.sources) == 1:
            model, _ = next(iter(self.sources.values()))
            return np.asarray(model.score(requests, rows), np.float32)
        total = np.zeros(rows.shape, np.float32)
        for model, _ in self.sources.values():
            score = model.score(requests, np.where(rows == FILL, 0, rows))
            total += (score - score.mean(axis=1, keepdims=True)) / np.maximum(score.std(axis=1, keepdims=True), 1e-9)
        return np.where(rows == FILL, np.float32(-np.inf), total / len(self.sources))


def written(
    workspace: Workspace, sources: Mapping[str, int], further: Sequence[str], features: Sequence[str],
    ranker: str | None, exclude: Any, made: Mapping[str, Any],
) -> None:  # fmt: skip
    """Write ``assembly.json``, unless it says so already. ``made`` has version and digest of every name.

    ``further``: models that give features and propose nothing.
    """

    def named(name: str) -> dict[str, Any]:
        return {"name": name, "version": made[name]["version"], "digest": made[name]["digest"]}

    parts = {
        "sources": [{**named(name), "candidates": n} for name, n in sources.items()],
        "further": [named(name) for name in further], "features": list(features),
        "ranker": None if ranker is None else named(ranker), "exclude": exclude,
    }  # fmt: skip
    path = workspace.folder / ASSEMBLY
    before = _parts(path) if path.is_file() else {"version": 0}
    if {**before, "version": 0} != {**json.loads(json.dumps(parts)), "version": 0}:
        workspace.write_json(path, {**parts, "version": int(before.get("version", 0)) + 1})


def _parts(path: Path) -> dict[str, Any]:
    try:
        parts = json.loads(path.read_text("utf-8"))
    except ValueError:
        return {}
    return dict(parts) if isinstance(parts, dict) else {}


def load_assembly(workspace: Workspace) -> Assembly | None:
    """What the last whole run put together; None before one. Raises `ModelError` where a part was changed."""
    path = workspace.folder / ASSEMBLY
    if not path.is_file():
        return None
    try:
        parts = _parts(path)
        sources = {part["name"]: (_loaded(workspace, part), int(part["candidates"])) for part in parts["sources"]}
        ranker = _loaded(workspace, parts["ranker"]) if parts["ranker"] else None
        models = {name: model for name, (model, _) in sources.items()}
        for part in parts.get("further", []):
            models[part["name"]] = _loaded(workspace, part)
        names, version = parts["features"], int(parts["version"])
    except (ValueError, KeyError, TypeError):
        raise ModelError(f"{path} is damaged; run again: zhiyin run -w {workspace.folder}") from None
    features = named_features(names, next(iter(models.values())).catalogue, models) if ranker is not None else []
    return Assembly(sources, features, ranker, "assembly", version)


def alone(workspace: Workspace, name: str) -> Assembly:
    """One model's newest version."""
    model = workspace.versions.load(name)
    if not hasattr(model, "candidates"):
        known = ", ".join(name for name in workspace.versions.names() if not name.startswith(("ranker-", "generator")))
        raise ModelError(
            f"{name} does not recommend by itself; the models here are: {known}", found=name, allowed=known
        )
    return Assembly({name: (model, 100)}, [], None, name, model.version)


def _loaded(workspace: Workspace, part: dict[str, Any]) -> Any:
    folder = workspace.versions.path(part["name"], part["version"])
    if read_manifest(folder).digest != part["digest"]:
        raise ModelError(
            f"{folder} is not what the assembly was made with (its digest differs); run again: "
            f"zhiyin run -w {workspace.folder}"
        )
    return workspace.versions.load(part["name"], part["version"])


def on_catalogue(dataset: Dataset, catalogue: Catalogue) -> Dataset:
    """The dataset's events on the rows that the models know."""
    return replace(
        dataset, catalogue=catalogue, histories=on_rows_of(catalogue, dataset, dataset.histories), unread=None
    )

"""Step 2: the large models and the baselines, each once for its data and settings; a killed training goes on."""

import inspect
import shutil
from pathlib import Path
from typing import Any

from zhiyin.core.languages import Sentence
from zhiyin.models import estimator
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.once import Facts, once
from zhiyin.pipeline.recipe import ModelRecipe
from zhiyin.pipeline.workspace import Workspace
from zhiyin.registry.artefact import read_manifest

DONE = Sentence("{n} models: {names}", "{n} 个模型：{names}")
DONE_NOW = Sentence("{n} models: {names}; trained now: {new}", "{n} 个模型：{names}；本次训练：{new}")

TOLD = ("parts", "verdict", "verdict_zh", "epochs", "curve")
"""Facts of a model's training that a run shows."""


def train(line: Line, only: tuple[str, ...] = ()) -> Facts:
    """Every model of the recipe (or ``only`` these) in the registry."""
    chosen = {name: model for name, model in line.recipe.models.items() if not only or name in only}
    models = {name: _trained(line, name, model) for name, model in chosen.items()}
    new = [name for name, facts in models.items() if not facts["again"]]
    words = DONE_NOW if new else DONE
    return {
        "summary": words.both(n=len(models), names=", ".join(models), new=", ".join(new)),
        "models": models,
        "again": not new,
        "seconds": sum(f["seconds"] for f in models.values()),
    }


def still_there(workspace: Workspace, name: str, facts: Facts) -> bool:
    """Whether the artefact that the facts speak of is in the registry, unchanged by its manifest."""
    folder = workspace.folder / "models" / name / str(facts["version"])
    return (folder / "manifest.json").is_file() and read_manifest(folder).digest == facts["digest"]


def saved(workspace: Workspace, name: str, thing: Any) -> Facts:
    """Save as the next version; its number and digest."""
    version = workspace.versions.save(name, thing)
    return {"version": version, "digest": read_manifest(workspace.versions.path(name, version)).digest}


def _trained(line: Line, name: str, model: ModelRecipe) -> Facts:
    settings = line.recipe.settings_of(name)
    inputs = {"data": line.split_key, "model": model.model, "settings": settings.model_dump(mode="json")}

    def make(key: str) -> Facts:
        line.progress.say(f"training {name} ({model.model})")
        made = estimator(model.model)(config=settings)
        checkpoints = line.workspace.runs / "checkpoints" / key[:16]
        _fit(made, line, checkpoints)
        facts = saved(line.workspace, name, made)
        shutil.rmtree(checkpoints, ignore_errors=True)
        told = {fact: made.facts[fact] for fact in TOLD if fact in made.facts}
        return {"model": model.model, **facts, **told}

    return once(
        line.workspace, f"model-{name}", inputs, make, there=lambda facts: still_there(line.workspace, name, facts)
    )


def _fit(model: Any, line: Line, checkpoints: Path) -> None:
    further = {"checkpoints": checkpoints} if "checkpoints" in inspect.signature(model.fit).parameters else {}
    model.fit(line.split.train, validation=line.split.validation, progress=line.progress, **further)

"""Step 2: the large models and the baselines, each once for its data and settings; a killed training goes on.

Each is trained twice. The first fit sees the training part alone, and the validation part chooses its epoch: it makes
the features that rankers learn from, since it has seen no outcome of their rows. The second, which answers, learns from
both parts for as many epochs.
"""

import inspect
import re
import shutil
from typing import Any

from zhiyin.core.languages import Sentence
from zhiyin.core.progress import Progress
from zhiyin.data.contracts import Cases
from zhiyin.data.dataset import Dataset
from zhiyin.models import estimator
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.once import Facts, once
from zhiyin.pipeline.recipe import ModelRecipe
from zhiyin.pipeline.workspace import Workspace
from zhiyin.registry import checked
from zhiyin.registry.artefact import read_manifest

DONE = Sentence("{n} models: {names}", "{n} 个模型：{names}")
DONE_NOW = Sentence("{n} models: {names}; trained now: {new}", "{n} 个模型：{names}；本次训练：{new}")

FIRST = Sentence("{name}: first fit, stopped by the validation part", "{name}：第一次拟合，由验证部分决定何时停止")
AGAIN = Sentence("{name}: again with the validation part, {epochs} epochs", "{name}：加上验证部分再训练 {epochs} 轮")
TOLD = ("verdict", "verdict_zh", "epochs", "best_epoch", "curve")
"""Facts of the fit that the validation part stopped, which a run shows."""


class Refit:
    """The progress of a second fit: its length is given, so a verdict on convergence would mislead; trouble is told."""

    def __init__(self, progress: Progress) -> None:
        self.track = progress.track
        self.told = progress.say

    def say(self, message: str) -> None:
        if not re.search(r": (converged|still improving|[0-9]+ epochs? says? nothing)", message):
            self.told(message)


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
    """Whether the artefact that the facts speak of is in the registry, every file of it unchanged."""
    return bool(checked(workspace.folder / "models" / name / str(facts["version"])).digest == facts["digest"])


def saved(workspace: Workspace, name: str, thing: Any) -> Facts:
    """Save as the next version; its number and digest."""
    version = workspace.versions.save(name, thing)
    return {"version": version, "digest": read_manifest(workspace.versions.path(name, version)).digest}


def kept(line: Line, key: str, thing: Any) -> Facts:
    """Save what makes features of the past and answers nobody; its folder and digest."""
    folder = line.workspace.runs / "past" / key[:16]
    thing.save(folder)
    return {"past": str(folder.relative_to(line.workspace.folder)), "past_digest": read_manifest(folder).digest}


def still_kept(line: Line, facts: Facts) -> bool:
    """Whether what `kept` saved is there, every file of it unchanged."""
    return bool(checked(line.workspace.folder / facts["past"]).digest == facts["past_digest"])


def fit(
    line: Line, name: str, train: Dataset, key: str, *, validation: Cases | None = None, epochs: int | None = None,
    progress: Progress | None = None,
) -> Any:  # fmt: skip
    """A model of the recipe learned from ``train``; ``epochs`` instead of the recipe's; ``key``: of its checkpoints."""
    settings = line.recipe.settings_of(name)
    if epochs is not None:
        settings = settings.model_copy(update={"epochs": epochs})
    model = estimator(line.recipe.models[name].model)(config=settings)
    checkpoints = line.workspace.runs / "checkpoints" / key[:16]
    further = {"checkpoints": checkpoints} if "checkpoints" in inspect.signature(model.fit).parameters else {}
    machine = line.recipe.machine
    if machine.tensorboard is not None:
        machine = machine.model_copy(update={"tensorboard": line.workspace.folder / machine.tensorboard})
    with machine:
        model.fit(train, validation=validation, progress=progress or line.progress, **further)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return model


def epochs_of(facts: Facts) -> int | None:
    """For how long the validation part had a model train; None for models without epochs."""
    return facts.get("best_epoch") or facts.get("epochs")


def _trained(line: Line, name: str, model: ModelRecipe) -> Facts:
    settings = line.recipe.settings_of(name)
    inputs = {"data": line.split_key, "model": model.model, "settings": settings.model_dump(mode="json"), "fits": 2}

    def make(key: str) -> Facts:
        line.progress.say(f"training {name} ({model.model})")
        parts = line.split
        if "epochs" in type(settings).model_fields and parts.refit.digest != parts.train.digest:
            line.progress.say(FIRST.said("en", name=name))
        first = fit(line, name, parts.train, key, validation=parts.validation)
        told = {fact: first.facts[fact] for fact in TOLD if fact in first.facts}
        past = kept(line, key, first)
        last = first
        if parts.refit.digest != parts.train.digest:
            epochs = epochs_of(told)
            if epochs is not None:
                line.progress.say(AGAIN.said("en", name=name, epochs=epochs))
            last = fit(line, name, parts.refit, f"refit-{key}", epochs=epochs, progress=Refit(line.progress))
            last.facts |= {fact: told[fact] for fact in ("verdict", "verdict_zh", "curve") if fact in told}
        return {
            "model": model.model, **saved(line.workspace, name, last), "parts": last.facts["parts"], **told, **past,
        }  # fmt: skip

    return once(
        line.workspace, f"model-{name}", inputs, make,
        there=lambda facts: still_there(line.workspace, name, facts) and still_kept(line, facts),
    )  # fmt: skip

"""Past moments treated as now: rows whose features come from models that never saw what the rows are about."""

from typing import Any

from zhiyin.core.errors import DataError, ModelError
from zhiyin.data.contracts import VectorModel
from zhiyin.features.feature import DAY
from zhiyin.generation import Generated
from zhiyin.pipeline.generate import condition_of, fitted
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.once import Facts, once
from zhiyin.pipeline.recipe import GENERATOR
from zhiyin.pipeline.train import epochs_of, fit, kept, still_kept
from zhiyin.ranking import Fold, outcome_folds
from zhiyin.registry import load


def folds_of(line: Line) -> list[Fold]:
    """As many as the recipe asks for, newest first: the validation part where there is one, then windows before it."""
    parts, wanted = line.split, line.recipe.features.folds
    folds = []
    if parts.validation is not None:
        folds.append(Fold(parts.train, parts.validation, "the validation part"))
    if wanted > len(folds):
        base = parts.train if folds else parts.refit
        try:
            folds += outcome_folds(base, wanted - len(folds), _days(line))[::-1]
        except DataError as error:
            line.progress.say(f"{len(folds)} past moments instead of {wanted}: {error.message}")
    return folds


def models_then(line: Line, number: int, fold: Fold) -> dict[str, Any]:
    """The recipe's models by NAME (and its generator, where that proposes) as they would have been at this fold."""
    told = line.done["models"]["models"]
    first = number == 0 and line.split.validation is not None
    past = told if first else {name: _model_then(line, number, fold, name) for name in told}
    models = {name: load(line.workspace.folder / facts["past"]) for name, facts in past.items()}
    condition = condition_of(line.recipe, models)
    if GENERATOR in line.recipe.sources and condition is not None and fold.train.catalogue.columns:
        facts = _generator_then(line, number, fold, models[condition], past[condition]["past_digest"])
        if facts["past"]:
            generator = load(line.workspace.folder / facts["past"])
            models[GENERATOR] = Generated(generator.facing(fold.train.catalogue), models[condition])
    return models


def _model_then(line: Line, number: int, fold: Fold, name: str) -> Facts:
    facts, settings = line.done["models"]["models"][name], line.recipe.settings_of(name)
    inputs = {"data": fold.train.digest, "model": facts["model"], "settings": settings.model_dump(mode="json"),
              "epochs": epochs_of(facts)}  # fmt: skip

    def make(key: str) -> Facts:
        line.progress.say(f"training {name} as of {fold.rule}")
        return kept(line, key, fit(line, name, fold.train, key, epochs=epochs_of(facts)))

    return once(line.workspace, f"past-{name}-{number}", inputs, make, there=lambda facts: still_kept(line, facts))


def _generator_then(line: Line, number: int, fold: Fold, model: VectorModel, digest: str) -> Facts:
    inputs = {"data": fold.train.digest, "condition": digest, "seed": line.recipe.seed,
              "generation": line.recipe.generation.model_dump(mode="json")}  # fmt: skip

    def make(key: str) -> Facts:
        line.progress.say(f"training the generator as of {fold.rule}")
        try:
            return kept(line, key, fitted(line, fold.train, model))
        except ModelError as error:
            line.progress.say(f"no generator: {error.message}")
            return {"past": ""}

    return once(line.workspace, f"past-{GENERATOR}-{number}", inputs, make,
                there=lambda facts: not facts["past"] or still_kept(line, facts))  # fmt: skip


def _days(line: Line) -> float | None:
    """Length of a window of the past; None where the split goes by events, not by time."""
    test, validation = line.split.test, line.split.validation
    if line.recipe.features.days is not None:
        return line.recipe.features.days
    if line.split.facts["by"] == "time" and validation is not None:
        return (int(test.requests.now[0]) - int(validation.requests.now[0])) / DAY
    return None

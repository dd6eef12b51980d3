"""Tuning: settings of one model, learned on the training part and judged on the validation part, in a budget of time.

Optuna proposes (tree-structured Parzen estimator, Bergstra et al. 2011) and gives up on trials that are worse, after
the same number of epochs, than half of those before. Every trial is kept in ``runs/tune/``, so that a search that was
stopped goes on. The test part is never looked at.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit

from zhiyin.core.errors import ModelError, ResourceError, SettingsError
from zhiyin.core.progress import Progress
from zhiyin.data.contracts import Cases
from zhiyin.experiments.space import Choice, Range, including, space_of
from zhiyin.models import estimator
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.once import key_of
from zhiyin.pipeline.recipe import Recipe
from zhiyin.pipeline.run import line_after
from zhiyin.pipeline.workspace import Workspace
from zhiyin.training.validation import ndcg_on
from zhiyin.training.watching import watching

K = 100
"""Length of the list that is judged, where the model has no ``validation_k``."""
UNTOUCHED = 5
"""Trials that are never given up: before so many there is nothing to compare with."""


def tune(
    workspace: Workspace, name: str, *, trials: int = 30, minutes: float = 30.0, progress: Progress | None = None
) -> dict[str, Any]:
    """The best settings found for ``[models.NAME]``, and all trials; the recipe with them is ``runs/tune/NAME.toml``.

    The first trial has the recipe's own settings. Ends after ``trials`` (those of earlier searches over the same data
    and space count), or when ``minutes`` have passed since it began. Raises `SettingsError` for a name that the recipe
    does not have, `ModelError` where there is no validation part.
    """
    optuna = _optuna()
    known = Recipe.load(workspace.recipe_path).models
    if name not in known:
        raise SettingsError.unknown(f"the recipe has no [models.{name}]", name, known, "its models are")
    with line_after(workspace, ("data",), progress) as line:
        if line.split.validation is None:
            raise ModelError("tuning needs a validation part, and this split has none; choose another split")
        search = _Search(line, name)
        study = optuna.create_study(
            storage=_storage(optuna, workspace.runs / "tune"), study_name=f"{name}-{search.key[:16]}",
            direction="maximize", load_if_exists=True, pruner=optuna.pruners.MedianPruner(UNTOUCHED),
        )  # fmt: skip
        study.sampler = optuna.samplers.TPESampler(seed=line.recipe.seed + len(study.trials))
        if not study.trials:
            study.enqueue_trial({key: search.own[key] for key in search.space}, skip_if_exists=True)
        with line.recipe.machine:
            search.run(optuna, study, trials, minutes)
        found = search.result(study)
        path = workspace.runs / "tune" / f"{name}.toml"
        workspace.write(path, _recipe(workspace, name, found["best"]["settings"]))
    return {**found, "recipe": str(path)}


class _Search:
    """One model's settings, tried."""

    def __init__(self, line: Line, name: str) -> None:
        self.line, self.name = line, name
        self.model = line.recipe.models[name].model
        self.settings = line.recipe.settings_of(name)
        self.own = self.settings.model_dump(mode="python")
        space, self.said = space_of(line.workspace.folder, name, self.model, type(self.settings))
        self.space = {key: including(where, self.own[key]) for key, where in space.items()}
        self.k = getattr(self.settings, "validation_k", K)
        fixed = {key: value for key, value in self.settings.model_dump(mode="json").items() if key not in self.space}
        searched = {key: where.model_dump(mode="json") for key, where in self.space.items()}
        self.key = key_of({"data": line.split_key, "model": self.model, "fixed": fixed, "space": searched})

    def run(self, optuna: Any, study: Any, trials: int, minutes: float) -> None:
        """Trials until there are enough, or the time is over."""
        ended = [trial for trial in study.trials if trial.state.is_finished()]
        until = time.monotonic() + 60 * minutes
        for _ in self.line.progress.track(range(len(ended), trials), f"tuning {self.name}", trials - len(ended)):
            if time.monotonic() >= until:
                return
            trial = study.ask()
            try:
                study.tell(trial, self._value(optuna, trial))
            except optuna.TrialPruned:
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            except (ModelError, SettingsError, ResourceError) as error:
                trial.set_user_attr("trouble", error.message)
                study.tell(trial, state=optuna.trial.TrialState.FAIL)

    def result(self, study: Any) -> dict[str, Any]:
        """DESIGN's names for what was tried."""
        tried = [
            {"number": trial.number, "settings": trial.params, "value": trial.value if trial.values else None,
             "state": trial.state.name.lower(), "trouble": trial.user_attrs.get("trouble"),
             "seconds": None if trial.duration is None else round(trial.duration.total_seconds(), 3)}
            for trial in study.trials if trial.state.is_finished()
        ]  # fmt: skip
        whole = [one for one in tried if one["state"] == "complete"]
        if not whole:
            why = next((one["trouble"] for one in tried if one["trouble"]), "the time was over before the first ended")
            raise ModelError(f"no trial of {self.name} came to an end: {why}; give more time, or another space")
        best = max(whole, key=lambda one: one["value"])
        return {
            "name": self.name, "model": self.model, "metric": f"ndcg@{self.k}", "trials": tried, "best": best,
            "own": whole[0]["value"] if whole[0]["number"] == 0 else None, "space_given": self.said,
        }  # fmt: skip

    def _value(self, optuna: Any, trial: Any) -> float:
        chosen = {key: _proposed(trial, key, where, self.own[key]) for key, where in self.space.items()}
        model = estimator(self.model)(config=type(self.settings).read({**self.own, **chosen}, f"[models.{self.name}]"))
        validation = self.line.split.validation
        assert isinstance(validation, Cases)  # noqa: S101  `tune` refuses a split without

        def watch(entry: dict[str, float]) -> None:
            if "validation" in entry:
                trial.report(entry["validation"], int(entry["epoch"]))
                if trial.should_prune():
                    raise optuna.TrialPruned

        with watching(watch):
            model.fit(self.line.split.train, validation=validation)
        return float(model.facts.get("best_validation") or ndcg_on(model, validation, self.k))


def _proposed(trial: Any, key: str, where: Range | Choice, own: Any) -> Any:
    """The trial's value; whole numbers where the setting is one."""
    if isinstance(where, Choice):
        return trial.suggest_categorical(key, where.values)
    if isinstance(own, int) and where.low.is_integer() and where.high.is_integer():
        return trial.suggest_int(key, int(where.low), int(where.high), log=where.log)
    return trial.suggest_float(key, where.low, where.high, log=where.log)


def _recipe(workspace: Workspace, name: str, settings: Mapping[str, Any]) -> str:
    """The recipe's text with these settings, its comments kept."""
    document = tomlkit.parse(workspace.recipe_path.read_text("utf-8"))
    section: Any = document["models"][name]
    for key, value in settings.items():
        section[key] = value
    return tomlkit.dumps(document)


def _storage(optuna: Any, folder: Path) -> Any:
    from optuna.storages.journal import JournalFileBackend

    folder.mkdir(parents=True, exist_ok=True)
    return optuna.storages.JournalStorage(JournalFileBackend(str(folder / "trials.log")))


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise ResourceError.not_installed("tuning", "tune") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna

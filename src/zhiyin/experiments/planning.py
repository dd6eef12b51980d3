"""What a training will take, before it is begun: parameters, memory, time, from a short training on a few people.

A pass costs as many batches as there are, a batch what it costs among these few: the catalogue, and with it the network
and what its optimiser keeps, is the whole one.
"""

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from zhiyin.core.errors import ModelError, ResourceError, SettingsError
from zhiyin.core.progress import Progress
from zhiyin.core.randomness import generator
from zhiyin.data.dataset import Dataset
from zhiyin.models import estimator
from zhiyin.models.learning import LearningConfig
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.recipe import Recipe
from zhiyin.pipeline.run import line_after
from zhiyin.pipeline.workspace import Workspace
from zhiyin.training.validation import MOST_CASES, ndcg_on

BATCHES = 12
"""That are learned from, so that one slow moment does not decide."""
PASSES = 3
"""Over them; what the passes after the first take is what a pass takes."""
CASES = 512
"""Of the validation part that are answered."""
COPIES = 5
"""Of each number while it is learned: itself, its gradient, Adam's two means, the best so far."""
WIDTHS = ("hidden", "width", "latent", "critic")
"""Settings that make a network smaller."""


def plan(workspace: Workspace, names: tuple[str, ...] = (), *, progress: Progress | None = None) -> dict[str, Any]:
    """Of each network of the recipe (or of these): ``parameters``, ``updates`` and ``epoch_seconds`` of a pass,
    ``seconds`` at most, ``peak_mb``. Raises `ResourceError` for one that cannot fit, saying what would."""
    chosen = _networks(Recipe.load(workspace.recipe_path), names)
    with line_after(workspace, ("data",), progress) as line, line.recipe.machine:
        planned = {name: _planned(line, name) for name in chosen}
    return {"models": planned, "free_mb": round(free_bytes() / 2**20)}


def _networks(recipe: Recipe, names: tuple[str, ...]) -> list[str]:
    for name in names:
        if name not in recipe.models:
            raise SettingsError.unknown(f"the recipe has no [models.{name}]", name, recipe.models, "its models are")
    chosen = [name for name in names or recipe.models if isinstance(recipe.settings_of(name), LearningConfig)]
    if not chosen:
        said = ", ".join(names or recipe.models) or "none"
        raise ModelError(f"a plan is made for networks, and the recipe has none of them here: {said}", found=said)
    return chosen


def _planned(line: Line, name: str) -> dict[str, Any]:
    settings = line.recipe.settings_of(name)
    model = estimator(line.recipe.models[name].model)
    n_parameters = parameters_of(model, settings, line.split.train)
    _fits(name, model, settings, line.split.train, n_parameters)
    line.progress.say(f"measuring {name}")
    people = np.flatnonzero(_likes(line.split.train))
    n_batches = max(1, -(-len(people) // settings.batch))
    few = _some(line.split.train, people, BATCHES * settings.batch, settings.seed)
    with highest() as peak:
        once, again, trained = _timed(model, settings, few)
    n_few = max(1, -(-int(_likes(few).sum()) // settings.batch))
    a_batch = max(0.0, again - once) / ((PASSES - 1) * n_few)
    a_pass = a_batch * n_batches + _answering(line, trained)
    epochs = settings.epochs
    if settings.updates is not None:
        epochs = min(epochs, -(-settings.updates // -(-n_batches // settings.accumulate)))
    return {
        "model": line.recipe.models[name].model, "parameters": n_parameters,
        "updates": -(-n_batches // settings.accumulate), "epochs": epochs, "epoch_seconds": round(a_pass, 3),
        "seconds": round(max(0.0, once - a_batch * n_few) + epochs * a_pass, 3), "peak_mb": round(peak[0] / 2**20),
    }  # fmt: skip


def _timed(model: type[Any], settings: LearningConfig, few: Dataset) -> tuple[float, float, Any]:
    """Seconds of a training of one pass, of `PASSES`, and what was trained."""
    seconds, trained = [], None
    for epochs in (1, PASSES):
        started = time.perf_counter()
        trained = model(config=settings.model_copy(update={"epochs": epochs, "updates": None})).fit(few)
        seconds.append(time.perf_counter() - started)
    return seconds[0], seconds[1], trained


def _answering(line: Line, trained: Any) -> float:
    """Seconds that judging an epoch on the validation part takes."""
    cases = line.split.validation
    if cases is None or not len(cases):
        return 0.0
    few = cases.take(np.arange(min(CASES, len(cases))))
    started = time.perf_counter()
    ndcg_on(trained, few, trained.config.validation_k)
    return (time.perf_counter() - started) * min(MOST_CASES, len(cases)) / len(few)


def parameters_of(model: type[Any], settings: LearningConfig, dataset: Dataset) -> int:
    """Numbers that are learned, counted without making room for them."""
    import torch

    empty = model(config=settings)
    empty.learned_from(dataset)
    with torch.device("meta"):
        network = empty.new_network()
    return sum(weight.numel() for weight in network.parameters())


def _fits(name: str, model: type[Any], settings: LearningConfig, dataset: Dataset, n_parameters: int) -> None:
    """Raises `ResourceError` where the numbers alone are more than is free."""
    free = free_bytes()
    if 4 * COPIES * n_parameters <= free:
        return
    needed, there = 4 * COPIES * n_parameters / 2**30, free / 2**30
    raise ResourceError(
        f"[models.{name}] needs at least {needed:,.1f} GiB to learn {n_parameters:,} numbers, and {there:,.1f} are "
        f"free; {_smaller(model, settings, dataset, free)}", found=f"{needed:.1f} GiB", allowed=f"{there:.1f} GiB",
    )  # fmt: skip


def _smaller(model: type[Any], settings: LearningConfig, dataset: Dataset, free: int) -> str:
    """The first setting that, halved often enough, lets it fit."""
    for setting in (one for one in WIDTHS if one in type(settings).model_fields):
        value = getattr(settings, setting)
        while value > 8:
            value //= 2
            n = parameters_of(model, settings.model_copy(update={setting: value}), dataset)
            if 4 * COPIES * n <= free:
                return f"{setting} = {value} would take {4 * COPIES * n / 2**30:,.1f}"
    return "use fewer items, or a machine with more memory"


def _likes(dataset: Dataset) -> np.ndarray:
    """Whether each person has an event to learn from, bool (U,)."""
    histories = dataset.histories
    return np.asarray(np.bincount(histories.owners[histories.weights > 0], minlength=len(histories)) > 0)


def _some(dataset: Dataset, people: np.ndarray, n: int, seed: int) -> Dataset:
    """The log of ``n`` of these people, drawn at random; everybody else has done nothing."""
    chosen = np.zeros(len(dataset.histories), bool)
    chosen[generator(seed, "plan").permutation(people)[:n]] = True
    return dataset.with_histories(dataset.histories.keep(chosen[dataset.histories.owners]))


def free_bytes() -> int:
    """Memory that programs can still have; where the system does not tell (it is Linux that does), all there is."""
    table = Path("/proc/meminfo")
    told = (
        [line for line in table.read_text().splitlines() if line.startswith("MemAvailable")] if table.exists() else []
    )
    return 1024 * int(told[0].split()[1]) if told else os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@contextmanager
def highest() -> Iterator[list[int]]:
    """The most bytes that this process held inside the block, as the only element once it ends; where the system cannot
    start counting anew (it is Linux that can), since the process began."""
    found = [0]
    marks = Path("/proc/self/clear_refs")
    counting = marks.exists()
    if counting:
        marks.write_text("5")
    yield found
    status = Path("/proc/self/status").read_text() if counting else ""
    told = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    found[0] = 1024 * (int(told[0].split()[1]) if told else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

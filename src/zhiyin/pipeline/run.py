"""`run`: the six steps of a recipe, one after the other; what is done is not done again."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from zhiyin.core.errors import SettingsError
from zhiyin.core.languages import Language
from zhiyin.core.progress import Progress
from zhiyin.evaluation.evaluate import COMPARED
from zhiyin.generation.judgement import GOALS
from zhiyin.pipeline.assemble import METRIC, answering, compared, examples, judged
from zhiyin.pipeline.generate import generate
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.once import Facts
from zhiyin.pipeline.prepare import prepare
from zhiyin.pipeline.rank import rank
from zhiyin.pipeline.recipe import Recipe
from zhiyin.pipeline.shown import shown
from zhiyin.pipeline.specify import titles_of
from zhiyin.pipeline.tables import tables
from zhiyin.pipeline.train import train
from zhiyin.pipeline.workspace import Workspace

STEPS: dict[str, Callable[[Line], Facts]] = {
    "data": prepare, "models": train, "features": tables, "ranking": rank, "generation": generate, "answering": judged,
}  # fmt: skip
"""In their order."""


def run(
    workspace: Workspace, *, progress: Progress | None = None, until: str | None = None, answers: bool = True,
    metric: str = METRIC, language: Language = "en",
) -> dict[str, Any]:  # fmt: skip
    """Do the recipe of this workspace, and keep what came out as ``runs/last.json`` (and under its time).

    ``until``: the last step. ``answers``: whether example slates are made. ``metric``: what `comparison` compares.
    ``language``: of the reasons.
    """
    names = _until(until)
    if metric not in COMPARED:
        raise SettingsError.unknown(f"{metric!r} is not compared", metric, COMPARED, "compared are")
    recipe = Recipe.load(workspace.recipe_path)
    recipe.check_models()
    if not recipe.models:
        raise SettingsError(f'{workspace.recipe_path} has no model; add a section such as [models.ease] model = "EASE"')
    with workspace.locked():
        line = Line(workspace, recipe, progress)
        for name in names:
            line.progress.say(f"step {name}")
            started = time.perf_counter()
            line.done[name] = STEPS[name](line)
            line.done[name]["took"] = round(time.perf_counter() - started, 3)
        result = _result(line, metric)
        if answers and "answering" in names:
            result["recommendations"] = examples(line, language)["recommendations"]
            result["language"], result["titles"] = language, _titles(line, result)
            workspace.write_json(workspace.runs / f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}.json", result)
            workspace.write_json(workspace.last_path, result)
    return result


@contextmanager
def line_after(workspace: Workspace, names: tuple[str, ...], progress: Progress | None = None) -> Iterator[Line]:
    """The line of this workspace after these steps, done first where they were not; the workspace is ours meanwhile."""
    recipe = Recipe.load(workspace.recipe_path)
    recipe.check_models()
    with workspace.locked():
        line = Line(workspace, recipe, progress)
        for name in names:
            line.done[name] = STEPS[name](line)
        yield line


def train_models(workspace: Workspace, names: tuple[str, ...], *, progress: Progress | None = None) -> dict[str, Facts]:
    """Only the models, all or these. Raises `SettingsError` for a name that the recipe does not have."""
    recipe = Recipe.load(workspace.recipe_path)
    for name in names:
        if name not in recipe.models:
            raise SettingsError.unknown(f"the recipe has no [models.{name}]", name, recipe.models, "its models are")
    recipe.check_models()
    with workspace.locked():
        line = Line(workspace, recipe, progress)
        line.done["data"] = prepare(line)
        models: dict[str, Facts] = train(line, names)["models"]
    return models


def _until(until: str | None) -> list[str]:
    names = list(STEPS)
    if until is None:
        return names
    if until not in names:
        raise SettingsError.unknown(f"there is no step {until!r}", until, names, "the steps are")
    return names[: names.index(until) + 1]


def _cost(facts: Facts) -> dict[str, float | None]:
    """What making this cost, whenever that was: CPU seconds, and the most memory that the process had held by then."""
    parts = [*facts.get("models", {}).values(), *facts.get("rankers", {}).values()] or [facts]
    told = [part for part in parts if "cpu_s" in part]
    if not told:
        return {"cpu_s": None, "peak_mb": None}
    return {"cpu_s": round(sum(part["cpu_s"] for part in told), 3), "peak_mb": max(part["peak_mb"] for part in told)}


def _titles(line: Line, result: dict[str, Any]) -> dict[str, str]:
    """Titles of the items that the result names without saying more: of histories, and near to generated ones."""
    made = [*result["specifications"], *(gap["specification"] for gap in result["generation"]["gaps"])]
    near = {neighbour["item"] for one in made for neighbour in one["neighbours"]}
    content = result.get("content", {"near": {}, "cold": {}})
    alike = [one for rows in content["near"].values() for row in rows for one in (row, *row["near"])]
    near |= {one["item"] for one in (*alike, *content["cold"].get("items", []))}
    named = near.union(*(slate.get("history", []) for slate in result["recommendations"]))
    return titles_of(line.dataset.catalogue, named)


def _result(line: Line, metric: str) -> dict[str, Any]:
    """One JSON for the command line and the report."""
    done = line.done
    steps = [
        {"name": name, "seconds": facts["took"], "made_in": facts.get("seconds", facts["took"]),
         "summary": facts["summary"]["en"], "summary_zh": facts["summary"]["zh"], "again": facts["again"],
         **_cost(facts)}
        for name, facts in done.items()
    ]  # fmt: skip
    result: dict[str, Any] = {"steps": steps, "data": done["data"], "metric": metric, "seed": line.recipe.seed}
    for name, key in (("models", "models"), ("ranking", "rankers"), ("generation", "specifications")):
        if name in done:
            result[key] = done[name][key]
    for name in ("features", "generation"):
        if name in done:
            result[name] = done[name]
    if line.recipe.content and "models" in done:
        result["content"] = shown(line)
    if "generation" in done:
        result["generation"] = {**done["generation"], "goals": dict(GOALS)}
    if "answering" in done:
        result |= {
            "evaluation": done["answering"]["evaluation"],
            "comparison": compared(line, metric),
            "answers": answering(line),
            "sources": done["answering"]["sources"],
            "calibration": done["answering"]["calibration"],
        }
    return result

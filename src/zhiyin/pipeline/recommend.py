"""Slates from a workspace: by the last assembled line, or by one model of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zhiyin.answering import Answerer, Assembly, Plan
from zhiyin.answering.answer import plain
from zhiyin.core.errors import DataError, ModelError
from zhiyin.core.languages import Language, Sentence
from zhiyin.core.wire import ExplainJSON, Recommendations
from zhiyin.pipeline.recipe import Recipe
from zhiyin.pipeline.workspace import Workspace

if TYPE_CHECKING:
    from zhiyin.answering.why import By

CHANGED = Sentence("[answer] of the recipe was changed since the last run; take it up: zhiyin run -w {folder}",
                   "方案的 [answer] 在上次运行之后改动过；使其生效：zhiyin run -w {folder}")  # fmt: skip
SILENT = Sentence("[sources] names the {name}, which can propose nothing: {why}",
                  "[sources] 中的 {name} 无可提出：{why}")  # fmt: skip


def recommend(
    workspace: Workspace, *, user: str | None = None, history: Sequence[str] | None = None, without: Sequence[str] = (),
    k: int | None = None, model: str | None = None, language: Language = "en",
) -> Recommendations:  # fmt: skip
    """A slate with reasons for ``user``, or for a bare ``history``, from the assembly or one ``model``."""
    answerer = answerer_of(workspace, model, language)
    answer = answerer.people([user], k, without) if user is not None else answerer.history(history or [], k)
    said = remarks(workspace, answerer, language)
    for slate in answer["recommendations"]:
        slate["notes"] += said
    return answer


def explain(
    workspace: Workspace, item: str, *, user: str | None = None, history: Sequence[str] | None = None, by: "By" = "loo",
    k: int | None = None, model: str | None = None, budget_ms: float | None = None, language: Language = "en",
) -> ExplainJSON:  # fmt: skip
    """Why ``item`` is in the slate of ``user``, or of a bare ``history``, or what would bring it in."""
    from zhiyin.answering.why import explained  # who asks for a slate does without

    answerer = answerer_of(workspace, model, language)
    answer = explained(answerer, answerer.question(user, history or []), item, by, k, budget_ms)
    answer["notes"] += remarks(workspace, answerer, language)
    return answer


def answerer_of(workspace: Workspace, model: str | None = None, language: Language = "en") -> Answerer:
    """The last assembled line over the log as it is now, or one ``model``, or what answers before a first run."""
    workspace.snapshot()
    assembled = None if model else Answerer.of(workspace.folder, language)
    return assembled or _one_model(workspace, model, language)


def remarks(workspace: Workspace, answerer: Answerer, language: Language = "en") -> list[str]:
    """What whoever is answered should know of what answers: a recipe that was changed, a source that is silent."""
    said = [CHANGED.said(language, folder=workspace.folder)] if outdated(workspace, answerer) else []
    whole = answerer.assembly.name == Assembly.name
    plan = Plan.read_from(workspace.folder) if whole else None
    for name, why in plan.silent.items() if plan else ():
        said.append(SILENT.said(language, name=name, why=why[language]))
    return said


def outdated(workspace: Workspace, answerer: Answerer) -> bool:
    """Whether the recipe's ``[answer]`` is not the one that answers."""
    asked = Recipe.load(workspace.recipe_path).answer
    return (asked.rules, asked.exclude, asked.k) != (answerer.assembly.rules, answerer.assembly.exclude, answerer.k)


def similar(workspace: Workspace, item: str, *, k: int = 10, model: str | None = None) -> Recommendations:
    """The items that fit best to a history of just this one. Raises `DataError` for an unknown item."""
    asked = _alone(workspace, model or _first_reading(workspace, Recipe.load(workspace.recipe_path)))
    found = next(iter(asked.sources.values()))[0]
    if item not in found.catalogue.ids:
        raise DataError(f"item {found.catalogue.ids.hint(item)}; give an item id of the catalogue", found=item)
    answer: Recommendations = found.similar_items([item], k).to_dicts()
    titles = found.catalogue.columns.get("title")
    for slate in answer["recommendations"]:
        slate["model"] = {"name": asked.name, "version": asked.version}
        for entry in slate["items"] if titles is not None else ():
            entry["columns"] = {"title": plain(titles[found.catalogue.ids.row(entry["item"])])}
    return answer


def _one_model(workspace: Workspace, model: str | None, language: Language) -> Answerer:
    """One model by itself, as the recipe has it: the named one, or what answers before a first run."""
    recipe = Recipe.load(workspace.recipe_path)
    name = model or _first_reading(workspace, recipe)
    assembly = _alone(workspace, name, exclude=recipe.answer.exclude, rules=recipe.answer.rules)
    dataset = workspace.snapshot().dataset(recipe.data.weights, recipe.data.fixes)
    return Answerer(assembly, dataset, language, recipe.answer.k)


def _alone(workspace: Workspace, name: str, **answering: object) -> Assembly:
    """One model's newest version. Raises `ModelError` for what does not recommend by itself."""
    model = workspace.versions.load(name)
    if not hasattr(model, "candidates"):
        known = ", ".join(workspace.recommenders)
        raise ModelError(
            f"{name} does not recommend by itself; the models here are: {known}", found=name, allowed=known
        )
    return Assembly.alone(name, model, **answering)


def _first_reading(workspace: Workspace, recipe: Recipe) -> str:
    """The trained model that asks for a history and was best in the last run; before one, the recipe's first."""
    there = workspace.recommenders
    last: dict[str, Any] = workspace.last_run() if workspace.last_path.is_file() else {}
    figures, metric = last.get("evaluation", {}).get("models", {}), last.get("metric", "")
    ordered = sorted(recipe.models, key=lambda name: -figures.get(name, {}).get(metric, {"value": 0.0})["value"])
    for name in ordered:
        if name in there and workspace.versions.load(name).reads_history:
            return name
    if there:
        return there[0]
    raise ModelError(
        f"workspace {workspace.folder} has no trained model; train: zhiyin run -w {workspace.folder}",
        do=f"zhiyin run -w {workspace.folder}",
    )

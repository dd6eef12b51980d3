"""The ablation: what do the large models' columns add to a ranker's other columns?

{none, VAE, GAN, Transformer, all} × predictors on the same rows and the same candidates; the figures are those of the
test part, paired over people, each beside the same predictor without any large model, Holm over all of them. Its
control is the same with the large models' columns shuffled between people (and candidates): a gain that stays was none.
A predictor is trained several times, and a person's figure is the mean: the luck of one training is no difference.

Letters: n rows, B requests, C candidates, F columns.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zhiyin import ranking
from zhiyin.core.errors import ModelError
from zhiyin.core.languages import Sentence
from zhiyin.core.progress import Progress
from zhiyin.core.randomness import generator
from zhiyin.data.popularity import counts
from zhiyin.evaluation import compare_pairs, evaluate
from zhiyin.features import EventCounters
from zhiyin.pipeline.assemble import METRIC, sources_now
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.once import Facts, once
from zhiyin.pipeline.recipe import Recipe
from zhiyin.pipeline.run import line_after
from zhiyin.pipeline.tables import features_of, rows_of
from zhiyin.pipeline.whole import Tables, WholeLine
from zhiyin.pipeline.workspace import Workspace
from zhiyin.ranking import Rows

FAMILIES = {
    "MultVAE": "VAE",
    "RecVAE": "VAE",
    "VAECosine": "VAE",
    "AdversarialVAE": "GAN",
    "CFGAN": "GAN",
    "SASRec": "Transformer",
    "GSASRec": "Transformer",
    "ESASRec": "Transformer",
}
"""Large models by the family whose columns they make."""
PREDICTORS = ("Logistic", "DecisionTree", "BoostedTrees", "NeuralNetwork")
NONE, ALL = "none", "all"
PEOPLE = 3_000
"""Test people at most (drawn by the seed)."""
SURE = 0.05
TRAININGS = 3
"""Of each predictor, by other seeds."""

HELPS = Sentence(
    "{best} with {predictor} adds {difference} {metric} [{low}, {high}] to the columns without a large model",
    "{best} 配合 {predictor}，在没有大模型列的基础上 {metric} 变化 {difference} [{low}, {high}]",
)
NO_HELP = Sentence(
    "no large model's columns are shown to add to {metric}; {people} people are too few to see less than ±{detectable}",
    "没有证明任何大模型的列提高 {metric}；{people} 人太少，看不出小于 ±{detectable} 的差异",
)
HARMS = Sentence("{names} lower it", "{names} 使其下降")
ZERO = Sentence("shuffled between people the same columns add nothing, as they must",
                "在用户之间打乱后，同样的列没有带来提高，符合预期")  # fmt: skip
COSTS = Sentence(
    "shuffled between people the same columns add nothing, as they must, and cost {names}: so much is lost by columns "
    "that say nothing",
    "在用户之间打乱后，同样的列没有带来提高，符合预期，但有代价 {names}：毫无信息的列会损失这么多",
)
NOT_ZERO = Sentence("even shuffled between people {names} add something: do not trust this ablation",
                    "即使在用户之间打乱，{names} 仍带来提高：不要相信这次消融")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Cell:
    """One trained predictor on some of the columns, as something that gives a probability."""

    ranker: Any
    columns: np.ndarray
    """Positions of those it reads, (F',)."""
    shuffled: np.ndarray
    """Positions whose values are shuffled between people and candidates."""
    seed: int

    def probability(self, values: np.ndarray) -> np.ndarray:
        """float32 (B, C) of columns (B, C, F)."""
        values = shuffled(values.reshape(-1, values.shape[-1]), self.shuffled, self.seed).reshape(values.shape)
        found: np.ndarray = self.ranker.probability(values[..., self.columns])
        return found


def ablate(
    workspace: Workspace, *, predictors: Sequence[str] = PREDICTORS, people: int = PEOPLE,
    progress: Progress | None = None,
) -> Facts:  # fmt: skip
    """The ablation of this workspace's recipe, kept as ``runs/ablation.json``: DESIGN's ``cells`` and ``control``.

    Steps 1, 2, 3 and 5 of the recipe are done first where they were not. Raises `ModelError` where the recipe has no
    large model, or there are no rows.
    """
    with line_after(workspace, ("data", "models", "features", "generation"), progress) as line:
        recipe = line.recipe
        groups = _groups(recipe)
        rows = line.done["features"]
        if not groups or not rows["rows"] or not rows["taken"]:
            raise ModelError(
                f"an ablation needs rows and a large model ({', '.join(FAMILIES)}) in the recipe, "
                f"found {rows['rows']} rows and {', '.join(recipe.models)}; add for example [models.vae] model = "
                '"MultVAE"'
            )
        inputs = {"features": rows["key"], "predictors": list(predictors), "people": people, "seed": recipe.seed}
        facts = once(workspace, "ablation", inputs, lambda key: _ablation(line, groups, predictors, people))
        workspace.write_json(workspace.runs / "ablation.json", {**facts, "of": rows["key"]})
    return facts


def shuffled(values: np.ndarray, columns: np.ndarray, seed: int) -> np.ndarray:
    """Rows (n, F) whose ``columns`` stand with another row each, together; the rest stays."""
    if not len(columns):
        return values
    values = values.copy()
    values[:, columns] = values[generator(seed, "shuffled", len(values)).permutation(len(values))][:, columns]
    return values


def columns_of(names: Sequence[str], groups: Mapping[str, Sequence[str]]) -> dict[str, np.ndarray]:
    """Positions of the columns that each cell reads: none, each family's beside them, all."""
    whose = np.array([_family_of(name, groups) for name in names])
    found = {NONE: np.flatnonzero(whose == "")}
    found |= {family: np.flatnonzero((whose == "") | (whose == family)) for family in groups}
    return {**found, ALL: np.arange(len(names))} if len(groups) > 1 else found


def _family_of(column: str, groups: Mapping[str, Sequence[str]]) -> str:
    stem, _, rest = column.partition(".")
    name = rest if stem in ("from", "recent") else stem
    return next((family for family, members in groups.items() if name in members), "")


def _groups(recipe: Recipe) -> dict[str, list[str]]:
    """NAMEs of the recipe's large models by family."""
    found: dict[str, list[str]] = {}
    for name, model in recipe.models.items():
        if model.model in FAMILIES:
            found.setdefault(FAMILIES[model.model], []).append(name)
    return found


def _ablation(line: Line, groups: Mapping[str, Sequence[str]], predictors: Sequence[str], people: int) -> Facts:
    told = line.done["features"]
    rows = rows_of(line.workspace.folder / told["file"], told["negative_rate"])
    read = columns_of(rows.names, groups)
    large = np.setdiff1d(np.arange(len(rows.names)), read[NONE])
    split = line.split
    if len(split.test) > people:
        chosen = np.sort(generator(line.recipe.seed, "ablation").choice(len(split.test), people, replace=False))
        split = replace(split, test=split.test.take(chosen))
    tables = Tables(sources_now(line), features_of(line, line.models), EventCounters(split.refit))
    rest = counts(split.refit)
    seed = line.recipe.seed
    trainings: dict[str, list[Callable[[], Cell]]] = {}
    for control in (False, True):
        moved = large if control else large[:0]
        for group in read if not control else [group for group in read if group != NONE]:
            for predictor in predictors:
                trainings[_name(group, predictor, control)] = [
                    _training(predictor, rows, read[group], moved, seed + n) for n in range(TRAININGS)
                ]
    scorers: dict[str, Any] = {}
    for name in line.progress.track(list(trainings), "ablation", total=len(trainings)):
        scorers |= {f"{name} {n}": WholeLine(tables, train(), rest) for n, train in enumerate(trainings[name])}
    evaluation = evaluate(scorers, split, metrics=(METRIC,))
    table = {
        name: np.mean([evaluation.table[f"{name} {n}"][METRIC] for n in range(TRAININGS)], axis=0) for name in trainings
    }
    cells, control_cells = (
        _cells(table, [group for group in read if group != NONE], predictors, control) for control in (False, True)
    )
    verdict = _verdict(cells, control_cells, len(split.test))
    return {
        "cells": cells, "control": {"cells": control_cells}, "metric": METRIC, "people": len(split.test),
        "base": {p: float(table[_name(NONE, p, control=False)].mean()) for p in predictors},
        "groups": {family: list(members) for family, members in groups.items()},
        "verdict": verdict.en, "verdict_zh": verdict.zh,
    }  # fmt: skip


def _training(predictor: str, rows: Rows, columns: np.ndarray, moved: np.ndarray, seed: int) -> Callable[[], Cell]:
    def train() -> Cell:
        values = shuffled(rows.values, moved, seed)[:, columns]
        names = tuple(rows.names[column] for column in columns)
        ranker: Any = getattr(ranking, predictor)(seed=seed)
        return Cell(ranker.fit_rows(replace(rows, values=values, names=names)), columns, moved, seed)

    return train


def _name(group: str, predictor: str, control: bool) -> str:
    return f"{group} · {predictor}{' · shuffled' if control else ''}"


def _cells(
    table: Mapping[str, np.ndarray], groups: Sequence[str], predictors: Sequence[str], control: bool
) -> list[dict[str, Any]]:  # fmt: skip
    """Each group beside no large model, by the same predictor."""
    asked = [(group, predictor) for group in groups for predictor in predictors]
    pairs = [(_name(group, predictor, control), _name(NONE, predictor, control=False)) for group, predictor in asked]
    found = compare_pairs(table, pairs, METRIC).pairs
    return [
        {
            "features": group, "predictor": predictor, "metric": METRIC, "value": float(table[pair["a"]].mean()),
            **{part: pair[part] for part in ("difference", "low", "high", "p_holm", "detectable")},
        }
        for (group, predictor), pair in zip(asked, found, strict=True)
    ]  # fmt: skip


def _verdict(cells: Sequence[Mapping[str, Any]], control: Sequence[Mapping[str, Any]], people: int) -> Sentence:
    """In words: the largest sure gain or what could have been seen, sure losses, and whether the control holds."""
    least = min((cell["detectable"] for cell in cells), default=0.0)
    said = [NO_HELP.filled(metric=METRIC, people=f"{people:,}", detectable=f"{least:.4f}")]
    gains = [cell for cell in cells if cell["difference"] > 0 and cell["p_holm"] < SURE]
    if gains:
        best = max(gains, key=lambda cell: float(cell["difference"]))
        numbers = {part: f"{best[part]:+.4f}" for part in ("difference", "low", "high")}
        said = [HELPS.filled(best=best["features"], predictor=best["predictor"], metric=METRIC, **numbers)]
    losses = [cell for cell in cells if cell["difference"] < 0 and cell["p_holm"] < SURE]
    if losses:
        said.append(HARMS.filled(names=_listed(losses)))
    wrong = [cell for cell in control if cell["difference"] > 0 and cell["p_holm"] < SURE]
    costs = ", ".join(
        "{features} ({predictor}) {difference:+.4f} [{low:+.4f}, {high:+.4f}]".format(**cell)
        for cell in control if cell["difference"] < 0 and cell["p_holm"] < SURE
    )  # fmt: skip
    said.append(NOT_ZERO.filled(names=_listed(wrong)) if wrong else COSTS.filled(names=costs) if costs else ZERO)
    return Sentence("; ".join(one.en for one in said), "；".join(one.zh for one in said))


def _listed(cells: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"{cell['features']} ({cell['predictor']})" for cell in cells)

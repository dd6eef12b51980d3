"""Step 3: the feature table that rankers learn from, out of fold in time.

At each of some past moments people are asked as they would have been then; what they took afterwards are the labels.
The models that make the columns learned from what was before that moment. For how many epochs they learned was chosen
on the validation part; their weights never saw it.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from zhiyin.answering import features_for, proposed
from zhiyin.core.errors import RefusedError
from zhiyin.core.files import whole_file
from zhiyin.core.languages import Sentence
from zhiyin.core.randomness import generator
from zhiyin.evaluation import audit
from zhiyin.evaluation.ranking import blocks
from zhiyin.features import EventCounters, Feature, default_names, further_names, named_features
from zhiyin.pipeline.line import Line, without
from zhiyin.pipeline.once import Facts, once
from zhiyin.pipeline.past import folds_of, models_then
from zhiyin.pipeline.recipe import GENERATOR
from zhiyin.ranking import Fold, Rows

EVERY = "all"
"""In ``[features] further``: every column that the log can give."""
ASIDE = ("label", "group")
NONE = Sentence("no rows: nobody took something new in the past, or the recipe has no ranker",
                "没有训练行：过去没有人选取新物品，或方案没有排序模型")  # fmt: skip
DONE = Sentence(
    "{rows} rows of {people} people at {folds} past moments, {columns} columns; the candidates hold {reached} of what "
    "was then taken",
    "{folds} 个过去时刻 {people} 人的 {rows} 行，{columns} 列；候选覆盖了之后被选取的 {reached}",
)


def tables(line: Line) -> Facts:
    """The rows, in ``runs/features/KEY.parquet``; none where the recipe names no ranker."""
    recipe = line.recipe
    if recipe.ranker.model is None:
        return {"rows": 0, "summary": NONE.both(), "names": [], "seconds": 0.0, "again": False, "key": ""}
    models = line.done["models"]["models"]
    inputs = {
        "split": line.split_key, "models": {name: facts["digest"] for name, facts in models.items()},
        "sources": recipe.proposing, "features": recipe.features.model_dump(mode="json"), "seed": recipe.seed,
        "stock": recipe.answer.rules.stock,
        "rows": recipe.ranker.model_dump(mode="json", include={"negatives", "people"}),
        "generation": recipe.generation.model_dump(mode="json") if GENERATOR in recipe.sources else None,
    }  # fmt: skip
    place = line.workspace.runs / "features"
    return once(
        line.workspace, "features", inputs, lambda key: _made(line, place / f"{key[:16]}.parquet"),
        there=lambda facts: facts["rows"] == 0 or (line.workspace.folder / facts["file"]).is_file(),
    )  # fmt: skip


def features_of(line: Line, models: Mapping[str, Any]) -> list[Feature]:
    """The columns, by the recipe or the usual ones, then those that it defines. A generator's say is that it proposes,
    which is a column already."""
    scoring = {name: model for name, model in models.items() if name != GENERATOR}
    described = without(line.dataset.catalogue, line.recipe.answer.rules.stock)
    recipe = line.recipe.features
    names = [*(recipe.names or default_names(described, scoring))]
    for name in recipe.further:
        names += further_names(replace(line.dataset, catalogue=described), scoring) if name == EVERY else [name]
    return named_features(
        dict.fromkeys([*names, *recipe.defined]), line.dataset.catalogue, scoring, line.dataset, recipe.defined
    )


def sources_of(line: Line, models: Mapping[str, Any]) -> dict[str, tuple[Any, int]]:
    """The models that propose, and how many candidates each."""
    return {name: (models[name], n) for name, n in line.recipe.proposing.items() if name in models}


def rows_of(path: Path, negative_rate: float) -> Rows:
    """The rows as a ranker reads them."""
    frame = pl.read_parquet(path, glob=False)
    names = tuple(name for name in frame.columns if name not in ASIDE)
    values = frame.select(names).to_numpy().astype(np.float32)
    return Rows(values, frame["label"].to_numpy(), frame["group"].to_numpy(), names, negative_rate)


def _made(line: Line, path: Path) -> Facts:
    folds = folds_of(line)
    if not folds:
        return {"rows": 0, "summary": NONE.both(), "names": []}
    made = [_rows_then(line, number, fold) for number, fold in enumerate(folds)]
    rows = Rows.joined([rows for rows, _ in made[::-1]])
    wanted = sum(n for _, n in made)
    _write(rows, path)
    n_taken = int(rows.labels.sum())
    told = {
        "rows": len(rows),
        "people": int(rows.groups[-1]) + 1 if len(rows) else 0,
        "reached": n_taken / max(1, wanted),
    }
    return {
        **told, "taken": n_taken, "names": list(rows.names), "negative_rate": rows.negative_rate,
        "folds": [fold.rule for fold in folds[::-1]], "file": str(path.relative_to(line.workspace.folder)),
        "summary": DONE.both(
            rows=told["rows"], people=told["people"], columns=len(rows.names), folds=len(folds),
            reached=f"{told['reached']:.1%}",
        ),
    }  # fmt: skip


def _rows_then(line: Line, number: int, fold: Fold) -> tuple[Rows, int]:
    """Rows of one fold, and how many items its people then took."""
    rng = generator(line.recipe.seed, "feature rows", number)
    cases = fold.cases
    limit = max(1, line.recipe.ranker.people // line.recipe.features.folds)
    if len(cases) > limit:
        cases = cases.take(np.sort(rng.choice(len(cases), limit, replace=False)))
    models = models_then(line, number, fold)
    _no_leak(fold, {name: model for name, model in models.items() if name != GENERATOR})
    sources, features, counters = sources_of(line, models), features_of(line, models), EventCounters(fold.train)
    rate, parts = line.recipe.ranker.negatives, []
    for part in list(blocks(cases)) or [cases]:  # one table of everybody does not fit where they are many
        found = proposed(sources, part.requests)
        table = features_for(part.requests, found, features, counters)
        rows = Rows.of(table.values, table.names, found.rows, part.targets)
        parts.append(rows if rate == 1 else rows.thinned(rate, rng))
    return Rows.joined(parts), len(cases.targets.rows)


def _no_leak(fold: Fold, models: Mapping[str, Any]) -> None:
    """Raises `RefusedError` where what makes the columns of a fold has seen what its people then took."""
    found = audit(fold.train, fold.cases, models)
    wrong = [f"{finding.check}: {finding.found}" for finding in found.findings if finding.verdict == "fail"]
    wrong += [f"{name} learned from other events" for name, model in models.items()
              if model.facts["dataset"] != fold.train.digest]  # fmt: skip
    if wrong:
        raise RefusedError(
            f"a leak in the rows of {fold.rule}, so no ranker is trained: {wrong[0]}; mend the split, or remove "
            "runs/past and run again", found=wrong[0],
        )  # fmt: skip


def _write(rows: Rows, path: Path) -> None:
    columns = {name: rows.values[:, f] for f, name in enumerate(rows.names)}
    with whole_file(path) as part:
        pl.DataFrame({**columns, "label": rows.labels, "group": rows.groups}).write_parquet(part, compression="zstd")

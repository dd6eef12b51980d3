"""Step 3: the feature table that rankers learn from, out of fold in time.

The models were trained before the validation part; its people are asked at its beginning, and what they then took are
the labels. A network's number of epochs was chosen on the same part; its weights never saw it.
"""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from zhiyin.answering import features_for, proposed
from zhiyin.core.files import whole_file
from zhiyin.core.languages import Sentence
from zhiyin.core.randomness import generator
from zhiyin.features import EventCounters, Feature, default_names, named_features
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.once import Facts, once
from zhiyin.ranking import Rows

ASIDE = ("label", "group")
NONE = Sentence("no rows: the split has no validation part, or the recipe no ranker",
                "没有训练行：划分没有验证部分，或方案没有排序模型")  # fmt: skip
DONE = Sentence(
    "{rows} rows of {people} people, {columns} columns; the candidates hold {reached} of what was then taken",
    "{people} 人的 {rows} 行，{columns} 列；候选覆盖了之后被选取的 {reached}",
)


def tables(line: Line) -> Facts:
    """The rows, in ``runs/features/KEY.parquet``; none where the split has no validation part."""
    recipe = line.recipe
    models = line.done["models"]["models"]
    inputs = {
        "split": line.split_key, "models": {name: facts["digest"] for name, facts in models.items()},
        "sources": recipe.proposing, "features": recipe.features.model_dump(mode="json"), "seed": recipe.seed,
        "rows": recipe.ranker.model_dump(mode="json", include={"negatives", "people"}),
    }  # fmt: skip
    place = line.workspace.runs / "features"
    return once(
        line.workspace, "features", inputs, lambda key: _made(line, place / f"{key[:16]}.parquet"),
        there=lambda facts: facts["rows"] == 0 or (line.workspace.folder / facts["file"]).is_file(),
    )  # fmt: skip


def features_of(line: Line) -> list[Feature]:
    """The columns, by the recipe or all there are."""
    names = line.recipe.features.names or default_names(line.dataset.catalogue, line.models)
    return named_features(names, line.dataset.catalogue, line.models)


def sources_of(line: Line) -> dict[str, tuple[Any, int]]:
    """The models that propose, and how many candidates each."""
    return {name: (line.models[name], n) for name, n in line.recipe.proposing.items()}


def rows_of(path: Path, negative_rate: float) -> Rows:
    """The rows as a ranker reads them."""
    frame = pl.read_parquet(path, glob=False)
    names = tuple(name for name in frame.columns if name not in ASIDE)
    values = frame.select(names).to_numpy().astype(np.float32)
    return Rows(values, frame["label"].to_numpy(), frame["group"].to_numpy(), names, negative_rate)


def _made(line: Line, path: Path) -> Facts:
    cases = line.split.validation
    if cases is None or line.recipe.ranker.model is None:
        return {"rows": 0, "summary": NONE.both(), "names": []}
    rng = generator(line.recipe.seed, "feature rows")
    limit = line.recipe.ranker.people
    if len(cases) > limit:
        cases = cases.take(np.sort(rng.choice(len(cases), limit, replace=False)))
    candidates = proposed(sources_of(line), cases.requests)
    table = features_for(cases.requests, candidates.rows, features_of(line), EventCounters(line.split.train))
    rows = Rows.of(table.values, table.names, candidates.rows, cases.targets)
    if line.recipe.ranker.negatives < 1:
        rows = rows.thinned(line.recipe.ranker.negatives, rng)
    _write(rows, path)
    n_taken = int(rows.labels.sum())
    reached = n_taken / max(1, len(cases.targets.rows))
    return {
        "rows": len(rows), "taken": n_taken, "people": len(cases), "names": list(rows.names),
        "negative_rate": rows.negative_rate, "reached": reached,
        "file": str(path.relative_to(line.workspace.folder)),
        "summary": DONE.both(rows=len(rows), people=len(cases), columns=len(rows.names), reached=f"{reached:.1%}"),
    }  # fmt: skip


def _write(rows: Rows, path: Path) -> None:
    columns = {name: rows.values[:, f] for f, name in enumerate(rows.names)}
    with whole_file(path) as part:
        pl.DataFrame({**columns, "label": rows.labels, "group": rows.groups}).write_parquet(part, compression="zstd")

"""Step 4: the rankers, from the same rows: feature columns to a calibrated probability."""

from typing import Any

import numpy as np

from zhiyin import ranking
from zhiyin.core.errors import ModelError
from zhiyin.core.languages import Sentence
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.once import Facts, once
from zhiyin.pipeline.tables import rows_of
from zhiyin.pipeline.train import saved, still_there

NONE = Sentence("no ranker: nothing to learn it from; models answer alone",
                "没有排序模型：没有可学习的数据；由各模型直接回答")  # fmt: skip
DONE = Sentence("{names}; what counts most: {counts}", "{names}；最重要的列：{counts}")


def rank(line: Line) -> Facts:
    """The recipe's ranker and those beside it; none where there are no rows of both kinds."""
    rows = line.done["features"]
    if not rows["rows"] or not rows["taken"] or rows["taken"] == rows["rows"]:
        return {"summary": NONE.both(), "rankers": {}, "seconds": 0.0, "again": False}
    wanted = dict.fromkeys([str(line.recipe.ranker.model), *line.recipe.ranker.beside])
    rankers = {}
    for name in wanted:
        try:
            rankers[name] = _trained(line, name)
        except ModelError as error:  # one person, few rows, or candidates that never differ
            line.progress.say(f"no ranker {name}: {error.message}")
    if not rankers:
        return {"summary": NONE.both(), "rankers": {}, "seconds": 0.0, "again": False}
    first = next(iter(rankers.values()))
    counts = ", ".join(f"{name} {share:.0%}" for name, share in list(first["importance"].items())[:3])
    return {
        "summary": DONE.both(names=", ".join(rankers), counts=counts), "rankers": rankers,
        "seconds": sum(facts["seconds"] for facts in rankers.values()),
        "again": all(facts["again"] for facts in rankers.values()),
    }  # fmt: skip


def name_of(ranker: str) -> str:
    """Its name in the registry of the workspace."""
    return f"ranker-{ranker}"


def _trained(line: Line, name: str) -> Facts:
    table = line.done["features"]

    def make(key: str) -> Facts:
        ranker: Any = getattr(ranking, name)(seed=line.recipe.seed)
        rows = rows_of(line.workspace.folder / table["file"], table["negative_rate"])
        ranker.fit_rows(rows)
        if not np.ptp(ranker.probability(rows.values)):
            raise ModelError(f"{name} learned nothing: it gives every one of {len(rows):,} rows the same probability")
        return {**saved(line.workspace, name_of(name), ranker), "importance": ranker.importance(), **ranker.facts}

    return once(
        line.workspace, name_of(name), {"features": table["key"], "seed": line.recipe.seed}, make,
        there=lambda facts: still_there(line.workspace, name_of(name), facts),
    )  # fmt: skip

"""What the out-of-fold feature table costs beside the trainings in it: `python -m benchmarks.folds [NAME …]`.

Four folds, by time on Online Retail, by position on ML-1M; CPU seconds of one process; `results/folds.json`. Goal: the
whole table for at most twice the CPU seconds of the models that were trained for it.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.protocols import RESULTS
from zhiyin.data.bundled import online_retail
from zhiyin.data.ingest import ingest
from zhiyin.pipeline import Recipe, Workspace, past, train
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.run import STEPS

GOAL = 2.0
FOLDS = 4
SETS = {"online-retail": "demo", "ml-1m": "default"}
"""Data and the shipped recipe; its folds are set to four."""


def measured(name: str, folder: Path) -> dict[str, Any]:
    """CPU seconds of the first fits and the table, and of the trainings among them."""
    workspace = Workspace.create(folder, SETS[name])
    source = online_retail() if name == "online-retail" else Path(os.environ["ZHIYIN_DATA"]) / name
    ingest(source, folder)
    text = workspace.recipe_path.read_text("utf-8")
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("folds ="))
    workspace.recipe_path.write_text(
        kept.replace("[features]", f"[features]\nfolds = {FOLDS}") if "[features]" in kept
        else f"{kept}\n[features]\nfolds = {FOLDS}\n", "utf-8",
    )  # fmt: skip
    trainings: list[float] = []

    def timed(function: Any, *arguments: Any, **further: Any) -> Any:
        start = time.process_time()
        made = function(*arguments, **further)
        trainings.append(time.process_time() - start)
        return made

    fit, fitted = train.fit, past.fitted
    line = Line(workspace, Recipe.load(workspace.recipe_path))
    line.done["data"] = STEPS["data"](line)
    refits: list[float] = []

    def first_or_last(*arguments: Any, **further: Any) -> Any:
        start = time.process_time()
        made = fit(*arguments, **further)
        # what answers is no part of the table
        (trainings if "validation" in further else refits).append(time.process_time() - start)
        return made

    train.fit = first_or_last  # type: ignore[assignment]
    past.fit = lambda *a, **k: timed(fit, *a, **k)  # type: ignore[assignment]
    past.fitted = lambda *a, **k: timed(fitted, *a, **k)  # type: ignore[assignment]
    line.done["models"] = STEPS["models"](line)
    first = sum(trainings)
    start = time.process_time()
    line.done["features"] = STEPS["features"](line)
    table = time.process_time() - start + first
    return {
        "data": name, "folds": len(line.done["features"]["folds"]), "rows": line.done["features"]["rows"],
        "columns": len(line.done["features"]["names"]), "trainings": len(trainings),
        "trainings_cpu_s": round(sum(trainings), 1), "table_cpu_s": round(table, 1),
        "ratio": round(table / sum(trainings), 3), "goal": GOAL,
    }  # fmt: skip


def main() -> None:
    path = RESULTS / "folds.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for name in sys.argv[1:] or SETS:
        with tempfile.TemporaryDirectory() as folder:
            found[name] = measured(name, Path(folder))
        path.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        print(found[name], flush=True)


if __name__ == "__main__":
    main()

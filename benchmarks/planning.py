"""What `zhiyin plan` says beside what training then takes: `python -m benchmarks.planning`.

Each network with the recipe's default settings and a few epochs, on real logs, one thread: first the plan, then a whole
training in a process of its own. Writes ``benchmarks/results/planning.json``; the goal is within 25 %.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.protocols import RESULTS, data_folder
from zhiyin.data.ingest import ingest
from zhiyin.experiments import plan
from zhiyin.experiments.planning import highest
from zhiyin.models import estimator
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.recipe import Recipe
from zhiyin.pipeline.workspace import Workspace

LOGS = ("ml-100k", "amazon-beauty")
RECIPE = """
[split]
by = "last"

[models.vae]
model = "MultVAE"
epochs = 10
patience = 10

[models.recvae]
model = "RecVAE"
epochs = 4
hidden = 300
latent = 100
patience = 10

[models.transformer]
model = "SASRec"
epochs = 4
patience = 10
"""


def trained(folder: str, name: str) -> dict[str, float]:
    """Seconds and highest memory of one training, in this process."""
    torch.set_num_threads(1)
    workspace = Workspace(folder)
    line = Line(workspace, Recipe.load(workspace.recipe_path))
    model = estimator(line.recipe.models[name].model)(config=line.recipe.settings_of(name))
    parts = line.split
    with highest() as peak:
        started = time.perf_counter()
        model.fit(parts.train, validation=parts.validation)
        seconds = time.perf_counter() - started
    return {"seconds": seconds, "peak_mb": peak[0] / 2**20}


def measured(log: str) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(folder)
        workspace.recipe_path.write_text(RECIPE)
        ingest(data_folder() / log, workspace.folder)
        rows = []
        for name in Recipe.load(workspace.recipe_path).models:
            said = plan(workspace, (name,))["models"][name]
            command = [sys.executable, "-m", "benchmarks.planning", folder, name]
            took = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            rows.append({
                "data": log, "model": said["model"], "planned": said, "took": took,
                "seconds_ratio": said["seconds"] / took["seconds"], "peak_ratio": said["peak_mb"] / took["peak_mb"],
            })  # fmt: skip
            print(
                json.dumps({key: rows[-1][key] for key in ("data", "model", "seconds_ratio", "peak_ratio")}), flush=True
            )
    return rows


def main() -> None:
    if len(sys.argv) == 3:
        print(json.dumps(trained(sys.argv[1], sys.argv[2])))
        return
    torch.set_num_threads(1)
    found = {"threads": 1, "rows": [row for log in LOGS for row in measured(log)]}
    Path(RESULTS / "planning.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

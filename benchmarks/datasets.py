"""Every dataset with behaviour through `zhiyin ingest` and `zhiyin run`, no code, the recipe as it comes.

`python -m benchmarks.datasets [NAME …]` keeps each in ``results/datasets/NAME.json``: what was taken in, the split, the
figures of the best list and of popularity, seconds. A file that is there is not made again; a run that was stopped
goes on in its workspace under ``.cache/workspaces``.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.protocols import CACHE, RESULTS

PLACE = RESULTS / "datasets"
FOLDERS = (
    "online-retail/transactions.parquet", "online-retail", "ml-100k", "ml-100k/raw", "ml-1m", "amazon-beauty",
    "goodbooks-10k", "deskdrop", "retailrocket-events", "open-bandit-small", "frappe-ctr", "diginetica-sessions",
    "mealrec-plus-h", "tiktok-multimodal",
)  # fmt: skip
METRIC = "ndcg@10"


FURTHER = {
    "generate": ("generate", "--gaps"), "features": ("features", "list"),
    "recommend --all": ("recommend", "--all", "--out", "{folder}/lists.parquet"),
    "export --onnx": ("export", "--onnx", "{folder}/onnx"),
    "export --vectors": ("export", "--vectors", "{folder}/vectors"),
}  # fmt: skip
"""Asked of every set after its run."""


def asked(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """One command, its result as JSON."""
    return subprocess.run([sys.executable, "-m", "zhiyin", *arguments, "--json"], capture_output=True, text=True,
                          check=False)  # fmt: skip


def command(*arguments: str) -> dict[str, Any]:
    """What one command says in JSON. Raises `RuntimeError` where it does not end with 0."""
    told = asked(*arguments)
    if told.returncode:
        raise RuntimeError(f"zhiyin {' '.join(arguments)} ended with {told.returncode}: {told.stderr[-500:]}")
    return dict(json.loads(told.stdout))


def further(folder: str) -> dict[str, str]:
    """What each further command ended with: "done", or what it says is missing."""
    found = {}
    for name, arguments in FURTHER.items():
        told = asked(*(part.format(folder=folder) for part in arguments), "-w", folder)
        if told.returncode not in (0, 2) or "Traceback" in told.stderr:
            raise RuntimeError(f"zhiyin {name} ended with {told.returncode}: {told.stderr[-500:]}")
        message = "" if not told.returncode else json.loads(told.stdout)["error"]["message"]
        found[name] = message.replace(folder, "WORKSPACE") or "done"
    return found


def one(name: str, source: Path, path: Path) -> dict[str, Any]:
    """One dataset in a workspace of its own; what its run gave is kept before the further commands are asked."""
    workspace = CACHE / "workspaces" / name.replace("/", "-")
    folder = str(workspace)
    start = time.perf_counter()
    taken = command("ingest", str(source), "-w", folder)
    ingested = time.perf_counter()
    result = command("run", "-w", folder)
    ended = time.perf_counter()
    lists = {who: figures[METRIC] for who, figures in result["evaluation"]["models"].items()}
    best = max(lists, key=lambda who: lists[who]["value"])
    popular = max((who for who in lists if who.startswith("popular")), key=lambda who: lists[who]["value"])
    found = {
        "data": name, "events": taken["events"], "users": taken["users"], "items": taken["items"],
        "quarantined": taken["quarantined"], "split": result["data"]["split"]["rule"],
        "cases": result["evaluation"]["split"]["cases"], "lists": lists, "best": best, "popularity": popular,
        "steps": {step["name"]: step["seconds"] for step in result["steps"]},
        "ingest_s": round(ingested - start, 1), "run_s": round(ended - ingested, 1),
    }  # fmt: skip
    keep(found, path)
    keep({**found, "commands": further(folder)}, path)
    shutil.rmtree(workspace)
    return found


def keep(found: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    data = Path(os.environ["ZHIYIN_DATA"])
    PLACE.mkdir(parents=True, exist_ok=True)
    failed = []
    for folder in sys.argv[1:] or FOLDERS:
        path = PLACE / f"{folder.removesuffix('.parquet').replace('/', '-')}.json"
        if path.exists() and "commands" in json.loads(path.read_text(encoding="utf-8")):
            continue
        source = data / folder
        try:
            found = one(folder, source, path)
        except RuntimeError as error:
            print(error, flush=True)
            failed.append(folder)
            continue
        print(f"{folder}: {found['best']} {found['lists'][found['best']]['value']:.4f}, {found['run_s']} s", flush=True)
    if failed:
        raise SystemExit(f"not everything went through: {', '.join(failed)}")


if __name__ == "__main__":
    main()

"""The demo once, timed; figures in ``results/demo.json``, pictures in ``docs/pictures``: `python -m benchmarks.demo`.

The picture of the report is taken by Chromium where it is installed.
"""

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.protocols import RESULTS
from zhiyin.charts import Interval, intervals

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
METRIC = "ndcg@10"
COLOUR = "#3b6ea5"
"""Readable on a light and on a dark page; a picture in a page of its own has no page's colour."""


def measured(workspace: Path) -> dict[str, object]:
    """Wall and CPU seconds, the steps, every list's figure, what cleaning left."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-m", "zhiyin", "demo", "-w", str(workspace), "--json"], check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    run = json.loads((workspace / "runs" / "last.json").read_text("utf-8"))
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    figures = {name: found[METRIC] for name, found in run["evaluation"]["models"].items()}
    return {
        "wall_s": round(wall, 1), "cpu_s": round(cpu, 1),
        "steps": {step["name"]: step["seconds"] for step in run["steps"]},
        "cleaning": [{"words": fix["en"], "left": fix["left"]} for fix in run["data"]["fixes"]],
        "split": run["evaluation"]["split"]["rule"], "cases": run["evaluation"]["split"]["cases"], METRIC: figures,
    }  # fmt: skip


def picture(figures: dict[str, dict[str, float]]) -> str:
    """Best first."""
    ordered = sorted(figures.items(), key=lambda figure: -figure[1]["value"])
    rows = [Interval(name, found["value"], found["low"], found["high"]) for name, found in ordered]
    drawn = intervals(rows, f"NDCG@10 of the demo, {METRIC}")
    return drawn.replace("<svg ", f'<svg color="{COLOUR}" font-family="sans-serif" ', 1)


def screenshot(workspace: Path, chromium: str, language: str, to: Path) -> None:
    page = workspace / "reports" / f"{language}.html"
    subprocess.run(
        [sys.executable, "-m", "zhiyin", "report", "--lang", language, "--to", str(page), "-w", str(workspace)],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1000,1400",
         f"--screenshot={to}", page.as_uri()], check=True, capture_output=True,
    )  # fmt: skip


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "demo"
        found = measured(workspace)
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        if chromium:
            for language in ("en", "zh"):
                screenshot(workspace, chromium, language, PICTURES / f"report-{language}.png")
    (RESULTS / "demo.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (PICTURES / "demo.svg").write_text(picture(found[METRIC]) + "\n", encoding="utf-8")  # type: ignore[arg-type]
    print(f"demo: {found['wall_s']} s, {found['cpu_s']} CPU s")


if __name__ == "__main__":
    main()

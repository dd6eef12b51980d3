"""The ablation of large models' columns on several datasets: `python -m benchmarks.ablation [NAME …]`.

Each is kept in ``results/ablation-NAME.json`` (DESIGN's cells and control) and as ``docs/pictures/ablation-NAME.svg``.
A file that is there is not made again.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.datasets import command
from benchmarks.demo import COLOUR, PICTURES
from benchmarks.protocols import RESULTS
from zhiyin.charts import Interval, intervals

SETS = {"online-retail": "", "ml-100k": "ml-100k", "goodbooks-10k": "goodbooks-10k", "deskdrop": "deskdrop",
        "ml-1m": "ml-1m"}  # fmt: skip
"""Name to its folder below ZHIYIN_DATA; the demo's own data where there is none."""
GAN = '\n[models.gan]\nmodel = "AdversarialVAE"\nepochs = 20\n'


def one(folder: Path, source: Path | None) -> dict[str, Any]:
    """The ablation in a workspace of its own: the demo's recipe, or the usual one with the GAN beside it."""
    if source is None:
        command("init", "-w", str(folder), "--recipe", "demo")
        from zhiyin.data.bundled import online_retail

        command("ingest", str(online_retail()), "-w", str(folder))
    else:
        command("ingest", str(source), "-w", str(folder))
        recipe = folder / "zhiyin.toml"
        recipe.write_text(recipe.read_text("utf-8").replace("\n[sources]", f"{GAN}\n[sources]"), "utf-8")
    return command("ablate", "-w", str(folder))


def picture(name: str, found: dict[str, Any]) -> str:
    """Each cell beside no large model; the control below."""
    rows = [
        Interval(f"{cell['features']}, {cell['predictor']}{beside}", cell["difference"], cell["low"], cell["high"])
        for beside, cells in (("", found["cells"]), (" (shuffled)", found["control"]["cells"]))
        for cell in cells
    ]
    title = f"What large models' columns add to {found['metric']}, {name}"
    return intervals(rows, title).replace("<svg ", f'<svg color="{COLOUR}" ', 1)


def main() -> None:
    for name in sys.argv[1:] or SETS:
        path = RESULTS / f"ablation-{name}.json"
        if not path.exists():
            source = Path(os.environ["ZHIYIN_DATA"]) / SETS[name] if SETS[name] else None
            with tempfile.TemporaryDirectory() as folder:
                found = one(Path(folder), source)
            path.write_text(json.dumps({"data": name, **found}, indent=1, ensure_ascii=False) + "\n", "utf-8")
        found = json.loads(path.read_text("utf-8"))
        (PICTURES / f"ablation-{name}.svg").write_text(picture(name, found) + "\n", "utf-8")
        print(f"{name}: {found['verdict']}", flush=True)


if __name__ == "__main__":
    main()

"""Going on from an earlier version against learning everything again: `python -m benchmarks.onward [MODEL …]`.

Online Retail: the last 30 days are the test, the version before knows nothing of the 30 days before these. Going on, it
learns from the whole log with a third of the epochs; items that came meanwhile are new to it. The other two: the same
version as it was, and the whole log learned from the beginning. Kept in ``results/onward.json``.
"""

import json
import sys
import time
from typing import Any

import polars as pl
import torch

import zhiyin
from benchmarks.protocols import RESULTS, data_folder
from zhiyin.data.splits import split
from zhiyin.evaluation import compare_pairs, evaluate

PATH, METRIC, DAYS = RESULTS / "onward.json", "ndcg@10", 30
MODELS: dict[str, dict[str, Any]] = {
    "MultVAE": {}, "RecVAE": {"epochs": 30}, "AdversarialVAE": {}, "CFGAN": {}, "SASRec": {}, "ESASRec": {},
}  # fmt: skip
SHARE = 3
"""Of the epochs of a whole training, one in so many goes on."""


def fitted(model: Any, dataset: zhiyin.Dataset, **further: Any) -> tuple[Any, float]:
    """The model, and the CPU seconds it took."""
    start = time.process_time()
    return model.fit(dataset, **further), time.process_time() - start


def one(name: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Figures, seconds and the paired difference of one model."""
    events = pl.read_parquet(data_folder() / "online-retail" / "interactions.parquet")
    parts = split(zhiyin.Dataset.from_frame(events), days=DAYS)
    newest = int(parts.refit.histories.times.max())
    before = events.filter(pl.col("timestamp") < newest - DAYS * 86400)
    kind = getattr(zhiyin.models, name)
    model = kind(seed=0, **settings)
    early, _ = fitted(model, zhiyin.Dataset.from_frame(before))
    epochs = model.config.epochs
    asis, _ = fitted(kind(config=model.config.model_copy(update={"epochs": 0})), parts.refit, start=early)
    shorter = model.config.model_copy(update={"epochs": max(1, epochs // SHARE)})
    onward, onward_s = fitted(kind(config=shorter), parts.refit, start=early)
    again, again_s = fitted(kind(config=model.config), parts.refit)
    versions = {"as it was": asis, "gone on": onward, "learned again": again}
    found = evaluate(versions, parts, metrics=(METRIC,))
    table = {who: found.table[who][METRIC] for who in versions}
    pair = compare_pairs(table, [("gone on", "learned again")], METRIC).pairs[0]
    return {
        "settings": settings, "epochs": epochs, "epochs_onward": shorter.epochs, "cases": len(parts.test),
        "new_items": asis.facts["started_from"]["new_items"], "items": len(again.catalogue),
        **{who: float(values.mean()) for who, values in table.items()},
        "gap": {part: pair[part] for part in ("difference", "low", "high")},
        "onward_cpu_s": round(onward_s, 1), "again_cpu_s": round(again_s, 1),
    }  # fmt: skip


def main() -> None:
    torch.set_num_threads(1)
    found: dict[str, Any] = json.loads(PATH.read_text("utf-8")) if PATH.exists() else {}
    for name in sys.argv[1:] or MODELS:
        if name not in found:
            found[name] = one(name, MODELS[name])
            PATH.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
            print(name, found[name], file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

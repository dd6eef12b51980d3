"""SASRec with the exact softmax over all items: the last event of each history, ranked among all unseen items.

`python -m benchmarks.sasrec [--data amazon-beauty ml-1m] [--seeds 0] [--refit] [--peer]`. The epoch is chosen on the
last event but one; the fit sees neither it nor the test, and the history that is asked about ends with it. ``--refit``
adds the figures of a second fit that sees it. ``--peer`` adds RecTools' SASRec on the same split.
"""

import argparse
import json
import time

import numpy as np
import torch

import zhiyin
from benchmarks import protocols
from benchmarks.cells import cell, mean_and_error
from benchmarks.speed import measured
from benchmarks.zhiyin_jobs import dataset_of
from zhiyin.data.contracts import Cases, Ragged, Requests

PROTOCOL = "last"
SETTINGS = {
    "amazon-beauty": {"blocks": 1, "dropout": 0.4, "epochs": 16, "batch": 128, "learning_rate": 6e-3},
    "ml-1m": {"max_history": 200, "dropout": 0.2, "epochs": 7, "batch": 16},
}
"""Chosen on the validation events, within minutes on one core; the rest are defaults."""


def asked_and_taken(train: zhiyin.Dataset, whole: zhiyin.Dataset) -> Cases:
    """The history as ``train`` has it, and the next event of ``whole``."""
    histories = train.history_of(list(whole.users))
    longer = whole.histories
    here = longer.lengths > histories.lengths
    following = longer.items[(longer.offsets[:-1] + histories.lengths)[here]]
    requests = Requests.of(histories.take(np.flatnonzero(here)))
    return Cases(requests, Ragged.of(following[:, None]), np.flatnonzero(here))


def figures_of(model: zhiyin.models.SASRec, cases: Cases, k: int = 10) -> dict[str, object]:
    """Means over all cases with their 95 % intervals (1.96 standard errors over people)."""
    hits = model.candidates(cases.requests, k).rows == cases.targets.rows[:, None]  # (B, k)
    found: dict[str, object] = {"people": len(cases)}
    for name, weights in (("recall", np.ones(k)), ("ndcg", 1 / np.log2(np.arange(2, k + 2)))):
        gains = hits @ weights
        half = 1.96 * gains.std() / len(gains) ** 0.5
        found[f"{name}@{k}"] = float(gains.mean())
        found[f"{name}@{k} interval"] = [float(gains.mean() - half), float(gains.mean() + half)]
    return found


def parts_of(data: str) -> list[zhiyin.Dataset]:
    """Train; train and validation; all."""
    return [dataset_of(protocols.last(data), *("train", "validation", "test")[:n]) for n in (1, 2, 3)]


def ours(data: str, seed: int) -> dict[str, object]:
    train, longer, whole = parts_of(data)
    settings = {"validation_k": 10, "seed": seed, **SETTINGS[data]}
    start = time.process_time()
    model = zhiyin.models.SASRec(**settings).fit(train, validation=asked_and_taken(train, longer))
    return {
        "settings": settings, "best_epoch": model.facts["best_epoch"], "curve": model.facts["curve"],
        "verdict": model.facts["verdict"], "fit_cpu_s": round(time.process_time() - start, 1),
        "saw_validation": False, **figures_of(model, asked_and_taken(longer, whole)),
    }  # fmt: skip


def refitted(data: str, seed: int) -> dict[str, object]:
    """So many epochs as were best, on train and validation."""
    _, longer, whole = parts_of(data)
    first = cell("SASRec", data, PROTOCOL, seed, ours)
    settings = {**first["settings"], "epochs": first["best_epoch"]}
    model = zhiyin.models.SASRec(**settings).fit(longer)
    return {"settings": settings, "saw_validation": True, **figures_of(model, asked_and_taken(longer, whole))}


def peer(data: str, seed: int) -> dict[str, object]:
    return measured("rectools", "sasrec_last", protocols.last(data))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--refit", action="store_true")
    parser.add_argument("--peer", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows = [("SASRec", ours, asked.seeds)]
    rows += [("SASRec-refit", refitted, asked.seeds)] if asked.refit else []
    rows += [("RecTools-SASRec", peer, [0])] if asked.peer else []
    table: dict[str, str] = {}
    for data in asked.data:
        for model, measure, seeds in rows:
            cells = [cell(model, data, PROTOCOL, seed, measure) for seed in seeds]
            for metric in ("recall@10", "ndcg@10"):
                table[f"{model} {data} {metric}"] = mean_and_error([float(found[metric]) for found in cells])
    print(json.dumps(table, indent=2))


if __name__ == "__main__":
    main()

"""SASRec with the exact softmax over all items: the last event of each history, ranked among all unseen items.

`python -m benchmarks.sasrec [--data amazon-beauty ml-1m] [--seeds 0]`. The number of epochs is chosen on the last
event but one, on a fit that does not see it; the figures are of a second fit of so many epochs that does.
"""

import argparse
import json

import numpy as np
import torch

import zhiyin
from benchmarks import protocols
from benchmarks.cells import cell, mean_and_error
from benchmarks.zhiyin_jobs import dataset_of
from zhiyin.data.contracts import Cases, Ragged, Requests
from zhiyin.training import ndcg_on

PROTOCOL = "last"
SETTINGS = {
    "amazon-beauty": {"width": 64, "blocks": 1, "dropout": 0.3, "epochs": 15, "learning_rate": 4e-3},
    "ml-1m": {"width": 64, "blocks": 2, "dropout": 0.2, "epochs": 30},
}
"""Chosen on the validation events; the rest are defaults."""


def asked_and_taken(train: zhiyin.Dataset, whole: zhiyin.Dataset) -> Cases:
    """The history as ``train`` has it, and the next event of ``whole``."""
    histories = train.history_of(list(whole.users))
    longer = whole.histories
    here = longer.lengths > histories.lengths
    following = longer.items[(longer.offsets[:-1] + histories.lengths)[here]]
    requests = Requests.of(histories.take(np.flatnonzero(here)))
    return Cases(requests, Ragged.of(following[:, None]), np.flatnonzero(here))


def hit_rate(model: zhiyin.models.SASRec, cases: Cases, k: int = 10) -> float:
    best = model.candidates(cases.requests, k).rows
    return float((best == cases.targets.rows[:, None]).any(axis=1).mean())


def ours(data: str, seed: int) -> dict[str, object]:
    folder = protocols.last(data)
    train, longer, whole = (dataset_of(folder, *("train", "validation", "test")[:n]) for n in (1, 2, 3))
    settings = {"validation_k": 10, "patience": 5, "seed": seed, **SETTINGS[data]}
    chosen = zhiyin.models.SASRec(**settings).fit(train, validation=asked_and_taken(train, longer))
    test = asked_and_taken(longer, whole)
    figures: dict[str, object] = {"settings": settings, "best_epoch": chosen.facts["best_epoch"]}
    again = {**settings, "epochs": chosen.facts["best_epoch"]}
    for saw, model in ((False, chosen), (True, zhiyin.models.SASRec(**again).fit(longer))):
        figures[f"saw_validation={saw}"] = {"recall@10": hit_rate(model, test), "ndcg@10": ndcg_on(model, test, 10)}
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    asked = parser.parse_args()
    torch.set_num_threads(1)
    table: dict[str, str] = {}
    for data in asked.data:
        cells = [cell("SASRec", data, PROTOCOL, seed, ours) for seed in asked.seeds]
        for saw in ("saw_validation=False", "saw_validation=True"):
            for metric in ("recall@10", "ndcg@10"):
                table[f"{data} {metric} {saw}"] = mean_and_error([float(found[saw][metric]) for found in cells])
    print(json.dumps(table, indent=2))


if __name__ == "__main__":
    main()

"""Mult-VAE and RecVAE on people they have never seen: NDCG@100 on MovieLens-1M, all pairs positive, beside RecBole's.

`python -m benchmarks.vae [--seeds 0 1 2 3 4] [--no-peers]`. Of each split's 6,040 people 604 are test (80 % of their
pairs folded in) and 604 validation, which the settings were chosen on (split 0 alone) and no fit here sees.
"""

import argparse
import json
from functools import partial

import torch

import zhiyin
from benchmarks import protocols
from benchmarks.cells import cell, mean_and_error
from benchmarks.speed import measured
from benchmarks.zhiyin_jobs import dataset_of, held_out_cases
from zhiyin.training import ndcg_on

PROTOCOL = "people"


def ours(name: str, data: str, seed: int) -> dict[str, object]:
    folder = protocols.people(data, seed)
    train = dataset_of(folder, "train")
    model = getattr(zhiyin.models, name)(seed=seed).fit(train)
    test = held_out_cases(folder, train)
    return {
        "ndcg@100": ndcg_on(model, test, 100), "people": len(test), "saw_validation": False,
        "settings": model.config.model_dump(mode="json"), "verdict": model.facts["verdict"],
    }  # fmt: skip


def theirs(data: str, seed: int) -> dict[str, object]:
    figures = measured("recbole", "multivae", protocols.people(data, seed))
    return {"ndcg@100": figures["ndcg@100"], "saw_validation": False, "epoch_cpu_s": figures["epoch_cpu_s"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--no-peers", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows = {name: partial(ours, name) for name in ("MultVAE", "RecVAE")}
    if not asked.no_peers:
        rows["RecBole-MultiVAE"] = theirs
    table: dict[str, list[float]] = {}
    for seed in asked.seeds:
        for name, measure in rows.items():
            found = cell(name, "ml-1m", PROTOCOL, seed, measure)
            table.setdefault(name, []).append(float(found["ndcg@100"]))
    print(json.dumps({name: mean_and_error(values) for name, values in table.items()}, indent=2))


if __name__ == "__main__":
    main()

"""Zhiyin at the peers' jobs: `python -m benchmarks.zhiyin_jobs JOB FOLDER OUT.json` (one thread, CPU seconds)."""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

import zhiyin
from benchmarks import ingest
from zhiyin.data.contracts import Cases, Ragged, Requests
from zhiyin.training import Engine

K = 100
TARGET = 0.4506
"""NDCG@100 of validation people on ML-1M that a Mult-VAE is to reach."""


def clock() -> float:
    return time.process_time()


def dataset_of(folder: Path, *parts: str) -> zhiyin.Dataset:
    """The rows of these parts; every item of the protocol is in the catalogue."""
    events = pl.read_parquet(folder / "events.parquet")
    items = events.select(pl.col("item").unique(maintain_order=True))
    return zhiyin.Dataset.from_frame(events.filter(pl.col("part").is_in(parts)).drop("part"), items=items)


def held_out_cases(folder: Path, train: zhiyin.Dataset, fold_in: str = "fold_in", targets: str = "test") -> Cases:
    """The held-out people's questions and answers, in the training data's item rows."""
    events = pl.read_parquet(folder / "events.parquet")
    people = events.filter(pl.col("part") == targets)["user"].unique(maintain_order=True).to_list()
    asked = events.filter(pl.col("part") == fold_in)
    answers = events.filter(pl.col("part") == targets)
    items = pl.DataFrame({"item": train.catalogue.ids.series})
    histories = zhiyin.Dataset.from_frame(asked.drop("part"), items=items).history_of(people)
    taken = zhiyin.Dataset.from_frame(answers.drop("part"), items=items).history_of(people)
    rows = Ragged(taken.offsets, taken.items)
    return Cases(Requests.of(histories), rows, train.users.rows(people).astype("int64"))


def ease(folder: Path, out: Path) -> dict[str, float]:
    dataset = dataset_of(folder, "train")
    model = zhiyin.models.EASE(regularisation=200)
    start = clock()
    model.fit(dataset)
    fit = clock() - start
    requests = dataset.requests()
    start = clock()
    found = model.candidates(requests, K)
    seconds = clock() - start
    ids = {user: dataset.catalogue.ids.take(rows) for user, rows in zip(dataset.users, found.rows, strict=True)}
    out.with_suffix(".lists.json").write_text(json.dumps(ids))
    return {"fit_cpu_s": fit, "recommend_cpu_s": seconds, "people_per_cpu_s": len(requests) / seconds}


def metrics(folder: Path, out: Path) -> dict[str, float]:
    """Five metrics over 6,040 lists of 100."""
    from zhiyin.evaluation import metrics_of_lists

    dataset = dataset_of(folder, "train")
    rows = model_rows = zhiyin.models.Popular().fit(dataset).candidates(dataset.requests(), K).rows
    events = pl.read_parquet(folder / "events.parquet").filter(pl.col("part") == "test").drop("part")
    test = zhiyin.Dataset.from_frame(events, items=pl.DataFrame({"item": dataset.catalogue.ids.series}))
    taken = test.history_of(list(dataset.users))
    targets = Ragged(taken.offsets, taken.items)
    seconds, figures = [], {}
    for _ in range(20):
        start = clock()
        figures = metrics_of_lists(rows, targets, ("recall@10", "ndcg@10", "map@10", "mrr@10", "precision@10"))
        seconds.append(clock() - start)
    return {
        "evaluate_cpu_s": statistics.median(seconds),
        "lists": len(model_rows),
        **{name: float(column.mean()) for name, column in figures.items()},
    }


def vae(folder: Path, out: Path) -> dict[str, float]:
    """CPU seconds of an epoch: 600-200, batch 500, on the training people of a held-out-people protocol."""
    dataset = dataset_of(folder, "train")

    def fit(epochs: int) -> None:
        zhiyin.models.MultVAE(epochs=epochs, hidden=600, latent=200, batch=500, seed=0).fit(dataset)

    return {"epoch_cpu_s": of_one_more(fit, 2, 8), "people": len(dataset)}


def sasrec(folder: Path, out: Path) -> dict[str, float]:
    """CPU seconds of an epoch: softmax over all items, width 64, 50 steps, batch 128; layers as the peers have them."""
    dataset = dataset_of(folder, "train")

    def fit(epochs: int) -> None:
        model = zhiyin.models.SASRec(block="released", epochs=epochs, width=64, max_history=50, batch=128, seed=0)
        model.fit(dataset)

    return {"epoch_cpu_s": of_one_more(fit, 1, 3)}


def vae_target(folder: Path, out: Path) -> dict[str, float]:
    """A whole training, validation included, whose best epoch has NDCG@100 `TARGET`."""
    dataset = dataset_of(folder, "train")
    cases = held_out_cases(folder, dataset, "validation_fold_in", "validation")
    start = clock()
    model = zhiyin.models.MultVAE(epochs=16, seed=0).fit(dataset, validation=cases)
    seconds, figure = clock() - start, max(epoch["validation"] for epoch in model.facts["curve"])
    return {"target_cpu_s": seconds, "validation ndcg@100": figure, "reached": figure >= TARGET}


def of_one_more(fit: Callable[[int], None], few: int, many: int) -> float:
    """CPU seconds of one more epoch. The first training, which also makes kernels ready, is not counted."""
    fit(1)
    seconds = []
    for epochs in (few, many):
        start = clock()
        fit(epochs)
        seconds.append(clock() - start)
    return (seconds[1] - seconds[0]) / (many - few)


def vae_bf16(folder: Path, out: Path) -> dict[str, float]:
    """The same, products in bf16."""
    with Engine(precision="bf16"):
        return vae(folder, out)


def sasrec_bf16(folder: Path, out: Path) -> dict[str, float]:
    """The same, products in bf16."""
    with Engine(precision="bf16"):
        return sasrec(folder, out)


def ingest_csv(folder: Path, out: Path) -> dict[str, float]:
    return ingest.ingest_csv(folder)


def ingest_parquet(folder: Path, out: Path) -> dict[str, float]:
    return ingest.ingest_parquet(folder)


def ingest_checked(folder: Path, out: Path) -> dict[str, float]:
    return ingest.ingest_checked(folder)


if __name__ == "__main__":
    job, folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    out.write_text(json.dumps(globals()[job](folder, out), indent=2))

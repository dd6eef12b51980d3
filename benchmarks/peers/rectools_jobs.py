"""RecTools at its jobs, in its own environment: `python rectools_jobs.py JOB FOLDER OUT.json`.

One thread, CPU seconds. Reads ``events.csv`` (a current PyArrow refuses the NumPy 1 that it is installed with).
"""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from rectools import Columns
from rectools.dataset import Dataset

warnings.filterwarnings("ignore")
K = 100


def clock() -> float:
    return time.process_time()


def events(folder: Path) -> pd.DataFrame:
    """Rows under RecTools' names; the position stands in for the time."""
    frame = pd.read_csv(folder / "events.csv", dtype={"user": str, "item": str})
    frame = frame.rename(columns={"user": Columns.User, "item": Columns.Item})
    frame[Columns.Weight] = 1.0
    frame[Columns.Datetime] = pd.Timestamp("2000-01-01") + pd.to_timedelta(frame["position"].astype(int), unit="s")
    return frame


def part(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    columns = [Columns.User, Columns.Item, Columns.Weight, Columns.Datetime]
    return frame.loc[frame["part"].isin(names), columns]


def ease(folder: Path, out: Path) -> dict[str, float]:
    from rectools.models import EASEModel

    train = part(events(folder), "train")
    dataset = Dataset.construct(train)
    model = EASEModel(regularization=200)
    start = clock()
    model.fit(dataset)
    fit = clock() - start
    users = train[Columns.User].unique()
    start = clock()
    slates = model.recommend(users=users, dataset=dataset, k=K, filter_viewed=True)
    seconds = clock() - start
    slates.to_csv(out.with_suffix(".csv"), index=False)
    return {"fit_cpu_s": fit, "recommend_cpu_s": seconds, "people_per_cpu_s": len(users) / seconds}


def metrics(folder: Path, out: Path) -> dict[str, float]:
    """Five metrics over the lists that the job `ease` wrote."""
    from rectools.metrics import MAP, MRR, NDCG, Precision, Recall, calc_metrics

    slates = pd.read_csv(out.with_name("rectools-ease.csv"), dtype={Columns.User: str, Columns.Item: str})
    test = part(events(folder), "test")
    names = {"recall@10": Recall(10), "ndcg@10": NDCG(10), "map@10": MAP(10), "mrr@10": MRR(10)}
    names["precision@10"] = Precision(10)
    seconds = []
    for _ in range(5):
        start = clock()
        figures = calc_metrics(names, slates, test)
        seconds.append(clock() - start)
    return {"evaluate_cpu_s": float(np.median(seconds)), **{name: float(value) for name, value in figures.items()}}


def sasrec(folder: Path, out: Path) -> dict[str, float]:
    """CPU seconds of one epoch: softmax over all items, width 64, 50 steps, batch 128."""
    from pytorch_lightning import Trainer
    from rectools.models import SASRecModel

    dataset = Dataset.construct(part(events(folder), "train"))
    seconds = []
    for epochs in (1, 1, 2):  # the first, which also makes kernels ready, is not counted
        model = SASRecModel(
            n_factors=64, n_blocks=2, n_heads=1, session_max_len=50, dropout_rate=0.2, loss="softmax", lr=1e-3,
            batch_size=128, epochs=epochs, verbose=0, deterministic=False,
            get_trainer_func=lambda epochs=epochs: Trainer(
                max_epochs=epochs, min_epochs=epochs, accelerator="cpu", devices=1, logger=False,
                enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
            ),
        )  # fmt: skip
        start = clock()
        model.fit(dataset)
        seconds.append(clock() - start)
    return {"epoch_cpu_s": seconds[2] - seconds[1], "first_training_cpu_s": seconds[0]}


LAST = {
    "ml-1m": {"n_blocks": 2, "dropout_rate": 0.2, "epochs": 6},
    "amazon-beauty": {"n_blocks": 1, "dropout_rate": 0.4, "epochs": 6},
}


def sasrec_last(folder: Path, out: Path) -> dict[str, object]:
    """Its SASRec with softmax, fitted on train; every third epoch the hit rate at 10 on validation and on test.

    The seen are left out. The test history has the validation item; a person whom a list misses counts as a miss.
    """
    import torch
    from pytorch_lightning import Trainer, seed_everything
    from rectools.models import SASRecModel

    torch.set_num_threads(1)
    seed_everything(0)
    settings = LAST[folder.name.removesuffix("-last")]
    frame = events(folder)
    dataset = Dataset.construct(part(frame, "train"))
    longer = Dataset.construct(part(frame, "train", "validation"))
    epochs, every = int(settings["epochs"]), 3

    def trainer() -> Trainer:
        return Trainer(
            max_epochs=every, min_epochs=every, accelerator="cpu", devices=1, logger=False,
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip

    model = SASRecModel(
        n_factors=64, n_heads=1, session_max_len=50, loss="softmax", lr=1e-3, batch_size=32, epochs=every, verbose=0,
        deterministic=False, get_trainer_func=trainer, n_blocks=int(settings["n_blocks"]),
        dropout_rate=settings["dropout_rate"],
    )  # fmt: skip
    curve: list[dict[str, float]] = []
    seconds = 0.0
    for epoch in range(every, epochs + 1, every):
        start = clock()
        model.fit_partial(dataset, min_epochs=every, max_epochs=every)
        seconds += clock() - start
        found = {"epoch": epoch, "fit_cpu_s": round(seconds, 1)}
        for name, asked in (("validation", dataset), ("test", longer)):
            found |= {f"{name} {metric}": value for metric, value in _hits(model, asked, part(frame, name)).items()}
        curve.append(found)
        print(found, file=sys.stderr, flush=True)
    best = max(curve, key=lambda found: found["validation recall@10"])
    figures = {metric: best[f"test {metric}"] for metric in ("recall@10", "ndcg@10")}
    facts: dict[str, object] = {"settings": {**settings, "lr": 1e-3, "batch": 32, "width": 64, "steps": 50}}
    facts |= {"best_epoch": best["epoch"], "saw_validation": False, "people": int(frame[Columns.User].nunique())}
    return {**facts, **figures, "curve": curve}


def _hits(model: object, dataset: Dataset, wanted: pd.DataFrame) -> dict[str, float]:
    users = wanted[Columns.User].to_numpy()
    slates = model.recommend(  # type: ignore[attr-defined]
        users=users, dataset=dataset, k=10, filter_viewed=True, on_unsupported_targets="ignore"
    )
    found = slates.merge(wanted[[Columns.User, Columns.Item]], on=[Columns.User, Columns.Item])
    ranks = found[Columns.Rank].to_numpy()
    return {"recall@10": len(ranks) / len(users), "ndcg@10": float((1 / np.log2(ranks + 1)).sum() / len(users))}


def everybody(folder: Path, out: Path) -> dict[str, float]:
    """Lists of 100 from ready vectors (``vectors.npz``), the seen left out."""
    from rectools.models.rank import Distance
    from rectools.models.vector import Factors, VectorModel

    class Ready(VectorModel):
        u2i_dist, i2i_dist = Distance.DOT, Distance.COSINE

        def __init__(self, people: Factors, items: Factors) -> None:
            super().__init__()
            self.people, self.items = people, items
            self.is_fitted, self.recommend_n_threads, self.recommend_use_gpu_ranking = True, 1, False

        def _get_users_factors(self, dataset: Dataset) -> Factors:
            return self.people

        def _get_items_factors(self, dataset: Dataset) -> Factors:
            return self.items

    given = np.load(folder / "vectors.npz")
    n, n_items = len(given["people"]), len(given["items"])
    # its dataset knows items by interactions alone: a first user has one with each, and is not asked
    users = np.concatenate([np.zeros(n_items, np.int64), given["owners"] + 1])
    items = np.concatenate([np.arange(n_items), given["rows"]])
    frame = pd.DataFrame({Columns.User: users, Columns.Item: items}).astype(str).drop_duplicates()
    frame[Columns.Weight], frame[Columns.Datetime] = 1.0, pd.Timestamp("2000-01-01")
    dataset = Dataset.construct(frame)
    people = np.concatenate([given["people"][:1], given["people"]])
    model = Ready(Factors(people, np.zeros(n + 1, np.float32)), Factors(given["items"], given["bias"]))
    asked = np.arange(1, n + 1).astype(str)
    start = clock()
    slates = model.recommend(users=asked, dataset=dataset, k=K, filter_viewed=True)
    seconds = clock() - start
    assert len(slates) == n * K
    return {"cpu_s": seconds, "people_per_cpu_s": n / seconds}


def ingest(folder: Path, out: Path) -> dict[str, float]:
    """From a CSV (``events.csv``: user,item,timestamp,value) to RecTools' dataset."""
    start = clock()
    frame = pd.read_csv(folder / "events.csv", dtype={"user": str, "item": str})
    frame = frame.rename(columns={"user": Columns.User, "item": Columns.Item, "value": Columns.Weight})
    frame[Columns.Datetime] = pd.to_datetime(frame.pop("timestamp"), unit="s")
    dataset = Dataset.construct(frame)
    seconds = clock() - start
    rows = len(dataset.interactions.df)
    return {"rows": rows, "cpu_s": seconds, "million_rows_per_cpu_s": rows / seconds / 1e6}


if __name__ == "__main__":
    job, folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    out.write_text(json.dumps(globals()[job](folder, out), indent=2))

"""RecBole at its jobs, in its own environment: `python recbole_jobs.py JOB FOLDER OUT.json` (one thread, CPU seconds).

Reads ``events.csv`` (a current PyArrow refuses the NumPy 1 that RecBole needs).
"""

import json
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch

warnings.filterwarnings("ignore")
TARGET = 0.4506
"""NDCG@100 of validation people on ML-1M that a Mult-VAE is to reach."""


def clock() -> float:
    return time.process_time()


def prepared(folder: Path, parts: tuple[str, ...], model: str, **settings):
    """RecBole's config, dataset, training loader and model over the rows of these parts."""
    from recbole.config import Config
    from recbole.data import create_dataset, data_preparation
    from recbole.utils import get_model, init_seed

    frame = pd.read_csv(folder / "events.csv", dtype={"user": str, "item": str})
    root = Path(tempfile.mkdtemp())
    (root / "bench").mkdir()
    rows = frame[frame["part"].isin(parts)]
    atomic = pd.DataFrame(
        {
            "user_id:token": rows["user"],
            "item_id:token": rows["item"],
            "timestamp:float": rows["position"].astype(float),
        }
    )
    atomic.to_csv(root / "bench" / "bench.inter", sep="\t", index=False)
    config = Config(
        model=model,
        dataset="bench",
        config_dict={
            "data_path": str(root), "USER_ID_FIELD": "user_id", "ITEM_ID_FIELD": "item_id", "TIME_FIELD": "timestamp",
            "load_col": {"inter": ["user_id", "item_id", "timestamp"]}, "use_gpu": False, "device": "cpu",
            "eval_args": {"split": {"RS": [1.0, 0.0, 0.0]}, "order": "TO", "group_by": "user", "mode": "full"},
            "checkpoint_dir": str(root), "show_progress": False, "seed": 0, "reproducibility": True, **settings,
        },
    )  # fmt: skip
    init_seed(config["seed"], config["reproducibility"])
    dataset = create_dataset(config)
    train, _, _ = data_preparation(config, dataset)
    return config, dataset, train, get_model(config["model"])(config, train.dataset), frame


def epochs_of(model, loader, optimiser, limit: int | None = None) -> float:
    """CPU seconds of one pass as RecBole's trainer does it (loss, backward, step)."""
    model.train()
    start = clock()
    for number, batch in enumerate(loader):
        if limit is not None and number >= limit:
            break
        optimiser.zero_grad()
        loss = model.calculate_loss(batch)
        loss.backward()
        optimiser.step()
    return clock() - start


def ndcg_at_100(scores: np.ndarray, fold_in: list[list[int]], held_out: list[list[int]]) -> float:
    discounts = 1 / np.log2(np.arange(2, 102))
    values = []
    for row, seen, targets in zip(scores, fold_in, held_out, strict=True):
        if not targets:
            continue
        row[seen] = -np.inf
        row[0] = -np.inf
        best = np.argsort(-row, kind="stable")[:100]
        hits = np.isin(best, targets)
        values.append((hits * discounts).sum() / discounts[: min(100, len(targets))].sum())
    return float(np.mean(values))


def held_out(
    frame: pd.DataFrame, dataset, asked: str = "fold_in", answers: str = "test"
) -> tuple[list[list[int]], list[list[int]], int]:  # fmt: skip
    """Fold-in and test item numbers of each held-out person, and the targets that training never saw."""
    known = dataset.field2token_id["item_id"]
    fold_in = frame[frame["part"] == asked].groupby("user")["item"].apply(list)
    test = frame[frame["part"] == answers].groupby("user")["item"].apply(list)
    cold = -1
    rows_in, rows_out = [], []
    for user, items in test.items():
        rows_in.append([known[item] for item in fold_in.get(user, []) if item in known])
        rows_out.append([known.get(item, cold) for item in items])
    return rows_in, rows_out, sum(row.count(cold) for row in rows_out)


def prepared_multivae(folder: Path):
    """600-200, batch 500 people, as RecBole sets it; the last is its Adam."""
    _, dataset, loader, model, frame = prepared(
        folder, ("train",), "MultiVAE", mlp_hidden_size=[600], latent_dimension=400, dropout_prob=0.5, anneal_cap=0.2,
        total_anneal_steps=200000, train_batch_size=500, learning_rate=0.001,
    )  # fmt: skip
    return dataset, loader, model, frame, torch.optim.Adam(model.parameters(), lr=0.001)


def judged(model, dataset, fold_in: list[list[int]], targets: list[list[int]]) -> float:
    """NDCG@100 of held-out people."""
    ratings = torch.zeros(len(fold_in), dataset.item_num)
    for number, rows in enumerate(fold_in):
        ratings[number, rows] = 1
    model.eval()
    with torch.no_grad():
        scores = model.forward(ratings)[0].numpy()
    return ndcg_at_100(scores, fold_in, targets)


def multivae(folder: Path, out: Path) -> dict[str, float]:
    """Sixty epochs; NDCG@100 of the held-out people."""
    dataset, loader, model, frame, optimiser = prepared_multivae(folder)
    seconds = [epochs_of(model, loader, optimiser) for _ in range(60)]
    fold_in, targets, cold = held_out(frame, dataset)
    return {
        "epoch_cpu_s": float(np.median(seconds)), "fit_cpu_s": float(sum(seconds)),
        "ndcg@100": judged(model, dataset, fold_in, targets), "cold_targets": cold, "batches": len(loader),
    }  # fmt: skip


def multivae_target(folder: Path, out: Path) -> dict[str, float]:
    """Epochs until NDCG@100 of the validation people is `TARGET`; judging takes no time here."""
    dataset, loader, model, frame, optimiser = prepared_multivae(folder)
    fold_in, targets, _ = held_out(frame, dataset, "validation_fold_in", "validation")
    seconds, figure, epochs = 0.0, 0.0, 0
    while figure < TARGET and epochs < 120:
        seconds += epochs_of(model, loader, optimiser)
        epochs += 1
        figure = judged(model, dataset, fold_in, targets)
    return {"target_cpu_s": seconds, "validation ndcg@100": figure, "epochs": epochs, "reached": figure >= TARGET}


def ease(folder: Path, out: Path) -> dict[str, float]:
    """EASE (regularisation 200): NDCG@100 of the held-out people, or the top lists of the last-item protocol."""
    from recbole.model.general_recommender import EASE

    config, dataset, loader, _, frame = prepared(folder, ("train",), "Pop", reg_weight=200.0)
    start = clock()
    model = EASE(config, loader.dataset)
    fit = clock() - start
    weights = np.asarray(model.item_similarity)
    if "fold_in" in set(frame["part"]):
        fold_in, targets, cold = held_out(frame, dataset)
        ratings = np.zeros((len(fold_in), dataset.item_num), np.float32)
        for number, rows in enumerate(fold_in):
            ratings[number, rows] = 1
        return {"fit_cpu_s": fit, "ndcg@100": ndcg_at_100(ratings @ weights, fold_in, targets), "cold_targets": cold}
    tokens = np.array(dataset.field2id_token["item_id"])
    known = dataset.field2token_id["item_id"]
    train = frame[frame["part"] == "train"].groupby("user")["item"].apply(list)
    lists = {}
    for user, items in train.items():
        rows = [known[item] for item in items]
        scores = weights[rows].sum(axis=0)
        scores[rows] = -np.inf
        scores[0] = -np.inf
        lists[user] = tokens[np.argsort(-scores, kind="stable")[:100]].tolist()
    out.with_suffix(".lists.json").write_text(json.dumps(lists))
    return {"fit_cpu_s": fit}


def sasrec(folder: Path, out: Path) -> dict[str, float]:
    """CPU seconds of one epoch, softmax over all items: 20 batches of RecBole's prefixes, scaled to all of them."""
    batch = 2048
    _, _, loader, model, _ = prepared(
        folder, ("train",), "SASRec", hidden_size=64, inner_size=256, n_layers=2, n_heads=1, loss_type="CE",
        MAX_ITEM_LIST_LENGTH=50, train_batch_size=batch, train_neg_sample_args=None,
        hidden_dropout_prob=0.2, attn_dropout_prob=0.2,
    )  # fmt: skip
    optimiser = torch.optim.Adam(model.parameters(), lr=0.001)
    epochs_of(model, loader, optimiser, limit=2)
    timed = min(20, len(loader))
    seconds = epochs_of(model, loader, optimiser, limit=timed)
    return {
        "epoch_cpu_s": seconds / timed * len(loader),
        "batches_timed": timed,
        "batches": len(loader),
        "batch": batch,
    }


def ingest(folder: Path, out: Path) -> dict[str, float]:
    """From an atomic file (``events.csv`` with RecBole's header) to RecBole's dataset."""
    from recbole.config import Config
    from recbole.data import create_dataset

    root = Path(tempfile.mkdtemp())
    (root / "bench").mkdir()
    frame = pd.read_csv(folder / "events.csv", dtype={"user": str, "item": str})
    frame.columns = ["user_id:token", "item_id:token", "timestamp:float", "rating:float"]
    frame.to_csv(root / "bench" / "bench.inter", sep="\t", index=False)
    rows = len(frame)
    del frame
    config = Config(
        model="Pop",
        dataset="bench",
        config_dict={
            "data_path": str(root), "load_col": {"inter": ["user_id", "item_id", "timestamp", "rating"]},
            "use_gpu": False, "device": "cpu",
        },
    )  # fmt: skip
    start = clock()
    create_dataset(config)
    seconds = clock() - start
    return {"rows": rows, "cpu_s": seconds, "million_rows_per_cpu_s": rows / seconds / 1e6}


def metrics(folder: Path, out: Path) -> dict[str, float]:
    """Five metrics over 6,040 lists of 100 from a matrix of hits, the form that RecBole's evaluator works on."""
    from recbole.evaluator.metrics import MAP, MRR, NDCG, Precision, Recall

    np.float = float  # noqa: NPY001  # RecBole's own Config does this before its metrics run
    rng = np.random.default_rng(0)
    hits = rng.random((6040, 100)) < 0.01
    length = np.ones(6040, int)
    config = {"topk": [10], "metric_decimal_place": 4}
    seconds = []
    for _ in range(5):
        start = clock()
        for metric in (Recall, NDCG, MAP, MRR, Precision):
            one = metric(config)
            one.topk_result(
                "metric", one.metric_info(hits, length) if metric in (Recall, NDCG, MAP) else one.metric_info(hits)
            )
        seconds.append(clock() - start)
    return {"evaluate_cpu_s": float(np.median(seconds))}


if __name__ == "__main__":
    job, folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    out.write_text(json.dumps(globals()[job](folder, out), indent=2))

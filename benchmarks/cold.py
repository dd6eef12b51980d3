"""New items: who takes what nobody had taken in training: `python -m benchmarks.cold [DATA …]`.

Two sets. Beauty by time: what came after the newest tenth of all events began; an item that first appears there is
cold. goodbooks-10k, which has no such moment: a tenth of its items is held out, with the newest tenth of each person's
other events. Content of an item are vectors of its words and of its labels (`vectors`). Everything is fitted on the
training part; the validation part chooses epochs and, for rows called lifted, how high new items stand (`new_bias`).
An item is cold that neither training nor any history asked about has met. Peer: LightFM in an environment of its own,
with the same words and labels as tags, its setting chosen on the validation part.

Recall@20 of cold targets is told twice: among all items, which is what a person sees, and among the cold ones alone;
that of hot targets among all and among the hot ones alone, since each new item in a list takes the place of another.
Kept in ``results/cold-DATA.json``, fitted models under ``.cache``.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

import zhiyin
from benchmarks.protocols import CACHE, RESULTS, data_folder
from benchmarks.speed import measured
from zhiyin.data.contracts import Requests
from zhiyin.data.splits import Split, split
from zhiyin.evaluation import Evaluation, compare_pairs, evaluate
from zhiyin.evaluation.among import Among
from zhiyin.models.neighbours.content_knn import tokens
from zhiyin.training.newness import fair_lift

METRIC = "recall@20"
GOALS = {"ContentKNN": 2.0, "LightFM": 1.3}
"""Times as much cold recall as theirs, whichever comes to more."""
COMMON = 2
"""Items that a word or label must be of to count."""


def beauty() -> zhiyin.Dataset:
    folder = data_folder() / "amazon-beauty"
    items = pl.read_parquet(folder / "items.parquet").select("item", "title", "brand", "categories", "price")
    return read(folder, items.with_columns(brand=pl.when(pl.col("brand") != "Unknown").then("brand")))


def goodbooks() -> zhiyin.Dataset:
    folder = data_folder() / "goodbooks-10k"
    items = pl.read_parquet(folder / "items.parquet").select("item", "title", "authors", "genres")
    return read(folder, items.with_columns(authors=pl.col("authors").str.split(", ")))


def read(folder: Any, items: pl.DataFrame) -> zhiyin.Dataset:
    """All events of a set, each an event of weight 1, and content of its items."""
    events = pl.read_parquet(folder / "interactions.parquet")
    kept = [name for name in ("user", "item", "timestamp", "position") if name in events.columns]
    dataset = zhiyin.Dataset.from_frame(events.select(kept), items=items)
    catalogue = replace(dataset.catalogue, content=vectors(dataset.catalogue.columns))
    return replace(dataset, catalogue=catalogue, people={"row": np.arange(len(dataset))})


def words_and_labels(columns: Mapping[str, np.ndarray]) -> dict[str, sparse.csr_matrix]:
    """TF-IDF of title words, of labels (brand, categories, authors, genres), float32 (N, tokens) each; rows of 1."""
    n, title = len(columns["title"]), {"title"}

    def of(names: list[str]) -> sparse.csr_matrix:
        said = [[token for name in names for token in labels(name, columns[name][row])] for row in range(n)]
        return TfidfVectorizer(
            analyzer=lambda row: row, min_df=COMMON, sublinear_tf=True, dtype=np.float32
        ).fit_transform(said)

    return {"words": of(["title"]), "labels": of([name for name in columns if name not in title])}


def labels(name: str, value: Any) -> list[str]:
    """Of a list its values as they are, else what ContentKNN reads."""
    if isinstance(value, (list, tuple, np.ndarray)):
        return [f"{name}={str(one).casefold()}" for one in value]
    if name == "title" or not isinstance(value, str):
        return [] if value is None else list(tokens(name, value))
    return [f"{name}={value.casefold()}"]


def vectors(columns: Mapping[str, np.ndarray], width: int = 256) -> dict[str, np.ndarray]:
    """Content of items by block, float32 (N, width); NaN where an item has none. To be exchanged for an encoder's."""
    found = {}
    for name, counted in words_and_labels(columns).items():
        block = TruncatedSVD(width, random_state=0).fit_transform(counted).astype(np.float32)
        block[np.asarray(counted.sum(axis=1)).ravel() == 0] = np.nan
        found[name] = block
    return found


SETS: dict[str, tuple[Callable[[], zhiyin.Dataset], dict[str, Any]]] = {
    "amazon-beauty": (beauty, {"by": "time", "share": 0.1}),
    "goodbooks-10k": (goodbooks, {"by": "items", "share": 0.1, "others": 0.1}),
}
BOOKS = {"epochs": 24, "validation_k": 20}
SHOP = {"epochs": 5, "batch": 256, "hidden": 200, "latent": 64, "validation_k": 20}
NEXT = {
    "width": 128, "blocks": 1, "dropout": 0.4, "epochs": 5, "batch": 128, "learning_rate": 2e-3, "validation_k": 20,
    "negatives": 512, "shared": True,
}  # fmt: skip
CONTENT = {"content": True, "content_dropout": 0.5, "new_bias": 0.0}
SETTINGS: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "amazon-beauty": {
        "ESASRec": ("ESASRec", NEXT), "ESASRec + content": ("ESASRec", {**NEXT, **CONTENT}),
        "MultVAE": ("MultVAE", SHOP), "MultVAE + content": ("MultVAE", {**SHOP, **CONTENT}),
    },
    "goodbooks-10k": {
        "MultVAE": ("MultVAE", BOOKS), "MultVAE + content": ("MultVAE", {**BOOKS, **CONTENT}),
    },
}  # fmt: skip
LIFTED = ", lifted"
TRIED: dict[str, list[dict[str, Any]]] = {
    "amazon-beauty": [
        {"tried": "SASRec, exact softmax, plain projection, content_dropout 0.4, not lifted", "cold": 0.0136,
         "cold among cold": 0.2119, "hot": 0.0535},
        {"tried": "ESASRec, 512 shared negatives, bent projection, content_dropout 0.6, lifted", "cold": 0.0183,
         "cold among cold": 0.1789, "hot": 0.0552},
        {"tried": "ESASRec, 512 shared negatives, whitened vectors of 384, content_dropout 0.8, lifted", "cold": 0.0265,
         "cold among cold": 0.2156, "hot": 0.0492},
        {"tried": "MultVAE, content_dropout 0.5, not lifted", "cold": 0.0106, "cold among cold": 0.2720, "hot": 0.0396},
        {"tried": "MultVAE, content_dropout 0.5, lifted", "cold": 0.0368, "cold among cold": 0.2720, "hot": 0.0382},
    ],
    "goodbooks-10k": [
        {"tried": "MultVAE, content_dropout 0.5, not lifted", "cold": 0.1304, "cold among cold": 0.2395, "hot": 0.0635},
        {"tried": "MultVAE, content_dropout 0.5, lifted for the best NDCG@20", "cold": 0.2369,
         "cold among cold": 0.2395, "hot": 0.0035},
    ],
}  # fmt: skip
"""What was tried, recall@20 of the validation part."""


class Vectors:
    """Scores from vectors of people and items that another program learned."""

    def __init__(self, name: str, path: Path) -> None:
        found = np.load(path)
        self.name, self.people, self.items, self.bias = name, found["users"], found["items"], found["bias"]

    def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray:
        return np.asarray(self.people[requests.person["row"]] @ self.items.T + self.bias, np.float32)


class NewestFirst:
    """New items before all others, by how often the test part itself takes them: no popularity can know more."""

    name = "popularity among the new"

    def __init__(self, counts: np.ndarray) -> None:
        self.counts = counts.astype(np.float32)

    def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray:
        return np.tile(self.counts, (len(requests), 1))


def ours(data: str, name: str, parts: Split) -> Any:
    """A model of `SETTINGS`, from the cache where it was fitted before."""
    kind, settings = SETTINGS[data][name.removesuffix(LIFTED)]
    folder = CACHE / "cold" / data / name.removesuffix(LIFTED)
    if not folder.exists():
        start = time.process_time()
        model = getattr(zhiyin.models, kind)(seed=0, **settings).fit(parts.train, validation=parts.validation)
        model.facts["cpu_s"] = round(time.process_time() - start, 1)
        folder.parent.mkdir(parents=True, exist_ok=True)
        model.save(folder)
        print(data, name, model.facts["cpu_s"], "CPU s", file=sys.stderr, flush=True)
    model = zhiyin.load(folder)
    if name.endswith(LIFTED):
        silent = model.item_content.silent.numpy()[: len(model.catalogue)]
        model.item_content.lift.fill_(fair_lift(model, parts.validation, silent))
        model.network.eval()
    return model


def lightfm(data: str, parts: Split) -> tuple[Vectors, dict[str, Any]]:
    """LightFM with the setting that finds most cold targets of the validation part among the cold items."""
    folder = CACHE / "cold" / f"{data}-lightfm"
    if not (folder / "features.npz").exists():
        folder.mkdir(parents=True, exist_ok=True)
        tags = words_and_labels(parts.train.catalogue.columns).values()
        own = sparse.identity(parts.train.n_items, dtype=np.float32)
        sparse.save_npz(folder / "features.npz", sparse.hstack([own, *tags]).tocsr())
        sparse.save_npz(folder / "took.npz", parts.train.histories.matrix(parts.train.n_items).tocsr())
    told_at = folder / "told.json"
    if not told_at.exists():
        told_at.write_text(json.dumps(measured("lightfm", "cold", folder)))
    told = json.loads(told_at.read_text())
    tried = {str(n): Vectors("LightFM", folder / f"vectors-{n}.npz") for n in range(len(told["tried"]))}
    assert parts.validation is not None
    cold = ~parts.train.hot_items
    alone = {name: Among(model, cold) for name, model in tried.items()}
    found = evaluate(alone, parts.validation, train=parts.train, metrics=(METRIC,))
    values = {name: found.strata[name]["cold"][METRIC]["value"] for name in tried}
    best = max(values, key=lambda name: values[name])
    told["validation, cold among cold"] = list(values.values())
    return tried[best], {**told, "chosen": told["tried"][int(best)]}


def one(data: str) -> dict[str, Any]:
    """All figures of one set."""
    make, rule = SETS[data]
    parts = split(make(), **rule)
    hot = parts.train.hot_items
    new = ~hot
    new[parts.test.requests.histories.items] = False
    counts = np.bincount(parts.test.targets.rows, minlength=len(hot)) * new
    peer, told = lightfm(data, parts)
    names = [*SETTINGS[data], *(name + LIFTED for name in SETTINGS[data] if name.endswith("content"))]
    models: dict[str, Any] = {name: ours(data, name, parts) for name in names}
    models |= {"ContentKNN": zhiyin.models.ContentKNN().fit(parts.train), "LightFM": peer}
    models["popularity among the new"] = NewestFirst(counts)

    def asked(items: np.ndarray) -> Evaluation:
        given = {name: Among(model, items) for name, model in models.items()}
        return evaluate(given, parts.test, train=parts.train, metrics=(METRIC,))

    everything, cold, known = asked(np.ones(len(hot), bool)), asked(new), asked(hot)
    rows = {}
    for name in everything.figures:
        if name in everything.references and name != "random":
            continue
        rows[name] = {
            "all": everything.figures[name][METRIC], "hot": everything.strata[name]["hot"][METRIC],
            "cold": everything.strata[name]["cold"][METRIC], "cold among cold": cold.strata[name]["cold"][METRIC],
            "hot among hot": known.strata[name]["hot"][METRIC],
        }  # fmt: skip
    for name in names:
        rows[name]["fit_cpu_s"] = models[name].facts["cpu_s"]
        if models[name].item_content is not None:
            rows[name]["new_bias"] = models[name].item_content.lift.item()
    pairs = [(name, name.partition(" + ")[0]) for name in names if " + " in name]
    against = {
        where: [dict(pair) for pair in compare_pairs(
            {name: strata["hot"][METRIC] for name, strata in found.stratum_table.items()}, pairs, METRIC).pairs]
        for where, found in (("all", everything), ("hot", known))
    }  # fmt: skip
    wanted = {name: times * rows[name]["cold"]["value"] for name, times in GOALS.items()}
    return {
        "data": data, "rule": parts.rule, "metric": METRIC, "items": len(hot), "cold_items": int(new.sum()),
        "cold_share_of_targets": float(new[parts.test.targets.rows].mean()), "cases": len(parts.test),
        "models": rows, "hot_against_plain": against, "goal": max(wanted.values()), "goal_of": wanted,
        "lightfm": told, "settings": {name: list(given) for name, given in SETTINGS[data].items()},
        "tried": TRIED[data],
    }  # fmt: skip


def main() -> None:
    torch.set_num_threads(1)
    for data in sys.argv[1:] or SETS:
        found = one(data)
        (RESULTS / f"cold-{data}.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
        short = {name: {k: round(v["value"], 4) for k, v in row.items() if isinstance(v, dict)}
                 for name, row in found["models"].items()}  # fmt: skip
        print(json.dumps({"data": data, "goal": found["goal"], **short}, indent=1), flush=True)


if __name__ == "__main__":
    main()

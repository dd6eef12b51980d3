"""Do we agree with the peers where a model is exact? EASE, last item out: `python -m benchmarks.agreement`.

Regularisation 200. Everybody is fitted on the same training part and asked for 100 items, seen ones left out; one
function judges all lists. "transposed" is our own EASE with its weights read the other way round. Writes
``results/agreement.json``.
"""

import json

import numpy as np
import pandas as pd
import polars as pl

import zhiyin
from benchmarks import protocols
from benchmarks.speed import SCRATCH, measured
from benchmarks.zhiyin_jobs import dataset_of
from zhiyin.data.contracts import Ragged
from zhiyin.evaluation import metrics_of_lists
from zhiyin.retrieval import best_rows

METRICS = ("recall@10", "ndcg@10")
DATA = "ml-1m"


def judged(dataset: zhiyin.Dataset, lists: dict[str, list[str]], targets: Ragged) -> dict[str, float]:
    rows = np.full((len(dataset), 100), -1, np.int32)
    for place, user in enumerate(dataset.users):
        found = dataset.catalogue.ids.rows(lists[user])
        rows[place, : len(found)] = found
    return {name: float(column.mean()) for name, column in metrics_of_lists(rows, targets, METRICS).items()}


def transposed(dataset: zhiyin.Dataset) -> dict[str, list[str]]:
    """Lists of EASE whose item-to-item weights are read by rows instead of columns."""
    model = zhiyin.models.EASE(regularisation=200).fit(dataset)
    weights = np.concatenate(model.panels, axis=1)  # (N, N) of the items that have events
    likes = dataset.histories.matrix(dataset.n_items)[:, model.related]
    scores = np.full((len(dataset), dataset.n_items), -np.inf, np.float32)
    scores[:, model.related] = likes @ weights.T
    found, _ = best_rows(scores, 100, exclude=dataset.requests().exclude)
    return {user: dataset.catalogue.ids.take(rows) for user, rows in zip(dataset.users, found, strict=True)}


def main() -> None:
    folder = protocols.last(DATA)
    dataset = dataset_of(folder, "train")
    events = pl.read_parquet(folder / "events.parquet").filter(pl.col("part") == "test").drop("part")
    test = zhiyin.Dataset.from_frame(events, items=pl.DataFrame({"item": dataset.catalogue.ids.series}))
    taken = test.history_of(list(dataset.users))
    targets = Ragged(taken.offsets, taken.items)
    lists = {"zhiyin, transposed": transposed(dataset)}
    for who in ("zhiyin", "recbole", "rectools"):
        measured(who, "ease", folder)
        if who == "rectools":
            slates = pd.read_csv(SCRATCH / "rectools-ease.csv", dtype=str)
            lists[who] = slates.groupby("user_id")["item_id"].apply(list).to_dict()
        else:
            lists[who] = json.loads((SCRATCH / f"{who}-ease.lists.json").read_text())
    found = {who: judged(dataset, slates, targets) for who, slates in lists.items()}
    result = {"data": DATA, "protocol": "last", "people": len(dataset), "ease": found}
    (protocols.RESULTS / "agreement.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

"""LensKit at its jobs, in its own environment: `python lenskit_jobs.py JOB FOLDER OUT.json`.

One thread, CPU seconds.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import pandas as pd
from lenskit.data import ItemList, from_interactions_df
from lenskit.knn import EASEScorer
from lenskit.pipeline import topn_pipeline

warnings.filterwarnings("ignore")
K = 100


def clock() -> float:
    return time.process_time()


def ease(folder: Path, out: Path) -> dict[str, float]:
    frame = pd.read_parquet(folder / "events.parquet")
    train = frame[frame["part"] == "train"].rename(columns={"user": "user_id", "item": "item_id"})[
        ["user_id", "item_id"]
    ]
    dataset = from_interactions_df(train)
    pipeline = topn_pipeline(EASEScorer(regularization=200), n=K)
    start = clock()
    pipeline.train(dataset)
    fit = clock() - start
    users = train["user_id"].unique()
    sample = users[:: max(1, len(users) // 1000)]
    start = clock()
    lists = {user: list(pipeline.run("recommender", query=user).ids()) for user in sample}
    seconds = clock() - start
    out.with_suffix(".lists.json").write_text(json.dumps(lists))
    return {"fit_cpu_s": fit, "people_per_cpu_s": len(sample) / seconds, "people_timed": len(sample)}


def metrics(folder: Path, out: Path) -> dict[str, float]:
    """Five metrics over 6,040 lists."""
    from lenskit.data import ItemListCollection, UserIDKey
    from lenskit.metrics import NDCG, Hit, Precision, Recall, RecipRank, RunAnalysis

    slates = pd.read_csv(out.with_name("rectools-ease.csv"), dtype={"user_id": str, "item_id": str})
    frame = pd.read_parquet(folder / "events.parquet")
    test = frame[frame["part"] == "test"]
    recommended, truth = ItemListCollection(UserIDKey), ItemListCollection(UserIDKey)
    for user, rows in slates.groupby("user_id"):
        recommended.add(
            ItemList(item_ids=rows["item_id"].to_numpy(), scores=rows["score"].to_numpy(), ordered=True), user
        )
    for user, rows in test.groupby("user"):
        truth.add(ItemList(item_ids=rows["item"].to_numpy()), user)
    start = clock()
    analysis = RunAnalysis(NDCG(10), Recall(10), RecipRank(10), Precision(10), Hit(10))
    figures = analysis.measure(recommended, truth).list_summary()["mean"]
    return {"evaluate_cpu_s": clock() - start, **{str(name): float(value) for name, value in figures.items()}}


if __name__ == "__main__":
    job, folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    out.write_text(json.dumps(globals()[job](folder, out), indent=2))

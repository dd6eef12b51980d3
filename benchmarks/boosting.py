"""The LightGBM ranker beside bare LightGBM on a million rows: `python -m benchmarks.boosting [--turns 3]`.

Writes ``benchmarks/results/boosting.json``. The table is that of `benchmarks.features` (60 columns of Online Retail,
200 candidates a request), the labels are drawn from three of its columns. Both learn from all rows, same settings;
the ranker also checks them, sets columns aside, and calibrates on the newest tenth. One thread, CPU seconds, in turns.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

from benchmarks.features import BLOCK, CANDIDATES, COLUMNS, ROWS, asked, candidates_of, features_of, log
from benchmarks.protocols import CACHE, RESULTS
from zhiyin.answering import features_for
from zhiyin.data.contracts import Candidates
from zhiyin.features import EventCounters
from zhiyin.ranking import BoostedTrees, Rows

GOAL = 1.2
DECIDING = 3
"""Columns that the labels are drawn from."""


def table() -> Path:
    """float32 (1,000,000, 60), made once."""
    path = CACHE / f"table-{ROWS}.npy"
    if path.exists():
        return path
    dataset, rng = log(), np.random.default_rng(0)
    features, counters = features_of(dataset), EventCounters(dataset)
    n = ROWS // CANDIDATES
    requests, found = asked(dataset, n, rng, own_moments=True), candidates_of(dataset, n, rng)
    whole = np.empty((n, CANDIDATES, COLUMNS), np.float32)
    for start in range(0, n, BLOCK):
        part = np.arange(start, min(start + BLOCK, n))
        chosen = Candidates(found.rows[part], found.scores[part], found.sources[part], ())
        whole[part] = features_for(requests.take(part), chosen, features, counters).values
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, whole.reshape(-1, COLUMNS))
    return path


def rows() -> Rows:
    """The table with labels, about one positive in seventeen."""
    values = np.load(table())
    known = (~np.isnan(values)).mean(axis=0)
    spread = np.where(known > 0.9, np.nanstd(values, axis=0), 0)
    odds = np.full(len(values), -3.0)
    for column in np.flatnonzero(spread > 0)[:DECIDING]:
        scaled = (values[:, column] - np.nanmean(values[:, column])) / spread[column]
        odds += 0.7 * np.clip(np.nan_to_num(scaled), -3, 3)
    labels = np.random.default_rng(1).random(len(values)) < 1 / (1 + np.exp(-odds))
    groups = np.arange(len(values)) // CANDIDATES
    return Rows(values, labels, groups, tuple(f"column {f}" for f in range(values.shape[1])))


def bare(learned: Rows) -> Any:
    settings = BoostedTrees().config
    data = lightgbm.Dataset(learned.values, learned.labels.astype(np.float32), params={"verbosity": -1})
    return lightgbm.train(
        {
            "objective": "binary", "learning_rate": settings.learning_rate, "num_leaves": settings.leaves,
            "min_data_in_leaf": settings.least_rows, "feature_fraction": settings.column_share,
            "bagging_fraction": settings.row_share, "bagging_freq": 1, "lambda_l2": settings.shrinkage,
            "num_threads": 1, "seed": 0, "deterministic": True, "force_row_wise": True, "verbosity": -1,
        },
        data,
        num_boost_round=settings.trees,
    )  # fmt: skip


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=3)
    turns = parser.parse_args().turns
    learned = rows()
    later = learned.take(np.arange(len(learned) * 9 // 10, len(learned)))
    ours, theirs = [], []
    for _ in range(turns):
        theirs.append(seconds(lambda: bare(learned)))
        ours.append(seconds(lambda: BoostedTrees().fit_rows(learned, later=later)))
        print(ours[-1], theirs[-1], flush=True)
    result = {
        "threads": 1, "rows": len(learned), "columns": learned.values.shape[1],
        "positives": int(learned.labels.sum()), "ranker_cpu_s": ours, "lightgbm_cpu_s": theirs,
        "ratio": statistics.median(ours) / statistics.median(theirs), "goal": GOAL,
    }  # fmt: skip
    (RESULTS / "boosting.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

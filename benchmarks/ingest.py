"""Ingesting beside pandas, and the memory of 20 million rows: `python -m benchmarks.ingest [--rows N] [--turns 3]`.

Ours and pandas' jobs take turns, each in a process of its own on one thread; figures are rows per CPU second (imports
not counted). Ours do more than pandas' (guess columns, look for bad rows, keep ids byte for byte). `--large` makes a
log of 20 million rows, takes it into a workspace and notes the peak of resident memory. Writes
``benchmarks/results/ingest.json``.
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

import polars as pl

from benchmarks import protocols
from zhiyin.data.ingest import ingest
from zhiyin.data.reading import read, read_frames
from zhiyin.data.weighting import Weighting

ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
JOBS = (("csv", "ingest_csv"), ("parquet", "ingest_parquet"), ("checked", "ingest_checked"))
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


def large(folder: Path) -> dict[str, float]:
    """Peak memory of taking 20 million rows of CSV into a workspace."""
    taken = ingest(folder / "events.csv", folder / "workspace")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"rows": taken.events, "cpu_s": time.process_time(), "peak_gib": peak / 2**30}


def turn(module: str, job: str, folder: Path) -> dict[str, float]:
    """One job in a process of its own."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [sys.executable, "-m", f"benchmarks.{module}", "--job", job, str(folder), out.name]
        if module == "pandas_jobs":
            command.remove("--job")
        subprocess.run(command, check=True, env={**os.environ, **ONE_THREAD})
        return dict(json.loads(Path(out.name).read_text()))


def in_turns(folder: Path, turns: int) -> dict[str, object]:
    """Rows per CPU second of everybody, turn by turn, and our ratio to pandas."""
    found: dict[str, object] = {}
    for name, job in JOBS:
        reference = "ingest_csv" if name == "checked" else job
        rates: dict[str, list[float]] = {"zhiyin": [], "pandas": []}
        for _ in range(turns):
            rates["zhiyin"].append(turn("ingest", job, folder)["million_rows_per_cpu_s"])
            rates["pandas"].append(turn("pandas_jobs", reference, folder)["million_rows_per_cpu_s"])
        medians = {who: statistics.median(values) for who, values in rates.items()}
        found[name] = {
            "million_rows_per_cpu_s": rates,
            "medians": medians,
            "ratio": medians["zhiyin"] / medians["pandas"],
        }
        print(f"{name}: {medians}, {found[name]['ratio']:.2f} x pandas", file=sys.stderr, flush=True)  # type: ignore[index]
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
        return turn("ingest", "large", folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--large", action="store_true", help="also the memory of 20 million rows")
    parser.add_argument("--job", nargs=3, metavar=("JOB", "FOLDER", "OUT"), help="one job, in this process")
    asked = parser.parse_args()
    if asked.job:
        job, folder, out = asked.job
        Path(out).write_text(json.dumps(globals()[job](Path(folder))))
        return
    result = {"rows": asked.rows, "threads": 1, "polars": pl.__version__}
    result |= in_turns(protocols.ten_million_rows(asked.rows), asked.turns)
    if asked.large:
        result["large"] = memory()
    protocols.RESULTS.mkdir(exist_ok=True)
    (protocols.RESULTS / "ingest.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()

"""pandas as the measure of ingesting, CPU seconds: `python -m benchmarks.pandas_jobs JOB FOLDER OUT.json`."""

import json
import sys
import time
from pathlib import Path

import pandas as pd


def encoded(frame: pd.DataFrame, start: float) -> dict[str, float]:
    """Drop unusable rows, number users and items, sort per person: what a dataset needs at the least."""
    frame = frame.dropna(subset=["user", "item"])
    users, _ = pd.factorize(frame["user"])
    items, _ = pd.factorize(frame["item"])
    coded = pd.DataFrame({"user": users, "item": items, "timestamp": frame["timestamp"], "value": frame["value"]})
    coded.sort_values(["user", "timestamp"], kind="stable")
    seconds = time.process_time() - start
    return {"rows": len(coded), "cpu_s": seconds, "million_rows_per_cpu_s": len(coded) / seconds / 1e6}


def ingest_csv(folder: Path) -> dict[str, float]:
    start = time.process_time()
    return encoded(pd.read_csv(folder / "events.csv", dtype={"user": str, "item": str}), start)


def ingest_parquet(folder: Path) -> dict[str, float]:
    start = time.process_time()
    return encoded(pd.read_parquet(folder / "events.parquet"), start)


if __name__ == "__main__":
    job, folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    out.write_text(json.dumps(globals()[job](folder), indent=2))

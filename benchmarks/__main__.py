"""Every benchmark, one after the other, then the tables of the documents: `make bench` (hours, on two cores)."""

import subprocess
import sys

STEPS = (
    "benchmarks.checks",
    "benchmarks.linear",
    "benchmarks.agreement",
    "benchmarks.statistics",
    "benchmarks.quality",
    "benchmarks.components",
    "benchmarks.onward",
    "benchmarks.planning",
    "benchmarks.ingest",
    "benchmarks.speed",
    "benchmarks.everybody",
    "benchmarks.demo",
    "benchmarks.datasets",
    "benchmarks.ablation",
    "benchmarks.folds",
    "benchmarks.generator",
    "benchmarks.encoders",
    "benchmarks.features",
    "benchmarks.frappe",
    "benchmarks.boosting",
    "benchmarks.serving",
    "benchmarks.faults",
    "benchmarks.tables",
)

if __name__ == "__main__":
    for step in STEPS:
        print(step, flush=True)
        subprocess.run([sys.executable, "-m", step], check=True)

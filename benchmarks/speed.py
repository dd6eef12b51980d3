"""Speed beside the peers: each job by us and by them in turns, in processes of their own, on one thread.

`python -m benchmarks.speed [ROW …] [--turns 3]` writes ``benchmarks/results/speed-ROW.json``: for everybody the CPU
seconds of each turn, their median, and our ratio to the best peer. `--tried WORDS` keeps the ratio from before, too.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from benchmarks import protocols
from benchmarks.peers.environment import interpreter

SCRATCH = protocols.CACHE / "speed"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}


@dataclass(frozen=True)
class Row:
    """One line of the table: who does which job on which data, and the figure that is compared."""

    title: str
    folder: Callable[[], Path]
    jobs: tuple[tuple[str, str], ...]
    """(who, job); the first is ours."""
    figure: str
    higher_is_better: bool = False
    goal: float = 1.0
    """Our ratio that the plan asks for, to the best peer."""
    against: str = ""
    """The peer that the goal names instead of the best one."""
    once: tuple[str, ...] = ()
    """Peers too slow for more than one turn."""


ROWS = {
    "ease-fit": Row(
        "EASE fit, ML-1M", lambda: protocols.last("ml-1m"),
        (("zhiyin", "ease"), ("rectools", "ease"), ("lenskit", "ease"), ("recbole", "ease")), "fit_cpu_s", goal=3,
    ),
    "recommend-for-all": Row(
        "recommend for all, EASE, ML-1M, seen left out, k = 100", lambda: protocols.last("ml-1m"),
        (("zhiyin", "ease"), ("rectools", "ease"), ("lenskit", "ease")), "people_per_cpu_s", True, goal=3,
    ),
    "evaluate": Row(
        "evaluate 6,040 lists of 100, five metrics", lambda: protocols.last("ml-1m"),
        (("zhiyin", "metrics"), ("rectools", "metrics"), ("recbole", "metrics"), ("lenskit", "metrics")),
        "evaluate_cpu_s", goal=100, against="rectools",
    ),
    "vae-epoch": Row(
        "Mult-VAE epoch, ML-1M, 600-200, batch 500", lambda: protocols.people("ml-1m", 0),
        (("zhiyin", "vae"), ("recbole", "multivae"), ("cornac", "vae")), "epoch_cpu_s", goal=2.2,
    ),
    "vae-epoch-bf16": Row(
        "Mult-VAE epoch, the same, our products in bf16", lambda: protocols.people("ml-1m", 0),
        (("zhiyin", "vae_bf16"), ("recbole", "multivae"), ("cornac", "vae")), "epoch_cpu_s", goal=4,
    ),
    "vae-target": Row(
        "Mult-VAE until validation NDCG@100 is 0.4506, ML-1M, held-out people", lambda: protocols.people("ml-1m", 0),
        (("zhiyin", "vae_target"), ("recbole", "multivae_target")), "target_cpu_s", goal=3, once=("recbole",),
    ),
    "sasrec-epoch": Row(
        "SASRec epoch, published layers, softmax over all items, d 64, L 50, ML-1M", lambda: protocols.last("ml-1m"),
        (("zhiyin", "sasrec"), ("rectools", "sasrec"), ("recbole", "sasrec")), "epoch_cpu_s", goal=6, once=("recbole",),
    ),
    "sasrec-epoch-bf16": Row(
        "SASRec epoch, ML-1M, the same, our products in bf16", lambda: protocols.last("ml-1m"),
        (("zhiyin", "sasrec_bf16"), ("rectools", "sasrec")), "epoch_cpu_s", goal=6,
    ),
    "sasrec-epoch-beauty": Row(
        "SASRec epoch, published layers, softmax over all items, d 64, L 50, Beauty",
        lambda: protocols.last("amazon-beauty"),
        (("zhiyin", "sasrec"), ("rectools", "sasrec"), ("recbole", "sasrec")), "epoch_cpu_s", goal=1, once=("recbole",),
    ),
    "ingest-csv": Row(
        "ingest 10 million rows, CSV", lambda: protocols.ten_million_rows(),
        (("zhiyin", "ingest_csv"), ("rectools", "ingest"), ("pandas", "ingest_csv"), ("recbole", "ingest")),
        "million_rows_per_cpu_s", True, goal=3.5, once=("recbole",),
    ),
    "ingest-parquet": Row(
        "ingest 10 million rows, Parquet", lambda: protocols.ten_million_rows(),
        (("zhiyin", "ingest_parquet"), ("pandas", "ingest_parquet")), "million_rows_per_cpu_s", True, goal=5,
    ),
    "ingest-checked": Row(
        "ingest 10 million rows with all checks on, CSV", lambda: protocols.ten_million_rows(),
        (("zhiyin", "ingest_checked"), ("rectools", "ingest"), ("pandas", "ingest_csv")), "million_rows_per_cpu_s",
        True, goal=1.5,
    ),
}  # fmt: skip


def measured(who: str, job: str, folder: Path) -> dict[str, float]:
    """One turn of one job, in a process of its own."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    out = SCRATCH / f"{who}-{job}.json"
    command = {
        "zhiyin": [sys.executable, "-m", "benchmarks.zhiyin_jobs"],
        "pandas": [sys.executable, "-m", "benchmarks.pandas_jobs"],
    }.get(who) or [str(interpreter(who)), f"benchmarks/peers/{who}_jobs.py"]
    subprocess.run([*command, job, str(folder), str(out)], check=True, env={**os.environ, **ONE_THREAD})
    return dict(json.loads(out.read_text()))


def row_in_turns(name: str, turns: int, but: Collection[str] = ()) -> dict[str, object]:
    """Everybody (``but`` these) once, then everybody again: a machine that slows down slows all."""
    row = ROWS[name]
    folder = row.folder()
    jobs = [(who, job) for who, job in row.jobs if who not in but]
    figures: dict[str, list[float]] = {who: [] for who, _ in jobs}
    for turn in range(turns):
        for who, job in jobs:
            if turn and who in row.once:
                continue
            figures[who].append(measured(who, job, folder)[row.figure])
            print(f"{name}: {who} {figures[who][-1]:.4g}", file=sys.stderr, flush=True)
    medians = {who: statistics.median(values) for who, values in figures.items()}
    peers = {who: value for who, value in medians.items() if who != "zhiyin"}
    best = (max if row.higher_is_better else min)(peers, key=lambda who: peers[who])

    def ratio(peer: str) -> float:
        return medians["zhiyin"] / peers[peer] if row.higher_is_better else peers[peer] / medians["zhiyin"]

    against = row.against or best
    return {
        "row": name, "title": row.title, "figure": row.figure, "turns": figures, "medians": medians, "best_peer": best,
        "ratio": ratio(best), "goal": row.goal, "goal_against": against, "goal_ratio": ratio(against), "threads": 1,
    }  # fmt: skip


def attempts(path: Path, tried: str | None) -> dict[str, object]:
    """What is tried now, and what was before, each with its ratio."""
    before = json.loads(path.read_text()) if path.exists() else {}
    kept = {name: before[name] for name in ("tried", "attempts") if name in before}
    if tried is None or "tried" not in before:
        return kept if tried is None else {**kept, "tried": tried}
    ended = {"tried": before["tried"], "ratio": before.get("goal_ratio", before["ratio"])}
    return {"tried": tried, "attempts": [*before.get("attempts", []), ended]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", default=list(ROWS), metavar="ROW", help=f"one of {', '.join(ROWS)}")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument(
        "--but", nargs="+", default=[], metavar="PEER", help="Left out: RecBole's SASRec takes an hour."
    )
    parser.add_argument(
        "--tried", metavar="WORDS", help="What the code tries since it was measured before, whose ratio is kept."
    )
    asked = parser.parse_args()
    for name in asked.rows:
        result = row_in_turns(name, asked.turns, asked.but)
        path = protocols.RESULTS / f"speed-{name}.json"
        result |= attempts(path, asked.tried)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(result, indent=2) + "\n")
        print(f"{result['title']}: {result['ratio']:.2f} x {result['best_peer']}, goal {result['goal']} x", end=" ")
        print(f"{result['goal_against']}")


if __name__ == "__main__":
    main()

"""The tables of ``docs/figures.md`` from the files in ``benchmarks/results``: `python -m benchmarks.tables`."""

import json
from pathlib import Path
from typing import Any

from benchmarks.protocols import RESULTS

PAGE = Path(__file__).parents[1] / "docs" / "figures.md"
HEAD = """# Figures

Written by `python -m benchmarks.tables` from the files in `benchmarks/results`; `make bench` makes those again. One
thread, CPU seconds, each in a process of its own, in turns. "Ratio" is ours to the best peer of the row; above 1 we
are ahead. A goal that is missed stands here as missed.
"""


def speed() -> list[str]:
    """One line a row of `benchmarks.speed` that was run."""
    lines = ["## Speed", "", "| job | ours | peers | ratio | goal | turns |", "|---|---|---|---|---|---|"]
    for path in sorted(RESULTS.glob("speed-*.json")):
        row: dict[str, Any] = json.loads(path.read_text())
        peers = ", ".join(f"{who} {value:.4g}" for who, value in row["medians"].items() if who != "zhiyin")
        reached = "reached" if row["ratio"] >= row["goal"] else "**missed**"
        lines.append(
            f"| {row['title']} ({row['figure']}) | {row['medians']['zhiyin']:.4g} | {peers} | {row['ratio']:.2f} x "
            f"{row['best_peer']} | {row['goal']:g} x: {reached} | {len(row['turns']['zhiyin'])} |"
        )
    return lines


def statistics() -> list[str]:
    """Whether tests and intervals keep their promise."""
    found = json.loads((RESULTS / "statistics.json").read_text())
    low, high = found["allowed"]
    called, held = found["equal models called different"], found["intervals that hold the truth"]
    text = (
        f"Over {found['worlds']:,} made-up worlds of {found['people']} people: two equal models are called "
        f"different in {called:.1%} (promised 5 %, allowed {low:.1%} to {high:.1%}); 95 % intervals hold "
        f"the truth in {held:.1%}."
    )
    return ["", "## Statistics", "", text]


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *speed(), *statistics()]) + "\n"


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()

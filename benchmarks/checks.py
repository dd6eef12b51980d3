"""How well each check finds its defect: planted at 1 % and 5 % into real logs, precision and recall of the rows.

`python -m benchmarks.checks [CHECK …] [--seed 0]` writes ``benchmarks/results/checks.json`` and prints a table.

The logs are real, so they hold some of each defect already. *Before* is the share of rows found in the log as it was;
precision counts the rows that were found only after planting, recall the planted rows.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.planting import PLANTS, PREPARED, World
from benchmarks.protocols import RESULTS, data_folder
from zhiyin.core.randomness import generator
from zhiyin.data.checks import Evidence, Finding, named_check

SHARES = (0.01, 0.05)


def online_retail(folder: Path) -> World:
    """The tidy log: 396,337 lines with session, price and title."""
    log = pl.read_parquet(folder / "online-retail" / "interactions.parquet")
    titles = pl.read_parquet(folder / "online-retail" / "items.parquet").select("item", "title")
    log = log.rename({"timestamp": "time", "basket": "session"})
    return World(log.join(titles, on="item", how="left", maintain_order="left"))


def ml_100k(folder: Path) -> World:
    log = pl.read_parquet(folder / "ml-100k" / "interactions.parquet").rename({"timestamp": "time"})
    return World(log, pl.read_parquet(folder / "ml-100k" / "items.parquet").select("item", "title"))


def deskdrop(folder: Path) -> World:
    log = pl.read_parquet(folder / "deskdrop" / "interactions.parquet").rename({"timestamp": "time", "event": "kind"})
    items = pl.read_parquet(folder / "deskdrop" / "items.parquet").select("item", "title")
    return World(log.select("user", "item", "time", "kind", "session"), items)


def amazon_beauty(folder: Path) -> World:
    log = pl.read_parquet(folder / "amazon-beauty" / "interactions.parquet").rename({"timestamp": "time"})
    return World(log, pl.read_parquet(folder / "amazon-beauty" / "items.parquet").select("item", "title", "price"))


WORLDS = {"online-retail": online_retail, "ml-100k": ml_100k, "deskdrop": deskdrop, "amazon-beauty": amazon_beauty}


def look(name: str, world: World, now: int) -> Finding:
    return named_check(name).find(Evidence(world.events, world.items, now=now))


def cell(name: str, data: str, world: World, share: float, seed: int) -> dict[str, Any] | None:
    """One check, one log, one share; None where the log has no such column."""
    rng = generator(seed, name, data, f"{share}")
    if name in PREPARED:
        world = PREPARED[name](world, rng)
    planted = PLANTS[name](world, rng, share)
    if planted is None:
        return None
    before, after = look(name, world, world.now), look(name, planted, world.now)
    found = after.rows if after.part == planted.part else after.rows[:0]
    new = np.setdiff1d(found, before.rows) if before.part == planted.part else found
    return {
        "check": name, "data": data, "part": planted.part, "share": share, "planted": len(planted.truth),
        "precision": _share(new, planted.truth) if len(new) else None, "recall": _share(planted.truth, found),
        "recall_by_sort": {sort: _share(rows, found) for sort, rows in planted.sorts.items() if len(rows)},
        "before": before.share, "verdict_before": before.verdict, "verdict": after.verdict, "seed": seed,
    }  # fmt: skip


def _share(of: np.ndarray, among: np.ndarray) -> float:
    return len(np.intersect1d(of, among)) / len(of)


def measured(names: list[str], seed: int) -> list[dict[str, Any]]:
    """Cells of these checks on every log that has what the check reads; at least two logs for each."""
    worlds = {data: read(data_folder()) for data, read in WORLDS.items()}
    cells = [
        cell(name, data, world, share, seed) for name in names for data, world in worlds.items() for share in SHARES
    ]
    return [one for one in cells if one is not None]


def line(one: dict[str, Any]) -> str:
    """One line of the printed table."""
    precision = "     -" if one["precision"] is None else f"{one['precision']:6.3f}"
    weak = {sort: round(recall, 2) for sort, recall in one["recall_by_sort"].items() if recall < 0.995}
    return (
        f"{one['check']:15}{one['data']:15}{one['share']:5.0%}{precision:>10}{one['recall']:8.3f}"
        f"{one['before']:9.4f}  {one['verdict_before']}>{one['verdict']}  {weak or ''}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    cells = measured(asked.names or list(PLANTS), asked.seed)
    print(f"{'check':15}{'data':15}share precision  recall   before  verdict  recall of the sorts missed")
    for one in cells:
        print(line(one))
    if not asked.names:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "checks.json").write_text(json.dumps(cells, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""The splits that we and the peers are measured on, written once as Parquet so that all read the same rows.

A protocol is a folder under ``benchmarks/.cache`` with ``events.parquet``: user, item, position, part.
"""

import os
from pathlib import Path

import numpy as np
import polars as pl

CACHE = Path(__file__).parent / ".cache"
RESULTS = Path(__file__).parent / "results"


def data_folder() -> Path:
    """The folder of real datasets."""
    folder = os.environ.get("ZHIYIN_DATA", "")
    if not folder or not Path(folder).is_dir():
        raise SystemExit("benchmarks need the real datasets: set ZHIYIN_DATA to their folder")
    return Path(folder)


def last(name: str, shuffled: int | None = None) -> Path:
    """Last event = test, last but one = validation, the rest = train. Rows without a position are left out; in a log
    without positions the time tells them.

    ``shuffled``: the seed of a random order among a person's events of one time, instead of the file's.
    """
    folder = CACHE / (f"{name}-last" if shuffled is None else f"{name}-last-shuffled-{shuffled}")
    if not (folder / "events.parquet").exists():
        events = pl.read_parquet(data_folder() / name / "interactions.parquet")
        if "position" not in events.columns:
            events = events.with_columns(position=pl.col("timestamp").rank("ordinal").over("user"))
        events = events.drop_nulls("position")
        if shuffled is not None:
            draw = pl.Series("draw", np.random.default_rng([shuffled, 21]).random(len(events)))
            events = events.with_columns(draw).sort("user", "timestamp", "draw", maintain_order=True)
            events = events.with_columns(position=pl.int_range(pl.len()).over("user"))
        age = pl.len().over("user") - 1 - pl.col("position").rank("ordinal").over("user").cast(pl.Int64) + 1
        part = (
            pl.when(age == 0).then(pl.lit("test")).when(age == 1).then(pl.lit("validation")).otherwise(pl.lit("train"))
        )
        _written(events.select("user", "item", "position", part=part), folder)
    return folder


def people(name: str, seed: int, n_people: int = 604, fold_in: float = 0.8) -> Path:
    """Held-out people: ``train`` are the others; of each held-out person 80 % are ``fold_in``, the rest ``test``.

    As many people again are held out as ``validation_fold_in`` and ``validation``. All pairs are positives.
    """
    folder = CACHE / f"{name}-people-{seed}"
    if not (folder / "events.parquet").exists():
        events = pl.read_parquet(data_folder() / name / "interactions.parquet").select("user", "item")
        users = events["user"].unique(maintain_order=True)
        rng = np.random.default_rng([seed, 20])
        order = rng.permutation(len(users))
        group = np.zeros(len(users), np.int8)
        group[order[:n_people]], group[order[n_people : 2 * n_people]] = 2, 1
        events = events.join(pl.DataFrame({"user": users, "group": group}), on="user", maintain_order="left")
        draw = pl.Series(rng.random(len(events)))
        rank = draw.rank("ordinal")
        share = pl.DataFrame({"user": events["user"], "rank": rank}).select(
            (pl.col("rank").rank("ordinal").over("user") - 1) / pl.len().over("user")
        )["rank"]
        folded = share < fold_in
        parts = pl.DataFrame({"group": events["group"], "folded": folded}).select(
            pl.when(pl.col("group") == 0)
            .then(pl.lit("train"))
            .when(pl.col("group") == 1)
            .then(pl.when("folded").then(pl.lit("validation_fold_in")).otherwise(pl.lit("validation")))
            .otherwise(pl.when("folded").then(pl.lit("fold_in")).otherwise(pl.lit("test")))
            .alias("part")
        )["part"]
        position = pl.int_range(pl.len()).over("user")
        _written(events.select("user", "item", position=position, part=parts), folder)
    return folder


def ten_million_rows(n: int = 10_000_000) -> Path:
    """A made-up log for ingesting: ids as text with popular heads, seconds in no order, a rating; CSV and Parquet."""
    folder = CACHE / f"rows-{n}"
    if not (folder / "events.parquet").exists():
        rng = np.random.default_rng(7)
        users = (rng.pareto(1.2, n) * 40_000).astype(np.int64) % 500_000
        items = (rng.pareto(1.0, n) * 2_000).astype(np.int64) % 100_000
        events = pl.DataFrame(
            {
                "user": pl.Series(users).cast(pl.String),
                "item": pl.Series(items).cast(pl.String),
                "timestamp": rng.integers(1_600_000_000, 1_700_000_000, n),
                "value": rng.integers(1, 6, n).astype(np.float32),
            }
        ).with_columns(item=pl.lit("B") + pl.col("item").str.zfill(8))
        _written(events, folder)
    return folder


def _written(events: pl.DataFrame, folder: Path) -> None:
    """Parquet for most peers, CSV for the one whose NumPy a current PyArrow refuses."""
    folder.mkdir(parents=True, exist_ok=True)
    events.write_csv(folder / "events.csv")
    events.write_parquet(folder / "events.parquet")

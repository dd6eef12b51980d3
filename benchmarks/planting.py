"""Defects planted into real logs, one function a check: the log with its defect and the truth of where it is.

Every function keeps the rows it was given in their places; rows of its own come at the end.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

DAY = 86_400


@dataclass(frozen=True)
class World:
    """A log with its catalogue, and the rows (of ``part``) that a check ought to find."""

    events: pl.DataFrame
    items: pl.DataFrame | None = None
    part: str = "events"
    truth: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    sorts: dict[str, np.ndarray] = field(default_factory=dict)
    """The truth by sort of defect, where there are several."""

    @property
    def now(self) -> int:
        """The newest event is the present."""
        return int(self.events["time"].max())  # type: ignore[arg-type]


Plant = Callable[[World, np.random.Generator, float], World | None]
"""None where the log has no such column."""


def _some(n: int, share: float, rng: np.random.Generator) -> np.ndarray:
    return np.sort(rng.choice(n, math.ceil(n * share), replace=False))


def _set(frame: pl.DataFrame, rows: np.ndarray, column: str, values: list[object]) -> pl.DataFrame:
    cells = frame[column].to_list()
    for row, value in zip(rows, values, strict=True):
        cells[row] = value
    return frame.with_columns(pl.Series(column, cells, dtype=frame[column].dtype, strict=False))


def _in_sorts(
    world: World, rng: np.random.Generator, share: float, sorts: dict[str, tuple[str, Callable[[object], object]]]
) -> World:
    """Random rows, each given one of these sorts of defect: name → column, new cell from the old."""
    rows, events = _some(len(world.events), share, rng), world.events
    which = rng.integers(0, len(sorts), len(rows))
    truths = {}
    for number, (name, (column, change)) in enumerate(sorts.items()):
        mine = rows[which == number]
        events = _set(events, mine, column, [change(cell) for cell in events[column].gather(mine)])
        truths[name] = mine
    return replace(world, events=events, truth=rows, sorts=truths)


def missing(world: World, rng: np.random.Generator, share: float) -> World:
    sorts: dict[str, tuple[str, Callable[[object], object]]] = {
        "user": ("user", lambda _: None), "item": ("item", lambda _: "nan"), "time": ("time", lambda _: None)
    }  # fmt: skip
    return _in_sorts(world, rng, share, sorts)


def time_unit(world: World, rng: np.random.Generator, share: float) -> World:
    def times(factor: int) -> Callable[[object], object]:
        return lambda cell: int(str(cell)) * factor

    units = {"milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}
    return _in_sorts(world, rng, share, {name: ("time", times(factor)) for name, factor in units.items()})


def future(world: World, rng: np.random.Generator, share: float) -> World:
    """Two days to five years ahead."""
    now = world.now
    return _in_sorts(world, rng, share, {"later": ("time", lambda _: now + int(rng.integers(2 * DAY, 1_825 * DAY)))})


def impossible(world: World, rng: np.random.Generator, share: float) -> World | None:
    sorts: dict[str, tuple[str, Callable[[object], object]]] = {
        "time 0": ("time", lambda _: 0), "time < 0": ("time", lambda _: -int(rng.integers(1, 10**9)))
    }  # fmt: skip
    if "value" in world.events.columns:
        sorts |= {"infinite": ("value", lambda _: float("inf")), "1e30": ("value", lambda _: 1e30)}
        if world.events["value"].max() == 5:  # a scale of 1 to 5
            sorts |= {f"{odd} of 1..5": ("value", lambda _, odd=odd: odd) for odd in (0.0, 6.0, 55.0, -1.0)}  # type: ignore[misc]
    return _in_sorts(world, rng, share, sorts)


def returns(world: World, rng: np.random.Generator, share: float) -> World:
    if "value" in world.events.columns and world.events["value"].max() != 5:
        negative: Callable[[object], object] = lambda cell: -float(str(cell))  # noqa: E731
        return _in_sorts(
            world, rng, share, {"negative": ("value", negative), "cancelled": ("session", lambda cell: f"C{cell}")}
        )
    if "kind" not in world.events.columns:
        world = replace(world, events=world.events.with_columns(kind=pl.lit("rating")))
    return _in_sorts(world, rng, share, {"kind": ("kind", lambda _: "return")})


def price(world: World, rng: np.random.Generator, share: float) -> World | None:
    if "price" in world.events.columns:
        return _in_sorts(world, rng, share, {"zero": ("price", lambda _: 0.0), "negative": ("price", lambda _: -1.5)})
    if world.items is None or "price" not in world.items.columns:
        return None
    rows = _some(len(world.items), share, rng)
    return replace(world, items=_set(world.items, rows, "price", [0.0] * len(rows)), part="items", truth=rows)


NO_PRODUCTS = (
    "POST",
    "BANK CHARGES",
    "gift_0001_20",
    "DOT",
    "M",
    "HANDLING",
    "SVC-01",
    "WRAP SMALL",
    "X-MAS CARD",
    "ZZZ9",
)
"""The first five stand in the check's list of names or are like it, the last five do not."""


def not_products(world: World, rng: np.random.Generator, share: float) -> World:
    return _in_sorts(world, rng, share, {code: ("item", lambda _, code=code: code) for code in NO_PRODUCTS})  # type: ignore[misc]


def spelling(world: World, rng: np.random.Generator, share: float) -> World:
    """Items and people that keep another row in the usual spelling."""
    sorts: dict[str, tuple[str, Callable[[object], object]]] = {"space": ("item", lambda cell: f"{cell} ")}
    if world.events["user"].str.contains(r"^-?\d+$").all():
        sorts[".0"] = ("user", lambda cell: f"{cell}.0")
    if world.events["item"].str.contains("[A-Z]").any():
        sorts["case"] = ("item", lambda cell: str(cell).lower())
    planted = _in_sorts(world, rng, share, sorts)
    same = {
        name: rows.copy()[(planted.events[column].gather(rows) != world.events[column].gather(rows)).to_numpy()]
        for name, (column, _) in sorts.items() for rows in [planted.sorts[name]]
    }  # fmt: skip
    return replace(planted, truth=np.sort(np.concatenate(list(same.values()))), sorts=same)


def _garbled(text: object) -> str:
    """UTF-8 read as Windows-1252, bytes that it does not know as Latin-1."""
    raw = f"{text} – Édition spéciale".encode()
    return "".join(bytes([b]).decode("cp1252" if b not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else "latin-1") for b in raw)


GARBLERS: dict[str, Callable[[object], object]] = {
    "UTF-8 as Windows-1252": _garbled,
    "UTF-8 as Latin-1": lambda text: f"Café {text}".encode().decode("latin-1"),
    "UTF-8 as GBK": lambda _: "知音".encode().decode("gbk"),
    "GBK as Latin-1": lambda text: f"{text} " + "商品".encode("gbk").decode("latin-1"),
    "replaced": lambda text: f"Caf\ufffd {text}",
}


def encoding(world: World, rng: np.random.Generator, share: float) -> World | None:
    if "title" in world.events.columns:
        return _in_sorts(world, rng, share, {name: ("title", change) for name, change in GARBLERS.items()})
    if world.items is None or "title" not in world.items.columns:
        return None
    catalogue = replace(world, events=world.items)
    planted = _in_sorts(catalogue, rng, share, {name: ("title", change) for name, change in GARBLERS.items()})
    return replace(planted, events=world.events, items=planted.events, part="items")


def several_titles(world: World, rng: np.random.Generator, share: float) -> World | None:
    notes: Callable[[object], object] = lambda _: rng.choice(["damaged", "check", "?", "sold as set"])  # noqa: E731
    if "title" in world.events.columns:
        return _in_sorts(world, rng, share, {"note": ("title", notes), "variant": ("title", lambda old: f"{old} NEW")})
    if world.items is None or "title" not in world.items.columns:
        return None
    again = world.items[_some(len(world.items), share, rng)].with_columns(pl.col("title") + " (again)")
    again = again.drop_nulls("title")
    n = len(world.items)
    return replace(world, items=pl.concat([world.items, again]), part="items", truth=np.arange(n, n + len(again)))


def no_title(world: World, rng: np.random.Generator, share: float) -> World | None:
    """Whole items, until their rows are the share."""
    if "title" in world.events.columns:
        codes = (
            world.events["item"]
            .unique(maintain_order=True)
            .sample(fraction=1, shuffle=True, seed=int(rng.integers(99)))
        )
        rows = pl.DataFrame({"item": codes}).join(world.events["item"].value_counts(), on="item", maintain_order="left")
        chosen = rows.filter(pl.col("count").cum_sum() <= share * len(world.events))["item"]
        bare = world.events["item"].is_in(chosen.implode())
        title = pl.when(bare).then(None).otherwise(pl.col("title")).alias("title")
        return replace(
            world, events=world.events.with_columns(title), truth=bare.arg_true().to_numpy().astype(np.int64)
        )
    if world.items is None or "title" not in world.items.columns:
        return None
    rows_ = _some(len(world.items), share, rng)
    return replace(world, items=_set(world.items, rows_, "title", [None] * len(rows_)), part="items", truth=rows_)


def duplicates(world: World, rng: np.random.Generator, share: float) -> World:
    n = len(world.events)
    copies = world.events[_some(n, share, rng)]
    return replace(world, events=pl.concat([world.events, copies]), truth=np.arange(n, n + len(copies)))


def concentration(world: World, rng: np.random.Generator, share: float) -> World:
    """A cash desk: random rows written on one new person; from 5 % on as many more on one new item."""
    n, rows = len(world.events), _some(len(world.events), share, rng)
    events, sorts = _set(world.events, rows, "user", ["999999"] * len(rows)), {"one person": rows}
    if share >= 0.05:
        others = np.sort(rng.choice(np.setdiff1d(np.arange(n), rows), len(rows), replace=False))
        events, sorts["one item"] = _set(events, others, "item", ["999999"] * len(rows)), others
    return replace(world, events=events, truth=np.sort(np.concatenate(list(sorts.values()))), sorts=sorts)


def one_event_a_moment(world: World, rng: np.random.Generator) -> World:
    """The log without any tie."""
    return replace(world, events=world.events.unique(["user", "time"], keep="first", maintain_order=True))


def time_ties(world: World, rng: np.random.Generator, share: float) -> World:
    """Further events at the time of some, about other items."""
    n, rows = len(world.events), _some(len(world.events), share / 2, rng)
    other = world.events["item"].gather(rng.integers(0, n, len(rows)))
    added = world.events[rows].with_columns(other.alias("item"))
    truth = np.concatenate([rows, np.arange(n, n + len(rows))])
    return replace(world, events=pl.concat([world.events, added]), truth=truth)


def shuffled_ties(world: World, rng: np.random.Generator) -> World:
    """The log with the order of its rows lost, so that no tie follows the ids."""
    return replace(world, events=world.events[rng.permutation(len(world.events))])


def tie_order(world: World, rng: np.random.Generator, share: float) -> World:
    """Whole moments with several items, sorted by item, until their rows are the share."""
    rows = world.events.with_row_index("row").with_columns(
        tied=pl.col("item").n_unique().over("user", "time") > 1, moment=pl.struct("user", "time").rank("dense")
    )
    moments = rows.filter("tied")["moment"].unique().sort().shuffle(seed=int(rng.integers(99)))
    sizes = rows.filter("tied").group_by("moment").len()
    wanted = pl.DataFrame({"moment": moments}).join(sizes, on="moment", maintain_order="left")
    chosen = wanted.filter(pl.col("len").cum_sum() <= share * len(rows))["moment"]
    places = rows.filter(pl.col("moment").is_in(chosen.implode())).sort("moment", "row")
    order = np.arange(len(rows))
    order[places["row"].to_numpy()] = places.sort("moment", "item", "row")["row"].to_numpy()
    return replace(world, events=world.events[order], truth=np.sort(places["row"].to_numpy().astype(np.int64)))


def _pauses(sort: str, rng: np.random.Generator, n: int) -> np.ndarray:
    """Seconds between the events of one bot."""
    if sort == "burst":
        return rng.integers(1, 3, n)
    if sort == "clockwork":
        pause = int(rng.integers(300, 7_200))
        return pause + rng.integers(-pause // 100, pause // 100 + 1, n)
    if sort == "sleepless":
        return rng.exponential(900, n).astype(np.int64) + 1
    return rng.exponential(4 * 3_600, n).astype(np.int64) + 30  # a patient script: like anybody


def bots(world: World, rng: np.random.Generator, share: float) -> World | None:
    """New people of 100 to 300 events each, a quarter of each sort; the clock ticks as the log's does."""
    times = world.events["time"]
    if not (times % DAY != 0).any():
        return None  # whole days show no rhythm
    tick = 60 if not (times % 60 != 0).any() else 1
    n, target, frames, sorts = len(world.events), round(len(world.events) * share), [], {}
    kinds = ("burst", "clockwork", "sleepless", "patient")
    start, number = n, 0
    while start < n + target:
        sort, size = kinds[number % 4], int(rng.integers(100, 301))
        when = int(rng.integers(int(times.min()), int(times.max()) - 90 * DAY)) + np.cumsum(_pauses(sort, rng, size))  # type: ignore[arg-type]
        rows = world.events[rng.integers(0, n, size)]
        frames.append(rows.with_columns(user=pl.lit(f"{77_000_000 + number}"), time=pl.Series(when // tick * tick)))
        sorts[sort] = np.concatenate([sorts.get(sort, np.zeros(0, np.int64)), np.arange(start, start + size)])
        start, number = start + size, number + 1
    return replace(world, events=pl.concat([world.events, *frames]), truth=np.arange(n, start), sorts=sorts)


PLANTS: dict[str, Plant] = {
    "missing": missing, "time_unit": time_unit, "encoding": encoding, "spelling": spelling, "returns": returns,
    "price": price, "not_products": not_products, "future": future, "impossible": impossible, "bots": bots,
    "several_titles": several_titles, "no_title": no_title, "duplicates": duplicates,
    "concentration": concentration, "time_ties": time_ties, "tie_order": tie_order,
}  # fmt: skip

PREPARED: dict[str, Callable[[World, np.random.Generator], World]] = {
    "time_ties": one_event_a_moment, "tie_order": shuffled_ties,
}  # fmt: skip
"""Where the real log is full of the trait already, what takes it out before it is planted."""

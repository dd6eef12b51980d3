"""Made-up worlds whose right answer is obvious; all are small, and the same for the same arguments."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from zhiyin.data.contracts import Catalogue, column_array
from zhiyin.data.dataset import Dataset
from zhiyin.data.weighting import Weighting

DAY_S = 86_400
START = 1_700_000_000
HARD_IDS = (
    "plain", "it's", 'a "quoted" id', "a/b/../c", "%2f", "back\\slash", "two\nlines", "tab\there", " spaces ", "知音",
    "🎸🎻", "e\u0301", "\u00e9", "0", "00", "1e5", "x" * 1024,
)  # fmt: skip
"""Ids that are easily trimmed, parsed, normalised or split by mistake."""
RATED = Weighting(like_from=4, dislike_to=2)
"""Ratings of 4 and 5 are likes, of 1 and 2 dislikes."""


def parity(id_: str) -> int:
    """Whether an item of `even` is even (0) or odd (1)."""
    return int(id_[1:]) % 2


def even(n_people: int = 60, n_items: int = 16, n_liked: int = 5, *, rated: bool = False) -> Dataset:
    """Even people (u0, u2 …) like even items (i0, i2 …), odd people odd ones; titles and prices say so too.

    With ``rated`` everybody has also tried some of the other kind and rated them 1 or 2, and their own 4 or 5.
    """
    rng = np.random.default_rng(20)
    rows = []
    for user in range(n_people):
        own = rng.choice(n_items // 2, n_liked, replace=False) * 2 + user % 2
        other = rng.choice(n_items // 2, n_liked if rated else 0, replace=False) * 2 + 1 - user % 2
        tries = [(item, 4 + rng.integers(2)) for item in own] + [(item, 1 + rng.integers(2)) for item in other]
        for place in rng.permutation(len(tries)):
            item, rating = tries[place]
            rows.append({"user": f"u{user}", "item": f"i{item}", "value": float(rating)})
    events = pl.DataFrame(rows)
    events = events.with_columns(time=START + 3600 * pl.int_range(len(events)))
    items = pl.DataFrame(
        {
            "item": [f"i{item}" for item in range(n_items)],
            "title": [f"{('even 双数', 'odd 单数')[item % 2]} jug {item}" for item in range(n_items)],
            "category": [("kitchen|even", "garden|odd")[item % 2] for item in range(n_items)],
            "price": [(2.0, 40.0)[item % 2] for item in range(n_items)],
        }
    )
    if rated:
        return Dataset.from_frame(events, items=items, weighting=RATED)
    return Dataset.from_frame(events.drop("value"), items=items)


def chain(n_people: int = 50, n_items: int = 20, length: int = 8) -> Dataset:
    """What comes next is always the item with the next number: next = last + 1, round and round."""
    starts = np.random.default_rng(21).integers(n_items, size=n_people)
    rows = [
        {"user": f"u{user}", "item": f"i{(start + step) % n_items}", "time": START + user * DAY_S + step * 60}
        for user, start in enumerate(starts)
        for step in range(length)
    ]
    return Dataset.from_frame(pl.DataFrame(rows), items=_titled([f"i{item}" for item in range(n_items)]))


def one_user(n_items: int = 6) -> Dataset:
    """One person who took all items."""
    ids = [f"i{item}" for item in range(n_items)]
    return Dataset.from_frame(_events(["only"] * n_items, ids), items=_titled(ids))


def one_item(n_people: int = 5) -> Dataset:
    """Everybody took the only item."""
    return Dataset.from_frame(
        _events([f"u{user}" for user in range(n_people)], ["only"] * n_people), items=_titled(["only"])
    )


def hard_ids(n_people: int = 20) -> Dataset:
    """Items (and people) whose ids hold quotes, slashes, line breaks, Chinese, emoji, and twins of each other."""
    rng = np.random.default_rng(22)
    users = [f"{HARD_IDS[user % len(HARD_IDS)]}·{user}" for user in range(n_people) for _ in range(6)]
    chosen = [HARD_IDS[item] for _ in range(n_people) for item in rng.choice(len(HARD_IDS), 6, replace=False)]
    return Dataset.from_frame(_events(users, chosen), items=_titled(HARD_IDS))


def repeats(n_people: int = 40, n_items: int = 12) -> Dataset:
    """Everybody buys the same few things of their own parity again and again."""
    rng = np.random.default_rng(23)
    users = [f"u{user}" for user in range(n_people) for _ in range(9)]
    chosen = [
        f"i{2 * item + user % 2}" for user in range(n_people) for item in np.tile(rng.choice(n_items // 2, 3, False), 3)
    ]
    return Dataset.from_frame(_events(users, chosen), items=_titled([f"i{item}" for item in range(n_items)]))


def even_csv(path: Path) -> None:
    """`even` as a file that `ingest` reads, titles and prices beside each event."""
    world = even()
    events, columns = world.histories, world.catalogue.columns
    frame = pl.DataFrame(
        {
            "user": world.users.take(events.owners),
            "item": world.catalogue.ids.take(events.items),
            "time": events.times,
            "title": columns["title"][events.items].tolist(),
            "price": columns["price"][events.items],
        }
    )
    frame.sort("time").write_csv(path)


def with_cold_items(n_cold: int = 3) -> Dataset:
    """`even`, and items in the catalogue that nobody ever took."""
    world = even()
    cold = Catalogue.of([f"cold{number}" for number in range(n_cold)])
    return Dataset(world.users, world.catalogue.add(cold), world.histories, order=world.order)


def new_even_items() -> Catalogue:
    """Two items that came after `even` was trained on: an even one, an odd one."""
    return Catalogue.of(
        ["new-even", "new-odd"], title=["even 双数 jug", "odd 单数 jug"], category=["kitchen|even", "garden|odd"],
        price=[2.0, 40.0],
    )  # fmt: skip


def valued(dataset: Dataset, value: float = 4.0) -> Dataset:
    """The same world with a rating for every event that has none; every second event is rated one higher."""
    histories = dataset.histories
    ratings = (value + np.arange(histories.n_events) % 2).astype(np.float32)
    values = np.where(np.isnan(histories.values), ratings, histories.values)
    return dataset.with_histories(replace(histories, values=values))


def _events(users: list[str], items: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"user": users, "item": items}).with_columns(time=START + 60 * pl.int_range(len(users)))


def _titled(ids: list[str] | tuple[str, ...]) -> pl.DataFrame:
    return pl.DataFrame({"item": list(ids), "title": column_array([f"jug number {row}" for row in range(len(ids))])})

"""Made-up worlds in which one thing moves what people take, by a known amount.

At each step somebody takes item i with probability proportional to ``exp(effect · x_i)``; what x is, each world says.
Letters: B requests, N items.
"""

from collections import defaultdict
from collections.abc import Callable

import numpy as np
import polars as pl

from zhiyin.data.contracts import Ragged, Requests, Table
from zhiyin.data.dataset import Dataset
from zhiyin.testing.worlds import DAY_S, START

HOUR_S = 3600
EARTH_KM = 6371.0088
GLAD = ("what a wonderful day", "I love this", "今天很开心", "very happy with it")
SAD = ("what a terrible day", "I am so sad and tired", "今天很难过", "这让人失望")
CHAIN = ((0.6, 0.3, 0.1), (0.3, 0.3, 0.4), (0.8, 0.1, 0.1))
TOPICS = ("teapot", "lantern", "茶杯", "风筝")


def by_distance(effect: float, n_people: int = 60, n_items: int = 30, n_events: int = 40, seed: int = 31) -> Dataset:
    """x is log(1 + km) from the person's home to the item. People and items lie on both sides of the date line, round
    both poles, and elsewhere; people and items have ``latitude`` and ``longitude``."""
    rng = np.random.default_rng(seed)
    homes, places = _scattered(n_people, rng), _scattered(n_items, rng)
    one, other = _on_sphere(homes), _on_sphere(places)
    chords = np.linalg.norm(one[:, None] - other[None], axis=2)  # of a unit sphere, (people, N)
    x = np.log1p(2 * EARTH_KM * np.arcsin(np.clip(chords / 2, 0, 1)))
    users, items, times = [], [], []
    for step in range(n_events):
        for user in range(n_people):
            users.append(user)
            items.append(_chosen(effect * x[user], rng))
            times.append(START + step * DAY_S + user * 60)
    return Dataset.from_frame(
        _log(users, items, times),
        users=pl.DataFrame({"user": _names("u", n_people), "latitude": homes[:, 0], "longitude": homes[:, 1]}),
        items=pl.DataFrame({"item": _names("i", n_items), "latitude": places[:, 0], "longitude": places[:, 1]}),
    )


def by_neighbourhood(
    effect: float, n_people: int = 80, n_items: int = 20, n_events: int = 40, seed: int = 36
) -> Dataset:
    """x is ½ for what is of the person's own town, else -½. One town (of even people, items) lies before the date line,
    the other round the north pole; only the people's ``latitude`` and ``longitude`` tell who lives where."""
    rng = np.random.default_rng(seed)
    even = np.where(np.arange(n_items) % 2 == 0, 0.5, -0.5)
    pole = np.arange(n_people) % 2 == 1
    latitude = np.where(pole, rng.uniform(89.5, 90, n_people), rng.uniform(0.1, 0.9, n_people))
    longitude = np.where(pole, rng.uniform(-180, 180, n_people), rng.uniform(179.1, 179.9, n_people))
    users = np.tile(np.arange(n_people), n_events)
    items = [_chosen(effect * (-even if pole[user] else even), rng) for user in users]
    times = START + np.repeat(np.arange(n_events), n_people) * DAY_S + users * 60
    return Dataset.from_frame(
        _log(users.tolist(), items, times.tolist()),
        users=pl.DataFrame({"user": _names("u", n_people), "latitude": latitude, "longitude": longitude}),
        items=pl.DataFrame({"item": _names("i", n_items)}),
    )


def by_friends(effect: float, n_people: int = 60, n_items: int = 30, n_events: int = 40, seed: int = 32) -> Dataset:
    """x is log(1 + friends who took the item in the 7 days before). The people's ``friends`` are lists of ids."""
    rng = np.random.default_rng(seed)
    friends = [[int(f) for f in rng.choice(n_people, 5, replace=False) if f != user] for user in range(n_people)]
    took: dict[int, list[tuple[int, int]]] = defaultdict(list)
    users, items, times = [], [], []
    for step in range(n_events):
        for user in range(n_people):
            now = START + step * DAY_S + user * 60
            x = np.zeros(n_items)
            for friend in friends[user]:
                x[list({item for time, item in took[friend] if time >= now - 7 * DAY_S})] += 1
            item = _chosen(effect * np.log1p(x), rng)
            took[user].append((now, item))
            users.append(user)
            items.append(item)
            times.append(now)
    people = pl.DataFrame({"user": _names("u", n_people), "friends": [[f"u{f}" for f in own] for own in friends]})
    return Dataset.from_frame(
        _log(users, items, times), users=people, items=pl.DataFrame({"item": _names("i", n_items)})
    )


def by_mood(effect: float, n_people: int = 80, n_items: int = 20, n_events: int = 60, seed: int = 33) -> Dataset:
    """x is ½ for lively items (even) after glad words and for calm ones (odd) after sad words, else -½. After each
    event the person writes in ``review`` how they feel, in English or Chinese; the next choice follows from it."""
    rng = np.random.default_rng(seed)
    lively = np.where(np.arange(n_items) % 2 == 0, 0.5, -0.5)
    users, items, times, reviews = [], [], [], []
    for user in range(n_people):
        glad = rng.random() < 0.5
        for step in range(n_events):
            item = _chosen(effect * (lively if glad else -lively), rng) if step else int(rng.integers(n_items))
            glad = rng.random() < 0.5
            users.append(user)
            items.append(item)
            times.append(START + step * DAY_S + user * 60)
            reviews.append(str(rng.choice(GLAD if glad else SAD)))
    log = _log(users, items, times).with_columns(review=pl.Series(reviews))
    return Dataset.from_frame(log, items=pl.DataFrame({"item": _names("i", n_items)}))


def by_search(effect: float, n_people: int = 60, n_items: int = 24, n_events: int = 40, seed: int = 34) -> Dataset:
    """x is 1 where the item's title has the word that was searched for, else 0. Words are English and Chinese; people
    go on with a search for four events. What was searched for stands in the events' ``query``."""
    rng = np.random.default_rng(seed)
    topics = [TOPICS[item % len(TOPICS)] for item in range(n_items)]
    users, items, times, queries = [], [], [], []
    for user in range(n_people):
        for step in range(n_events):
            if step % 4 == 0:
                topic = str(rng.choice(TOPICS))
            users.append(user)
            items.append(_chosen(effect * np.array([own == topic for own in topics], float), rng))
            times.append(START + step * DAY_S + user * 60)
            queries.append(topic)
    table = pl.DataFrame({"item": _names("i", n_items), "title": [f"{topics[i]} no{i}" for i in range(n_items)]})
    return Dataset.from_frame(_log(users, items, times).with_columns(query=pl.Series(queries)), items=table)


def by_chain(
    rate: float = 0.5, chain: tuple[tuple[float, ...], ...] = CHAIN, n_people: int = 300, days: int = 60, seed: int = 37
) -> Dataset:
    """People come ``rate`` times a day on average, at moments that know nothing of each other; after an event of the
    kind k (view, cart, purchase) the next is of the kind l with probability ``chain[k][l]``. The item is always one of
    three, the one of the kind's number."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[int, int, int]] = []
    for user in range(n_people):
        kind, day = 0, rng.exponential(1 / rate)
        while day < days:
            kind = int(rng.choice(len(chain), p=chain[kind]))
            rows.append((user, kind, START + int(day * DAY_S)))
            day += rng.exponential(1 / rate)
    users, kinds, times = (list(column) for column in zip(*rows, strict=True))
    names = ("view", "cart", "purchase")
    log = _log(users, kinds, times).with_columns(kind=pl.Series([names[kind] for kind in kinds]))
    return Dataset.from_frame(log, users=pl.DataFrame({"user": _names("u", n_people)}),
                              items=pl.DataFrame({"item": _names("i", 3)}))  # fmt: skip


def everything(n_people: int = 40, n_items: int = 30, n_visits: int = 300, seed: int = 35) -> Dataset:
    """All that features can read, by chance alone: kinds, sessions, devices, searches, words; people with age, country,
    place and friends; items with category, price, country, place and title."""
    rng = np.random.default_rng(seed)
    n_events = 3 * n_visits
    times = np.repeat(START + rng.integers(0, 60 * DAY_S, n_visits), 3) + np.tile([0, 90, 400], n_visits)
    places, homes = _scattered(n_items, rng), _scattered(n_people, rng)

    def drawn(values: tuple[str | None, ...], n: int) -> list[str | None]:
        return [values[at] for at in rng.integers(0, len(values), n)]

    users = np.repeat(rng.integers(0, n_people, n_visits), 3)
    log = _log(users.tolist(), rng.integers(0, n_items, n_events).tolist(), times.tolist()).with_columns(
        kind=pl.Series(drawn(("view", "view", "cart", "purchase"), n_events)),
        session=pl.Series([f"{user}-{time // (6 * HOUR_S)}" for user, time in zip(users, times, strict=True)]),
        device=pl.Series(drawn(("phone", "desk", None), n_events)),
        query=pl.Series(drawn((*TOPICS, None), n_events)),
        review=pl.Series(drawn((*GLAD, *SAD, None), n_events)),
    )
    people = pl.DataFrame(
        {
            "user": _names("u", n_people), "age": rng.integers(18, 80, n_people),
            "country": drawn(("PT", "中国", None), n_people), "latitude": homes[:, 0], "longitude": homes[:, 1],
            "friends": [[f"u{f}" for f in rng.integers(0, n_people, 3)] for _ in range(n_people)],
        }
    )  # fmt: skip
    items = pl.DataFrame(
        {
            "item": _names("i", n_items), "title": [f"{TOPICS[i % 4]} no{i}" for i in range(n_items)],
            "category": drawn(("jug", "bag", None), n_items), "price": rng.integers(1, 90, n_items) / 2,
            "country": drawn(("PT", "中国", None), n_items), "latitude": places[:, 0], "longitude": places[:, 1],
        }
    )  # fmt: skip
    return Dataset.from_frame(log, items=items, users=people)


def before_each(dataset: Dataset, moment: Callable[[np.ndarray], Table] | None = None) -> tuple[Requests, np.ndarray]:
    """The request just before each event that somebody's history begins with others, and the item then taken."""
    h = dataset.histories
    first = h.offsets[:-1][h.owners]
    events = np.flatnonzero(np.arange(h.n_events) > first)
    lengths = events - first[events]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    which = np.arange(offsets[-1]) + np.repeat(first[events] - offsets[:-1], lengths)
    people = h.owners[events]
    person = {name: column[people] for name, column in dataset.people.items()}
    then = None if moment is None else moment(events)
    requests = Requests(h.events(which, offsets), h.times[events], Ragged.empty(len(events)), person, then)
    return requests, h.items[events]


def recovered(x: np.ndarray, taken: np.ndarray) -> tuple[float, float]:
    """The effect of a column (B, N) on which item is taken (B,), and its standard error: a conditional logit."""
    effect, rows = 0.0, np.arange(len(x))
    for _ in range(50):
        weights = np.exp(effect * x - (effect * x).max(axis=1, keepdims=True))
        shares = weights / weights.sum(axis=1, keepdims=True)
        mean = (shares * x).sum(axis=1)
        information = ((shares * x**2).sum(axis=1) - mean**2).sum()
        step = (x[rows, taken] - mean).sum() / information
        effect += step
        if abs(step) < 1e-9:
            break
    return effect, float(1 / np.sqrt(information))


def _chosen(utilities: np.ndarray, rng: np.random.Generator) -> int:
    """An item by its utility; a Gumbel number added to each makes the best one the right draw."""
    return int(np.argmax(utilities + rng.gumbel(size=len(utilities))))


def _scattered(n: int, rng: np.random.Generator) -> np.ndarray:
    """Places (n, 2): a third at the date line, a third at a pole, a third anywhere."""
    where = np.arange(n) % 3
    at_line, at_pole = rng.uniform(-5, 5, n), rng.choice([-1, 1], n) * rng.uniform(89, 90, n)
    latitude = np.select([where == 0, where == 1], [at_line, at_pole], rng.uniform(-60, 60, n))
    longitude = np.where(where == 0, (180 + rng.uniform(-5, 5, n) + 180) % 360 - 180, rng.uniform(-180, 180, n))
    return np.stack([latitude, longitude], axis=1)


def _on_sphere(places: np.ndarray) -> np.ndarray:
    latitude, longitude = np.radians(places).T
    return np.stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], axis=1
    )


def _log(users: list[int], items: list[int], times: list[int]) -> pl.DataFrame:
    return pl.DataFrame({"user": [f"u{user}" for user in users], "item": [f"i{item}" for item in items], "time": times})


def _names(letter: str, n: int) -> list[str]:
    return [f"{letter}{row}" for row in range(n)]

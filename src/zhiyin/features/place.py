"""Where: the great circle between person and item, the same region, what is taken nearby.

Letters: B requests, E events, N items, U people.
"""

import numpy as np

from zhiyin.core.ids import UNKNOWN
from zhiyin.data.contracts import Histories, Requests, Table
from zhiyin.data.dataset import Dataset
from zhiyin.features.catalogue import of_items
from zhiyin.features.feature import Compute, Counters
from zhiyin.features.groups import CodeOf, newest_known

NAMES = (("latitude", "longitude"), ("lat", "lon"), ("lat", "lng"))
"""How a table calls the two columns of a place, in degrees."""
EARTH_KM = 6371.0088
"""Mean radius."""
CELL_DEGREES = 1.0
"""Height of a cell of the map, about 111 km; cells are about as wide as high, everywhere."""


def distance(catalogue: Table) -> Compute:
    """log(1 + kilometres along the great circle between where the person is and where the item is)."""
    items = points(catalogue)  # (N, 2)

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        here = where(requests)[:, None]  # (B, 1, 2)
        there = np.stack([of_items(items[:, axis], candidates) for axis in (0, 1)], axis=2)  # (B, C, 2)
        return np.asarray(np.log1p(kilometres(here, there)))

    return compute


def same_region(name: str, column: np.ndarray) -> Compute:
    """1 where the item's value of this column is the person's own, 0 where it is another."""
    values = {text: code for code, text in enumerate(dict.fromkeys(text for text in map(_text, column) if text))}
    items = np.array([np.nan if (text := _text(cell)) is None else values[text] for cell in column], np.float64)

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        person = requests.person or {}
        if name not in person:
            return np.full(candidates.shape, np.nan)
        own = [np.nan if (text := _text(cell)) is None else values.get(text, UNKNOWN) for cell in person[name]]
        persons, there = np.array(own, np.float64)[:, None], of_items(items, candidates)
        return np.where(np.isnan(there) | np.isnan(persons), np.nan, there == persons)

    return compute


class Cell:
    """Events and requests by the cell of the map where the person was."""

    name = "cell"

    def __call__(self, dataset: Dataset, events: Histories) -> tuple[np.ndarray, CodeOf]:
        own = points(dataset.people) if has_place(dataset.people) else np.full((len(dataset.users), 2), np.nan)
        here = points(events.context) if has_place(events.context) else np.full((events.n_events, 2), np.nan)
        places = np.where(np.isnan(here), own[events.owners], here)
        return cells(places), lambda requests: cells(where(requests))


def has_place(table: Table) -> bool:
    """Whether it has the columns of a place."""
    return _names(table) is not None


def points(table: Table) -> np.ndarray:
    """Degrees of latitude and longitude, float64 (n, 2); both NaN where one is missing or there is no such place.

    Longitudes go from -180 to 360 (a whole turn is the same place), latitudes from pole to pole."""
    names = _names(table)
    if names is None:
        raise KeyError("a table without a place was asked for places")
    latitude, longitude = (np.asarray(table[name], np.float64) for name in names)
    valid = (np.abs(latitude) <= 90) & (longitude >= -180) & (longitude <= 360)
    return np.where(valid[:, None], np.stack([latitude, (longitude + 180) % 360 - 180], axis=1), np.nan)


def where(requests: Requests) -> np.ndarray:
    """Where each person is, (B, 2): in the moment, else at their newest event that says it, else where they live."""
    found = np.full((len(requests), 2), np.nan)
    if requests.person and has_place(requests.person):
        found = points(requests.person)
    histories = requests.histories
    if has_place(histories.context):
        then = points(histories.context)
        known = ~np.isnan(then[:, 0])
        before = np.stack([newest_known(histories, then[:, axis], known, np.nan) for axis in (0, 1)], axis=1)
        found = np.where(np.isnan(before), found, before)
    if requests.moment and has_place(requests.moment):
        now = points(requests.moment)
        found = np.where(np.isnan(now), found, now)
    return found


def kilometres(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Along the great circle, by the haversine formula; (..., 2) each, degrees. Right at the poles, across the date
    line, and for opposite places."""
    (latitude, longitude), (to_latitude, to_longitude) = (
        (np.radians(place[..., 0]), np.radians(place[..., 1])) for place in (one, other)
    )
    half = (
        np.sin((to_latitude - latitude) / 2) ** 2
        + np.cos(latitude) * np.cos(to_latitude) * np.sin((to_longitude - longitude) / 2) ** 2
    )
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1))))


def cells(places: np.ndarray) -> np.ndarray:
    """The cell of the map of each place (n, 2), int64, -1 for no place. Bands of latitude are cut into as many cells as
    there is room for; round a pole, where all longitudes meet, lies one."""
    known = ~np.isnan(places[:, 0])
    latitude, longitude = np.where(known[:, None], places, 0).T
    bands = round(180 / CELL_DEGREES)
    band = np.minimum(((latitude + 90) / CELL_DEGREES).astype(np.int64), bands - 1)
    middle = np.radians((band + 0.5) * CELL_DEGREES - 90)
    around = np.round(360 / CELL_DEGREES * np.cos(middle)).astype(np.int64)
    around[(band == 0) | (band == bands - 1)] = 1
    column = np.minimum((((longitude + 180) % 360) / 360 * around).astype(np.int64), around - 1)
    return np.where(known, band * round(360 / CELL_DEGREES) + column, UNKNOWN)


def _names(table: Table) -> tuple[str, str] | None:
    pairs = [(a, b) for a, b in NAMES if a in table and b in table]
    return next(((a, b) for a, b in pairs if table[a].dtype.kind in "iuf" and table[b].dtype.kind in "iuf"), None)


def _text(cell: object) -> str | None:
    return None if cell is None or cell == "" or cell != cell else str(cell)

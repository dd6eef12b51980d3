"""What was shown to whom, where, and how likely it was: what later estimates of other policies stand on."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from zhiyin.store.database import Database, next_sequence
from zhiyin.store.tables import impressions as table


@dataclass(frozen=True, slots=True)
class Impression:
    """One item of one slate."""

    request_id: str
    user: str | None
    item: str
    place: int
    """From 1."""
    propensity: float
    """How likely it was, given the request, that this item would stand at this place."""
    explored: bool
    """Whether it stands there by chance."""
    rung: str
    model: str
    """NAME and version of what answered, ``assembly/3``."""
    sequence: int = 0
    time: int = 0


class Impressions:
    """The impressions of a store."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self.database, self.clock = database, clock

    def append(self, shown: Sequence[Impression]) -> None:
        """Take in all of these, or none."""
        if not shown:
            return
        now = int(self.clock())
        with self.database.writing() as connection:
            first = next_sequence(connection, "impressions", len(shown))
            rows = [{**asdict(one), "sequence": first + n, "time": now} for n, one in enumerate(shown)]
            connection.execute(sa.insert(table), rows)

    def after(self, since: int = 0, limit: int = 1000) -> list[Impression]:
        """The next impressions behind sequence ``since``, in order."""
        asked = sa.select(table).where(table.c.sequence > since).order_by(table.c.sequence).limit(limit)
        with self.database.reading() as connection:
            return [Impression(**row._mapping) for row in connection.execute(asked)]

"""Live events: appended, never changed; the server's sequence orders them, whatever a client's clock says."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from zhiyin.core.errors import DataError, RefusedError
from zhiyin.store.database import Database, next_sequence
from zhiyin.store.tables import events as table

AT_ONCE = 500
"""Idempotency keys that one question names: databases take some thousands of values."""
ALL = 1 << 62
NEWEST_OF = (
    sa.select(table)
    .where(table.c.user == sa.bindparam("user"), table.c.sequence > sa.bindparam("since"))
    .order_by(table.c.sequence.desc())
    .limit(sa.bindparam("newest"))
)
"""Built once: every answer asks it."""
SAME = ("user", "item", "kind", "value")
"""What a retry has in common with what it repeats; the time may have been the server's."""


UNKEPT = re.compile("[\\0\ud800-\udfff]")
"""PostgreSQL keeps no NUL, and half of a character has no bytes at all."""


@dataclass(frozen=True, slots=True)
class Event:
    """Somebody did something. Ids are text."""

    user: str
    item: str
    time: int | None = None
    """Seconds UTC; None: the time at which it is taken in."""
    kind: str | None = None
    """None: the first of the log's kinds."""
    value: float | None = None
    context: Mapping[str, Any] | None = None
    idempotency_key: str | None = None
    """An event with the key of an earlier one is that one, sent again."""
    sequence: int = 0
    """Its place among all events, from 1; 0 before it is taken in."""

    def __post_init__(self) -> None:
        """Raises `DataError` for an id that not every database can keep byte for byte."""
        for name in ("user", "item", "kind", "idempotency_key"):
            text = getattr(self, name)
            if text is not None and (UNKEPT.search(text) or not text):
                raise DataError(
                    f"{name} {text!r} cannot be kept; give text that is not empty, without NUL and half characters",
                    found=repr(text), allowed="text",
                )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of some events: all of them are on the disk."""

    sequence: int
    """Of the newest event of all."""
    accepted: int
    repeated: int
    """Sent again under a known idempotency key, and not counted again."""


class Events:
    """The events of a store."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self.database, self.clock = database, clock

    def append(self, events: Sequence[Event]) -> Taken:
        """Take in all of these, or none. When it returns they are durable.

        Raises `RefusedError` where an idempotency key was another event's.
        """
        received = int(self.clock())
        with self.database.writing() as connection:
            next_sequence(connection, "events", 0)  # from here on no other writer: what is known stays all there is
            fresh, repeated = _sorted_out(events, _known(connection, events))
            first = next_sequence(connection, "events", len(fresh))
            rows = [_row(event, first + n, received) for n, event in enumerate(fresh)]
            if rows:
                connection.execute(sa.insert(table), rows)
        return Taken(first + len(fresh) - 1, len(fresh), repeated)

    def of(self, user: str, since: int = 0, newest: int | None = None) -> list[Event]:
        """This person's events behind sequence ``since``, in order; only so many ``newest`` ones where that is said."""
        with self.database.reading() as connection:
            return self.found(connection, user, newest, since)

    def found(self, connection: sa.Connection, user: str, newest: int | None = None, since: int = 0) -> list[Event]:
        """As `of`, by a connection that is open."""
        asked = {"user": user, "since": since, "newest": ALL if newest is None else newest}
        return [_event(row) for row in reversed(connection.execute(NEWEST_OF, asked).all())]

    def taken(self, since: int, until: int) -> dict[str, int]:
        """How often each item was in an event from ``since`` on, until before ``until``, seconds UTC."""
        asked = sa.select(table.c.item, sa.func.count()).where(table.c.time >= since, table.c.time < until)
        with self.database.reading() as connection:
            return {item: int(n) for item, n in connection.execute(asked.group_by(table.c.item))}

    def after(self, since: int = 0, limit: int = 1000) -> list[Event]:
        """The next events of everybody behind sequence ``since``, in order."""
        asked = sa.select(table).where(table.c.sequence > since).order_by(table.c.sequence).limit(limit)
        with self.database.reading() as connection:
            return [_event(row) for row in connection.execute(asked)]

    def __len__(self) -> int:
        with self.database.reading() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _sorted_out(events: Sequence[Event], known: dict[str, tuple[Any, ...]]) -> tuple[list[Event], int]:
    """The events that are new, and how many were sent again."""
    fresh = []
    for event in events:
        key, said = event.idempotency_key, tuple(getattr(event, name) for name in SAME)
        if key is None or key not in known:
            fresh.append(event)
        elif known[key] != said:
            raise RefusedError(
                f"idempotency key {key!r} was given to another event; nothing was taken in: give each event "
                "its own key",
                found=key,
            )  # fmt: skip
        if key is not None:
            known[key] = said
    return fresh, len(events) - len(fresh)


def _known(connection: sa.Connection, events: Sequence[Event]) -> dict[str, tuple[Any, ...]]:
    """What was taken in before under the idempotency keys of these events."""
    keys = list({event.idempotency_key for event in events if event.idempotency_key is not None})
    found: dict[str, tuple[Any, ...]] = {}
    for start in range(0, len(keys), AT_ONCE):
        among = table.c.idempotency_key.in_(keys[start : start + AT_ONCE])
        asked = sa.select(table.c.idempotency_key, *(table.c[name] for name in SAME)).where(among)
        found.update({key: tuple(said) for key, *said in connection.execute(asked)})
    return found


def _row(event: Event, sequence: int, received: int) -> dict[str, Any]:
    return {
        "sequence": sequence, "user": event.user, "item": event.item,
        "time": received if event.time is None else event.time, "kind": event.kind, "value": event.value,
        "context": None if event.context is None else dict(event.context),
        "idempotency_key": event.idempotency_key, "received": received,
    }  # fmt: skip


def _event(row: Any) -> Event:
    return Event(
        row.user, row.item, row.time, row.kind, row.value, row.context, row.idempotency_key, row.sequence
    )  # fmt: skip

"""What was said of items and people since the last run, and who was forgotten."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from zhiyin.data.forgetting import digest_of
from zhiyin.store.audit import Audit
from zhiyin.store.database import Database, next_sequence
from zhiyin.store.tables import counters, events, forgotten, impressions
from zhiyin.store.tables import items as items_table
from zhiyin.store.tables import people as people_table

CHANGES = sa.select(counters.c.value).where(counters.c.name == "items")
COLUMNS_OF = sa.select(people_table.c.columns).where(people_table.c.user == sa.bindparam("user"))
IS_FORGOTTEN = sa.select(forgotten.c.digest).where(forgotten.c.digest == sa.bindparam("digest"))
"""Built once: every answer asks these."""
NAMED = 100
"""Items of one change that the audit log names."""


@dataclass(frozen=True, slots=True)
class Item:
    """What was said of an item: columns that stand before the log's, and whether it is not to be shown any more."""

    item: str
    columns: Mapping[str, Any]
    withdrawn: bool = False


class Items:
    """The items of a store."""

    def __init__(self, database: Database, audit: Audit, clock: Callable[[], float] = time.time) -> None:
        self.database, self.audit, self.clock = database, audit, clock

    def put(self, items: Sequence[Item], *, actor: str) -> int:
        """Say this of items; columns that are not named stay as they were said before. How often items changed."""
        with self.database.writing() as connection:
            change = next_sequence(connection, "items")
            for one in items:
                known = connection.scalar(sa.select(items_table.c.columns).where(items_table.c.item == one.item))
                row = {"columns": {**(known or {}), **one.columns}, "withdrawn": one.withdrawn,
                       "updated": int(self.clock())}  # fmt: skip
                _put(connection, items_table, {"item": one.item}, row, known is not None)
            self.audit.add(
                connection, actor, "items put", {"items": [one.item for one in items][:100], "n": len(items)}
            )
        return change

    def changes(self) -> int:
        """How often items changed: whoever knows this many knows all."""
        with self.database.reading() as connection:
            return self.counted(connection)

    def counted(self, connection: sa.Connection) -> int:
        """As `changes`, by a connection that is open."""
        return int(connection.execute(CHANGES).scalar_one())

    def all(self) -> list[Item]:
        """All of which something was said."""
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(items_table).order_by(items_table.c.item))
            return [Item(row.item, row.columns, row.withdrawn) for row in rows]


class People:
    """The people of a store."""

    def __init__(self, database: Database, audit: Audit, clock: Callable[[], float] = time.time) -> None:
        self.database, self.audit, self.clock = database, audit, clock

    def put(self, user: str, columns: Mapping[str, Any], *, actor: str) -> None:
        """Say this of a person; columns that are not named stay as they were said before."""
        with self.database.writing() as connection:
            known = connection.scalar(sa.select(people_table.c.columns).where(people_table.c.user == user))
            row = {"columns": {**(known or {}), **columns}, "updated": int(self.clock())}
            _put(connection, people_table, {"user": user}, row, known is not None)
            self.audit.add(connection, actor, "person put", {"columns": sorted(columns)})

    def of(self, user: str) -> Mapping[str, Any]:
        """What was said of this person."""
        with self.database.reading() as connection:
            return self.found(connection, user)

    def found(self, connection: sa.Connection, user: str) -> Mapping[str, Any]:
        """As `of`, by a connection that is open."""
        return connection.scalar(COLUMNS_OF, {"user": user}) or {}

    def forget(self, user: str, *, actor: str) -> dict[str, int]:
        """Erase this person: how many rows of each table went. Only the digest of the id stays, so that the log's
        history of them is not read any more. Nobody is told whether they were there."""
        with self.database.writing() as connection:
            gone = {
                name: connection.execute(sa.delete(table).where(table.c.user == user)).rowcount
                for name, table in (("events", events), ("impressions", impressions), ("people", people_table))
            }
            key = {"digest": digest_of(user)}
            known = connection.scalar(sa.select(forgotten.c.digest).where(forgotten.c.digest == key["digest"]))
            _put(connection, forgotten, key, {"time": int(self.clock())}, known is not None)
            self.audit.add(connection, actor, "person forgotten", {**key, **gone})
        return gone

    def forgotten(self) -> list[str]:
        """The digests of all who were forgotten."""
        with self.database.reading() as connection:
            return list(connection.scalars(sa.select(forgotten.c.digest)))

    def remember(self, *, actor: str) -> int:
        """The log's history of everybody may be read again; of how many it was not."""
        with self.database.writing() as connection:
            n = connection.execute(sa.delete(forgotten)).rowcount
            self.audit.add(connection, actor, "people remembered", {"n": n})
        return n

    def is_forgotten(self, user: str) -> bool:
        """Whether the log's history of this person is not to be read."""
        with self.database.reading() as connection:
            return self.forgot(connection, user)

    def forgot(self, connection: sa.Connection, user: str) -> bool:
        """As `is_forgotten`, by a connection that is open."""
        return connection.scalar(IS_FORGOTTEN, {"digest": digest_of(user)}) is not None


def _put(
    connection: sa.Connection, table: sa.Table, key: Mapping[str, str], row: Mapping[str, Any], known: bool
) -> None:  # fmt: skip
    (name, id_), *_ = key.items()
    change = sa.update(table).where(table.c[name] == id_) if known else sa.insert(table)
    connection.execute(change, {**row} if known else {**key, **row})

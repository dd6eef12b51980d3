"""The audit log: who changed what and when, each record chained to the one before by its digest."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from zhiyin.store.database import Database, next_sequence
from zhiyin.store.tables import audit as table


@dataclass(frozen=True, slots=True)
class Record:
    """One change. No secret is ever in it."""

    sequence: int
    time: int
    actor: str
    action: str
    details: Mapping[str, Any]
    digest: str

    def chained(self, previous: str) -> str:
        """The digest that this record has behind the one with digest ``previous``."""
        said = [previous, self.sequence, self.time, self.actor, self.action, dict(self.details)]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


class Audit:
    """The audit log of a store."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self.database, self.clock = database, clock

    def add(self, connection: sa.Connection, actor: str, action: str, details: Mapping[str, Any]) -> None:
        """A record of what the transaction of ``connection`` changes; it is kept if and only if the change is."""
        sequence = next_sequence(connection, "audit")
        before = sa.select(table.c.digest).order_by(table.c.sequence.desc()).limit(1)
        previous = connection.scalar(before) or ""
        record = Record(sequence, int(self.clock()), actor, action, details, "")
        row = {
            "sequence": sequence, "time": record.time, "actor": actor, "action": action, "details": dict(details),
            "digest": record.chained(previous),
        }  # fmt: skip
        connection.execute(sa.insert(table), row)

    def all(self) -> list[Record]:
        """Every record, oldest first."""
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(table).order_by(table.c.sequence)).all()
        return [Record(row.sequence, row.time, row.actor, row.action, row.details, row.digest) for row in rows]

    def broken_at(self) -> int | None:
        """The first record that is not what was written, or that has lost the one before; None where all hold.

        Records taken off the end are not found by this: keep the newest digest elsewhere.
        """
        previous = ""
        for record in self.all():
            if record.digest != record.chained(previous):
                return record.sequence
            previous = record.digest
        return None

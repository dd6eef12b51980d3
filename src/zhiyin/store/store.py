"""A store: events, what is said of items and people, impressions, keys and the audit log in one database."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from zhiyin.store.audit import Audit
from zhiyin.store.catalogue import Items, People
from zhiyin.store.database import Database, of_file
from zhiyin.store.events import Event, Events
from zhiyin.store.impressions import Impressions
from zhiyin.store.keys import Keys

FILE = "store.db"
"""In a workspace."""


@dataclass(frozen=True, slots=True)
class Met:
    """What is known of somebody who asks."""

    events: Sequence[Event]
    """That came in of them, in order."""
    said: Mapping[str, Any]
    """Columns of the person."""
    forgotten: bool
    """Whether the log's history of them is not to be read."""
    item_changes: int
    """How often items changed."""


class Store:
    """All of it. Any number of threads may use one, and any number of processes one file."""

    def __init__(self, url: str | Path, clock: Callable[[], float] = time.time) -> None:
        """``url``: the path of an SQLite file, or the address of a database; its tables are made where there are none.

        Raises `ServiceError` where the database does not answer, `DataError` where it cannot be a store.
        """
        self.database = Database(of_file(url) if isinstance(url, Path) else url)
        self.audit = Audit(self.database, clock)
        self.events = Events(self.database, clock)
        self.keys = Keys(self.database, self.audit, clock)
        self.items = Items(self.database, self.audit, clock)
        self.people = People(self.database, self.audit, clock)
        self.impressions = Impressions(self.database, clock)

    @classmethod
    def of(cls, workspace: Path, url: str | None = None) -> Self:
        """The store of a workspace: ``store.db`` in it, or the database at ``url``."""
        return cls(url or workspace / FILE)

    def met(self, user: str | None, newest: int | None = None) -> Met:
        """What is known of a person now, or of nobody: one look for all that one answer needs."""
        with self.database.reading() as connection:
            changes = self.items.counted(connection)
            if user is None:
                return Met([], {}, False, changes)
            events, said = self.events.found(connection, user, newest), self.people.found(connection, user)
            return Met(events, said, self.people.forgot(connection, user), changes)

    @property
    def name(self) -> str:
        """For people: its address without user and password."""
        return self.database.name

    def close(self) -> None:
        """Let go of all connections."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

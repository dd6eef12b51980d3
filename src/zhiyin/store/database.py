"""One database, read and written by several threads and processes, and what becomes of its errors.

SQLite runs in WAL with ``synchronous=FULL``: a commit is on the disk before it is acknowledged, and readers never wait.
Writers wait for each other: threads in a lock of this process, processes in SQLite's own (``BEGIN IMMEDIATE`` takes it
at once, so that no transaction that began to read fails when it comes to write).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from zhiyin.core.errors import DataError, ResourceError, ServiceError
from zhiyin.data.sql import shown
from zhiyin.store.layout import brought_up
from zhiyin.store.tables import counters

BUSY_S = 30
"""How long a writer waits for another process."""
SETUP = 0x7A686979
"""PostgreSQL's lock while the tables are made: two processes that start together make them once."""


class Database:
    """Connections to read and to write."""

    def __init__(self, url: sa.URL | str) -> None:
        """Opens it, and makes the tables where there are none. Raises `ServiceError` where it does not answer."""
        self.url = _url(url)
        self.name = shown(self.url)
        self._writers = threading.Lock()
        self._engine = _engine(self.url)
        try:
            self._make()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that sees what was committed before."""
        with self._failing(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction: all of it is kept, durably, when the block ends well, and nothing otherwise."""
        with self._writers, self._failing(), self._engine.connect() as connection:
            writing = connection.execution_options(zhiyin_writes=True)
            with writing.begin():
                yield writing

    def close(self) -> None:
        self._engine.dispose()

    def _make(self) -> None:
        with self.writing() as connection:
            if self.url.get_backend_name() == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(SETUP)))
            brought_up(connection, self.name)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """What a driver says, as one of our errors; never with the address's password, nor with what was written."""
        try:
            yield
        except sa.exc.TimeoutError:
            raise ServiceError(f"all connections to the store {self.name} are in use; ask again later") from None
        except sa.exc.DBAPIError as error:
            said = str(error.orig).strip().split("\n")[0] or type(error.orig).__name__
            if "disk is full" in said or "No space left" in said:
                raise ResourceError(f"no space left on the disk of the store {self.name}; free some space") from None
            if "not a database" in said or "malformed" in said:
                raise DataError(f"the store {self.name} is damaged ({said}); bring back a copy of it") from None
            raise ServiceError(
                f"the store {self.name} does not answer ({said}); start it, or check its address", found=said
            ) from None


def next_sequence(connection: sa.Connection, of: str, n: int = 1) -> int:
    """The first of ``n`` numbers that nobody had. Whoever writes the same next waits until this one has committed, so
    that the numbers are in the order in which they became visible."""
    asked = sa.select(counters.c.value).where(counters.c.name == of).with_for_update()
    newest = int(connection.execute(asked).scalar_one())
    if n:
        connection.execute(sa.update(counters).where(counters.c.name == of).values(value=newest + n))
    return newest + 1


def of_file(path: Path) -> sa.URL:
    """The address of an SQLite file."""
    return sa.URL.create("sqlite", database=str(path))


def _url(url: sa.URL | str) -> sa.URL:
    try:
        made = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise DataError(
            "the address of the store cannot be read; write it like postgresql://user:password@host/zhiyin"
        ) from None
    if made.drivername in ("postgresql", "postgres"):
        made = made.set(drivername="postgresql+psycopg")
    if made.drivername not in ("sqlite", "postgresql+psycopg"):
        raise DataError(
            f"the store cannot be kept in {made.drivername}; give an address of sqlite or postgresql",
            found=made.drivername, allowed="sqlite, postgresql",
        )  # fmt: skip
    return made


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        try:
            return sa.create_engine(url, pool_pre_ping=True)
        except ModuleNotFoundError:
            raise ServiceError.not_installed("a store in PostgreSQL", "postgres") from None
    path = Path(url.database or "")
    if not path.parent.is_dir():
        raise DataError(f"the store {path} cannot be made: there is no folder {path.parent}", found=str(path))
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_S})
    sa.event.listen(engine, "connect", _prepared)
    sa.event.listen(engine, "begin", _begun)
    return engine


def _prepared(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver begins no transaction by itself: `_begun` does
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def _begun(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("zhiyin_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

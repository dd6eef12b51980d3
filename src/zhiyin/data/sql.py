"""A table or a query of any database that SQLAlchemy has a dialect for, read batch by batch. Nothing in it is changed:
only a SELECT is asked, and SQLite, PostgreSQL and MySQL are told to refuse anything that writes.

No message, note or snapshot has the password: a database is named by dialect, host and name alone.
"""

import json
import re
import sqlite3
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

import polars as pl
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from zhiyin.core.errors import DataError, ServiceError, ZhiyinError

PLAIN = (bool, int, float, str, bytes, date, datetime, time, Decimal)
"""What a frame has a column type for; anything else (JSON, UUID, arrays) is taken as text."""
EXAMPLES = "sqlite:///shop.db or postgresql://user:password@host/shop"
DRIVERS = {"MySQLdb": "mysqlclient", "cx_Oracle": "cx-oracle"}
"""Drivers whose package has another name."""
READING = re.compile(r"(?:[\s(]|--[^\n]*(?:\n|$)|/\*.*?\*/)*(?:select|with|values|table)\b", re.IGNORECASE | re.DOTALL)
"""How a statement begins that asks and changes nothing."""
SQLITE_READS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
"""All that SQLite may do for us. It undoes no DROP, so that none may begin."""
READ_ONLY = {
    "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
}  # fmt: skip
"""What makes a connection refuse to write."""
N_TABLES = 12
"""Names of tables that an error shows."""


@dataclass(frozen=True, slots=True)
class Query:
    """Where events (items, people) are in a database: ``Query("sqlite:///shop.db", table="orders")``."""

    url: str = field(repr=False)
    """SQLAlchemy's address of the database."""
    table: str | None = None
    """Name of a table or view, ``schema.name`` where it is not in the usual schema."""
    sql: str | None = None
    """Or a SELECT of one's own."""

    def __post_init__(self) -> None:
        if (self.table is None) == (self.sql is None):
            found = "neither" if self.table is None else "both"
            raise DataError(f"a query takes a table or a SELECT, found {found}; give one of the two", found=found)
        if self.sql is not None and not READING.match(self.sql):
            begins = " ".join(self.sql.split())[:40]
            raise DataError(
                f"only a SELECT is asked of a database, found {begins!r}; nothing was run", found=begins,
                allowed="SELECT, WITH, VALUES, TABLE",
            )  # fmt: skip

    @property
    def name(self) -> str:
        """For people: ``orders of sqlite:///shop.db``."""
        return f"{self.table or 'a query'} of {shown(_url(self.url))}"

    def first(self, rows: int) -> pl.DataFrame:
        """The first rows; without rows the columns alone."""
        return next(self.frames(rows))

    def frames(self, rows: int) -> Iterator[pl.DataFrame]:
        """All rows in batches, at least one, as the database gives them.

        Raises `ServiceError` where it does not answer or stops answering, `DataError` where it cannot answer this.
        """
        url, n = _url(self.url), 0
        with _connected(url) as connection:
            with _failing(self, url, connection, n):
                result = connection.execution_options(stream_results=True).execute(self._statement())
                names = _names(self, result)
                batches = result.partitions(rows)
            while True:
                with _failing(self, url, connection, n):
                    batch = next(batches, None)
                if batch is None and n:
                    return
                n += len(batch or ())
                yield _frame(names, batch or [])
                if batch is None:
                    return

    def _statement(self) -> sa.Executable:
        if self.sql is not None:
            return sa.text(re.sub(r"(?<![:\\]):(?=\w)", r"\\:", self.sql))  # a colon names no parameter here
        schema, _, name = (self.table or "").rpartition(".")
        return sa.select(sa.text("*")).select_from(sa.table(name, schema=schema or None))


def named(url: str, text: str) -> Query:
    """The query of a table's name, or of a SELECT."""
    return Query(url, sql=text) if READING.match(text) and len(text.split()) > 1 else Query(url, table=text)


def shown(url: sa.URL) -> str:
    """The address without user, password and settings, any of which may be secret."""
    place = f"{url.host}{f':{url.port}' if url.port else ''}/" if url.host else "/"
    return f"{url.drivername}://{place}{url.database or ''}"


def _url(text: str) -> sa.URL:
    try:
        return sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError, AttributeError):
        raise DataError(f"the address of the database cannot be read; write it like {EXAMPLES}") from None


@contextmanager
def _connected(url: sa.URL) -> Iterator[sa.Connection]:
    """A connection that reads only."""
    file = unquote(urlsplit(url.database or "").path) if url.get_backend_name() == "sqlite" else ""
    if file not in ("", ":memory:") and not Path(file).exists():
        raise DataError(f"the database {file} does not exist; give the path of its file", found=file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", sa.exc.SAWarning)  # a setting that the driver does not have
            engine = sa.create_engine(url, poolclass=NullPool)
            sa.event.listen(engine, "connect", _read_only(url.get_backend_name()))
            connection = engine.connect()
    except sa.exc.NoSuchModuleError:
        raise DataError(
            f"no database is called {url.drivername!r}; write its address like {EXAMPLES}", found=url.drivername
        ) from None
    except ModuleNotFoundError as error:
        line = "zhiyin[postgres]" if error.name == "psycopg" else DRIVERS.get(str(error.name), error.name)
        raise DataError(
            f"{shown(url)} needs the package {error.name}; install it: pip install '{line}'", found=str(error.name)
        ) from None
    except sa.exc.DBAPIError as error:
        said = _said(error, url)
        raise ServiceError(
            f"the database {shown(url)} does not answer ({said}); start it, or check the address", found=said
        ) from None
    except (ValueError, TypeError, sa.exc.ArgumentError, sa.exc.SAWarning):
        raise DataError(
            f"a setting in the address of {shown(url)}, behind the question mark, is none of its driver's, or no value "
            "of it; correct it, or leave it out"
        ) from None
    with connection:
        yield connection


def _read_only(backend: str) -> Callable[[Any, Any], None]:
    """What is told each new connection."""

    def tell(connection: Any, _: Any) -> None:
        if backend == "sqlite":
            connection.set_authorizer(
                lambda action, *_: sqlite3.SQLITE_OK if action in SQLITE_READS else sqlite3.SQLITE_DENY
            )
        elif backend in READ_ONLY:
            cursor = connection.cursor()
            cursor.execute(READ_ONLY[backend])
            cursor.close()
            connection.commit()

    return tell


@contextmanager
def _failing(query: Query, url: sa.URL, connection: sa.Connection, n: int) -> Iterator[None]:
    """What a driver says while it is asked or read, after ``n`` rows."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        said = _said(error, url)
        mistaken = isinstance(error, (sa.exc.ProgrammingError, sa.exc.DataError)) or (
            not error.connection_invalidated and _knows(connection)
        )
        after = f" after {n:,} rows, of which none is kept" if n else ""
        failure: type[ZhiyinError] = DataError if mistaken else ServiceError
        todo = f"mend the query; the tables are: {_tables(connection)}" if mistaken else "run it again"
        raise failure(f"{query.name} cannot be read{after} ({said}); {todo}", found=said, do=todo) from None


def _knows(connection: sa.Connection) -> bool:
    """Whether the database itself still answers: then the question was wrong."""
    try:
        connection.rollback()
        connection.execute(sa.text("SELECT 1"))
    except sa.exc.SQLAlchemyError:
        return False
    return True


def _tables(connection: sa.Connection) -> str:
    try:
        connection.rollback()
        known = sa.inspect(connection)
        names = sorted([*known.get_table_names(), *known.get_view_names()])
    except sa.exc.SQLAlchemyError:
        return "not told"
    return ", ".join(names[:N_TABLES]) + (" …" if len(names) > N_TABLES else "") or "none"


def _said(error: sa.exc.DBAPIError, url: sa.URL) -> str:
    """The first line of what the driver says, without anything secret of the address."""
    said = str(error.orig).strip().splitlines()[0].rstrip(".") if str(error.orig).strip() else type(error).__name__
    settings = [value for values in url.query.values() for value in ([values] if isinstance(values, str) else values)]
    for secret in (url.password, *settings):
        for form in {str(secret), quote(str(secret)), quote_plus(str(secret))} if secret else ():
            said = said.replace(form, "***")
    return said


def _names(query: Query, result: sa.CursorResult[Any]) -> list[str]:
    if not result.returns_rows:
        raise DataError(f"{query.name} gives no rows; give a SELECT", found="no rows")
    names = list(result.keys())
    for name in names:
        if names.count(name) > 1:
            raise DataError(
                f"{query.name} has column {name!r} {names.count(name)} times; rename all but one with AS", found=name
            )
    return names


def _frame(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    return pl.DataFrame([_column(name, values) for name, values in zip(names, columns, strict=True)])


def _column(name: str, values: Sequence[Any]) -> pl.Series:
    """A column of one type as it is, of several or of none that a frame has as text: SQLite lets each cell choose."""
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return pl.Series(name, [None] * len(values), dtype=pl.String)
    if kinds <= {datetime}:
        values = [value if value is None or value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
                  for value in values]  # fmt: skip
    if (len(kinds) == 1 and kinds <= set(PLAIN)) or kinds == {int, float}:
        try:
            return pl.Series(name, values, strict=len(kinds) == 1)
        except (OverflowError, TypeError, pl.exceptions.PolarsError):
            pass  # whole numbers of more than 64 bits
    return pl.Series(name, [_text(value) for value in values], dtype=pl.String)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)

"""The layout of a store's tables, and the steps from one to the next (Alembic): forwards at opening, back on demand."""

from pathlib import Path

import sqlalchemy as sa

from zhiyin.core.errors import DataError
from zhiyin.store.tables import COUNTERS, counters, metadata

NEWEST = "0002"
"""The step that the code was written for."""
STEPS = Path(__file__).parent / "migrations"
version = sa.table("alembic_version", sa.column("version_num"))


def brought_up(connection: sa.Connection, name: str) -> None:
    """Make the tables where there are none, and take older ones to the newest layout.

    Raises `DataError` for a layout that only a newer version knows.
    """
    tables = set(sa.inspect(connection).get_table_names())
    if counters.name not in tables:
        metadata.create_all(connection)
        connection.execute(sa.insert(counters), [{"name": counter, "value": 0} for counter in COUNTERS])
        _stamp(connection, NEWEST)
        return
    if version.name not in tables:
        _stamp(connection, "0001")  # made before the steps were counted
    found = connection.scalar(sa.select(version.c.version_num))
    if found != NEWEST:
        _known(found, name)
        moved(connection, NEWEST)


def moved(connection: sa.Connection, to: str) -> None:
    """Take the tables to the layout of a step, forwards or back; ``base``: none at all."""
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(STEPS).replace("%", "%%"))
    here = connection.scalar(sa.select(version.c.version_num))
    (command.downgrade if to == "base" or (here is not None and to < here) else command.upgrade)(config, to)


def _known(found: str | None, name: str) -> None:
    steps = sorted(path.name.split("_")[1] for path in (STEPS / "versions").glob("step_*.py"))
    if found not in steps:
        raise DataError(
            f"the store {name} has layout {found}, this version of zhiyin reads up to {NEWEST}; upgrade zhiyin",
            found=str(found), allowed=NEWEST,
        )  # fmt: skip


def _stamp(connection: sa.Connection, step: str) -> None:
    connection.exec_driver_sql(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.execute(sa.insert(version), {"version_num": step})

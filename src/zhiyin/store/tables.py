"""The tables of the store. Times are seconds UTC; ids are text, byte for byte as they came."""

import sqlalchemy as sa

metadata = sa.MetaData()

counters = sa.Table(
    "counters", metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)  # fmt: skip
"""The newest number given in each of `COUNTERS`: one that was given is never given again, not even where its row was
erased."""
COUNTERS = ("events", "audit", "items", "impressions")

events = sa.Table(
    "events", metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user", sa.String, nullable=False),
    sa.Column("item", sa.String, nullable=False),
    sa.Column("time", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String),
    sa.Column("value", sa.Float),
    sa.Column("context", sa.JSON(none_as_null=True)),
    sa.Column("idempotency_key", sa.String, unique=True),
    sa.Column("received", sa.BigInteger, nullable=False),
    sa.Index("events_of_user", "user", "sequence"),
    sa.Index("events_by_time", "time"),
)  # fmt: skip

keys = sa.Table(
    "keys", metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("role", sa.String, nullable=False),
    sa.Column("note", sa.String, nullable=False),
    sa.Column("digest", sa.String, nullable=False),
    sa.Column("made", sa.BigInteger, nullable=False),
    sa.Column("revoked", sa.BigInteger),
)  # fmt: skip
"""``digest``: sha256 of the whole key, as hex; the key itself is nowhere."""

audit = sa.Table(
    "audit", metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("time", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String, nullable=False),
    sa.Column("action", sa.String, nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
    sa.Column("digest", sa.String, nullable=False),
)  # fmt: skip
"""``digest``: of this record and of the one before, so that a record that was changed or taken out is found."""

items = sa.Table(
    "items", metadata,
    sa.Column("item", sa.String, primary_key=True),
    sa.Column("columns", sa.JSON, nullable=False),
    sa.Column("withdrawn", sa.Boolean, nullable=False),
    sa.Column("updated", sa.BigInteger, nullable=False),
)  # fmt: skip
"""What was said of items since the last run: ``columns`` stand before the log's."""

people = sa.Table(
    "people", metadata,
    sa.Column("user", sa.String, primary_key=True),
    sa.Column("columns", sa.JSON, nullable=False),
    sa.Column("updated", sa.BigInteger, nullable=False),
)  # fmt: skip

forgotten = sa.Table(
    "forgotten", metadata,
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("time", sa.BigInteger, nullable=False),
)  # fmt: skip
"""``digest``: sha256 of the id of a person whose earlier log is not to be read; the id itself is nowhere."""

impressions = sa.Table(
    "impressions", metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("request_id", sa.String, nullable=False),
    sa.Column("user", sa.String),
    sa.Column("item", sa.String, nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("propensity", sa.Float, nullable=False),
    sa.Column("explored", sa.Boolean, nullable=False),
    sa.Column("rung", sa.String, nullable=False),
    sa.Column("model", sa.String, nullable=False),
    sa.Column("time", sa.BigInteger, nullable=False),
    sa.Index("impressions_of_user", "user", "sequence"),
)  # fmt: skip
"""``place`` from 1; ``propensity``: how likely it was that this item would stand there."""

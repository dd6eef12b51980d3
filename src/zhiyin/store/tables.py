"""The tables of the store. Times are seconds UTC; ids are text, byte for byte as they came."""

import sqlalchemy as sa

FORMAT = 1
"""Version of the layout; a newer one is refused."""

metadata = sa.MetaData()

counters = sa.Table(
    "counters", metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)  # fmt: skip
"""``format``, and the newest sequence of ``events`` and of ``audit``: a number that was given is never given again, not
even where its row was erased."""

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

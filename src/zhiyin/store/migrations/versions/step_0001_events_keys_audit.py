"""Events, keys and the audit log."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade() -> None:
    op.create_table(
        "counters",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "events",
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
    )
    op.create_table(
        "keys",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("revoked", sa.BigInteger),
    )
    op.create_table(
        "audit",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
    )
    counters = sa.table("counters", sa.column("name"), sa.column("value"))
    op.bulk_insert(counters, [{"name": name, "value": 0} for name in ("events", "audit")])


def downgrade() -> None:
    for name in ("audit", "keys", "events", "counters"):
        op.drop_table(name)

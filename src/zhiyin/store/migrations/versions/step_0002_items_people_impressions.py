"""What is said of items and people between two runs, who was forgotten, what was shown."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"
COUNTERS = ("items", "impressions")


def upgrade() -> None:
    op.create_table(
        "items",
        sa.Column("item", sa.String, primary_key=True),
        sa.Column("columns", sa.JSON, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "people",
        sa.Column("user", sa.String, primary_key=True),
        sa.Column("columns", sa.JSON, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "forgotten",
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("time", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "impressions",
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
    )
    op.create_index("events_by_time", "events", ["time"])
    counters = sa.table("counters", sa.column("name"), sa.column("value"))
    op.bulk_insert(counters, [{"name": name, "value": 0} for name in COUNTERS])
    op.execute(counters.delete().where(counters.c.name == "format"))  # of stores from before these steps were counted


def downgrade() -> None:
    counters = sa.table("counters", sa.column("name"), sa.column("value"))
    op.execute(counters.delete().where(counters.c.name.in_(COUNTERS)))
    op.drop_index("events_by_time", "events")
    for name in ("impressions", "forgotten", "people", "items"):
        op.drop_table(name)

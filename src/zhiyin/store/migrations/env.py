"""Alembic's entry: the steps run on the connection, and in the transaction, that the store gives."""

from alembic import context

from zhiyin.store.tables import metadata

context.configure(context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()

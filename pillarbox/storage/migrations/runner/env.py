"""Alembic's way in: run the history on the connection that pillarbox.storage.migrate opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()

"""How Alembic runs the history."""

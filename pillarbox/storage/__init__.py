"""Where things are kept: one way to the database for SQLite and PostgreSQL, and the waking of roles."""

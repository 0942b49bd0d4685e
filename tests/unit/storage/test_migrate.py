"""The history of the schema leads to the tables that the stores declare."""

import sqlite3
from contextlib import closing

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from pillarbox import roles  # noqa: F401 - imports every store
from pillarbox.storage import engines
from pillarbox.storage.migrate import HERE, migrate
from pillarbox.storage.schema import metadata


def test_the_migrations_make_the_tables_of_the_stores(db):
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []


def test_every_index_of_the_tables_is_there(db):
    inspector = inspect(db.engine)
    for table in metadata.sorted_tables:
        declared = {index.name for index in table.indexes}
        assert {index["name"] for index in inspector.get_indexes(table.name)} >= declared


def upgrade_to(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(HERE / "runner"))
    config.set_main_option("version_locations", str(HERE))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    connection.commit()


def test_bulk_requests_survive_losing_their_foreign_key(tmp_path):
    """SQLite makes their tables anew, and what points at the old ones must not go with them."""
    engine = engines.sqlite_engine(f"sqlite:///{tmp_path}/old.db", connections=2)
    with engine.connect() as connection:
        upgrade_to(connection, "0022")
    with closing(sqlite3.connect(tmp_path / "old.db")) as old:
        old.execute("INSERT INTO bulk_requests VALUES (7, 'id', 1001, 1, 'Hi', 5, 2, 0, NULL)")
        old.execute("INSERT INTO bulk_contents VALUES (7, x'01')")
        old.execute("INSERT INTO bulk_parts VALUES (7, 0, x'02'), (7, 3, x'03')")
        old.commit()
    migrate(engine)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM bulk_requests")).all()
        assert [tuple(row) for row in rows] == [(7, "id", 1001, 1, "Hi", 5, 2, 0, None)]
        parts = connection.execute(text("SELECT * FROM bulk_parts ORDER BY position")).all()
        assert [tuple(row) for row in parts] == [(7, 0, b"\x02"), (7, 3, b"\x03")]
        connection.execute(text("DELETE FROM bulk_requests"))
        for table in ("bulk_contents", "bulk_parts"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0
    engine.dispose()

"""The history of the schema leads to the tables that the stores declare."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from pillarbox import roles  # noqa: F401 - imports every store
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

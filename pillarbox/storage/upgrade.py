"""Running the history of the schema with Alembic."""

import logging

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from pillarbox.storage.migrate import HERE, known_revisions, revision

log = logging.getLogger(__name__)

_LOCK = 7_264_655  # any number; all nodes of one database use the same


def upgrade(connection: Connection) -> list[str]:
    """Upgrade under a lock, so that nodes that start together do it once; the revisions that were run."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
    before = revision(connection) or ""
    config = Config()
    config.set_main_option("script_location", str(HERE / "runner"))
    config.set_main_option("version_locations", str(HERE))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()
    run = [one for one in known_revisions() if one > before]
    log.info("schema migrated", extra={"revisions": run})
    return run

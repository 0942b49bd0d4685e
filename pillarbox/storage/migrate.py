"""Bringing the database's schema to the version of this program.

The history is pillarbox/storage/migrations/NNNN_*.py, run by Alembic on both databases. An existing SQLite
database is copied before it is changed. A schema newer than the program is never touched.
"""

import logging
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from pillarbox.errors import StartError

log = logging.getLogger(__name__)

_LOCK = 7_264_655  # any number; all nodes of one database use the same
HERE = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> list[str]:
    """Run what is missing; the revisions that were run.

    Raises StartError when the schema is newer than this program.
    """
    scripts = _scripts()
    with engine.connect() as connection:
        now = _revision(connection)
    if now == scripts.get_current_head():
        return []
    _refuse_newer(scripts, now)
    if now is not None:
        _back_up(engine, now)
    with engine.connect() as connection:
        return _upgrade(connection, scripts)


def require_current(engine: Engine) -> None:
    """Raises StartError unless the database has exactly the schema of this program, or is new: then it is made."""
    scripts = _scripts()
    with engine.connect() as connection:
        now = _revision(connection)
    if now is None:
        migrate(engine)
        return
    _refuse_newer(scripts, now)
    if now != scripts.get_current_head():
        raise StartError(f"the database has schema version {now}: run `pillarbox migrate` first")


def _upgrade(connection: Connection, scripts: ScriptDirectory) -> list[str]:
    """Upgrade under a lock, so that nodes that start together do it once."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
    before = _revision(connection)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()
    head = scripts.get_current_head()
    run = [script.revision for script in scripts.iterate_revisions(head, before)][::-1]
    log.info("schema migrated", extra={"revisions": run})
    return run


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(scripts: ScriptDirectory, now: str | None) -> None:
    known = {script.revision for script in scripts.walk_revisions()}
    if now is not None and now not in known:
        raise StartError(
            f"the database has schema version {now}, which this version of Pillarbox does not know: "
            "it was used by a newer version; start that one, or restore a backup"
        )


def _back_up(engine: Engine, revision: str) -> None:
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path or not Path(path).exists():
        return
    copy = f"{path}.before-{revision}"
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    Path(copy).chmod(0o600)
    log.info("database backed up", extra={"file": copy})


@cache
def _scripts() -> ScriptDirectory:
    """The history; read once, because each reading compiles all its files."""
    return ScriptDirectory.from_config(_config())


def _config() -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(HERE / "runner"))
    config.set_main_option("version_locations", str(HERE))
    config.set_main_option("path_separator", "newline")
    return config

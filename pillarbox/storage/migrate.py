"""Bringing the database's schema to the version of this program.

The history is pillarbox/storage/migrations/NNNN_*.py, run by Alembic on both databases (`storage.upgrade`,
imported only when there is something to run: decision 0015). An existing SQLite database is copied before it is
changed. A schema newer than the program is never touched.
"""

import logging
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from pillarbox.errors import StartError

log = logging.getLogger(__name__)

HERE = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> list[str]:
    """Run what is missing; the revisions that were run.

    Raises StartError when the schema is newer than this program.
    """
    with engine.connect() as connection:
        now = revision(connection)
    if now == known_revisions()[-1]:
        return []
    _refuse_newer(now)
    from pillarbox.storage.upgrade import upgrade

    if now is not None:
        _back_up(engine, now)
    with engine.connect() as connection:
        return upgrade(connection)


def require_current(engine: Engine) -> None:
    """Raises StartError unless the database has exactly the schema of this program, or is new: then it is made."""
    with engine.connect() as connection:
        now = revision(connection)
    if now is None:
        migrate(engine)
        return
    _refuse_newer(now)
    if now != known_revisions()[-1]:
        raise StartError(f"the database has schema version {now}: run `pillarbox migrate` first")


def revision(connection: Connection) -> str | None:
    """The revision of a database; None for a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _refuse_newer(now: str | None) -> None:
    if now is not None and now not in known_revisions():
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
def known_revisions() -> tuple[str, ...]:
    """The revisions of this program, oldest first, by the names of their files."""
    return tuple(sorted(path.name[:4] for path in HERE.glob("[0-9]" * 4 + "_*.py")))

"""`pillarbox migrate`: bring the database to the schema of this program."""

import click

from pillarbox import installation
from pillarbox.cli.settings import as_json, settings, show
from pillarbox.clock import SystemClock
from pillarbox.config import Config
from pillarbox.storage.db import Database
from pillarbox.storage.migrate import migrate as run
from pillarbox.storage.wake import Wake


@click.command()
@as_json
@settings
def migrate(config: Config, is_json: bool) -> None:
    """Bring the database to this version's schema; `serve` does the same on start."""
    if config.is_sqlite:
        installation.prepare_directory(config.data_dir)
    db = Database(config.database, clock=SystemClock(), wake=Wake())
    try:
        revisions = run(db.engine)
    finally:
        db.engine.dispose()
    text = f"ran {', '.join(revisions)}" if revisions else "the schema is current"
    show({"revisions": revisions}, is_json=is_json, text=lambda: text)

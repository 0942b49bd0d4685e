"""What all commands share: the settings as flags, `--json`, and an open database."""

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import DBAPIError

from pillarbox import installation
from pillarbox.clock import SystemClock
from pillarbox.config import Config, documentation, load
from pillarbox.errors import StartError
from pillarbox.storage.db import Database
from pillarbox.storage.migrate import require_current
from pillarbox.storage.wake import Wake

Command = Callable[..., Any]


def settings(command: Command) -> Command:
    """Give a command every setting as a flag; it is called with a Config first.

    Raises StartError when the database does not work.
    """

    @functools.wraps(command)
    def wrapped(**arguments: Any) -> Any:
        flags = {name.lower(): arguments.pop(name.lower()) for name, _, _ in documentation()}
        file = arguments.pop("config_file")
        try:
            return command(load(flags, file=Path(file) if file else None), **arguments)
        except DBAPIError as problem:
            raise StartError(f"database: {problem.orig}") from problem

    result: Command = wrapped
    for name, shown, meaning in reversed(documentation()):
        flag = f"--{name.lower().replace('_', '-')}"
        text = f"{meaning} [default: {shown}]".replace("`", "")
        result = click.option(flag, name.lower(), metavar="VALUE", help=text)(result)
    return click.option("--config", "config_file", metavar="FILE", help="settings file")(result)


def as_json(command: Command) -> Command:
    """Give a command `--json`."""
    return click.option("--json", "is_json", is_flag=True, help="print JSON")(command)


def show(data: Any, *, is_json: bool, text: Callable[[], str]) -> None:
    """Print data as JSON, or as text for a person."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2) if is_json else text())


def table(rows: list[list[str]], head: list[str]) -> str:
    """Rows under a head, in columns as wide as they need."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True))
        for row in [head, *rows]
    ]
    return "\n".join(line.rstrip() for line in lines)


@contextmanager
def open_database(config: Config) -> Iterator[Database]:
    """The database of a running or stopped server. Raises StartError when there is none or its schema differs."""
    if config.is_sqlite:
        installation.prepare_directory(config.data_dir)
    db = Database(config.database, clock=SystemClock(), wake=Wake())
    try:
        require_current(db.engine)
        yield db
    finally:
        db.engine.dispose()

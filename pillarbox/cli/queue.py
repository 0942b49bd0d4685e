"""`pillarbox queue`: what waits to be delivered."""

from datetime import timedelta
from typing import Any

import click

from pillarbox.cli.settings import as_json, open_database, settings, show, table
from pillarbox.config import Config
from pillarbox.domains.names import read_destination
from pillarbox.errors import StartError
from pillarbox.ids import key_of
from pillarbox.outbound.model import domain_of
from pillarbox.outbound.store import destinations, suspensions
from pillarbox.outbound.store import queue as store
from pillarbox.outbound.store.queue import Waiting
from pillarbox.outbound.store.suspensions import Suspension

_BY = "command line"


@click.group()
def queue() -> None:
    """List what waits for delivery, try it now, or drop it; suspend destinations, and resume them."""


@queue.command("list")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="at most so many rows",
)
@click.option("--domain", help="only this destination")
@as_json
@settings
def list_(config: Config, limit: int, domain: str | None, is_json: bool) -> None:
    """List the waiting recipients, first due first, and the suspended destinations."""
    name = None if domain is None else _destination(domain)
    with open_database(config) as db, db.transaction() as tx:
        total = store.count_waiting(tx, domain=name)
        waiting = store.list_waiting(tx, limit=limit, domain=name)
        suspended = suspensions.current(tx)
    data = {
        "total": total,
        "waiting": [_waiting(one, suspended) for one in waiting],
        "suspended": [_suspension(one) for one in suspended.values()],
    }
    show(data, is_json=is_json, text=lambda: _as_table(total, waiting, suspended))


@queue.command()
@click.argument("message_id", required=False)
@click.option("--domain", help="everything that waits for this destination")
@click.option("--all", "is_all", is_flag=True, help="everything that waits")
@as_json
@settings
def retry(
    config: Config, message_id: str | None, domain: str | None, is_all: bool, is_json: bool
) -> None:
    """Make a message (or --domain, or --all) due now; a running server takes it up within seconds."""
    key, name = _chosen(message_id, domain, is_all=is_all)
    with open_database(config) as db, db.transaction() as tx:
        lanes = store.retry(tx, key, domain=name)
    text = f"due now: {', '.join(lanes) or 'nothing'}"
    show({"destinations": lanes}, is_json=is_json, text=lambda: text)


@queue.command()
@click.argument("message_id", required=False)
@click.option("--domain", help="everything that waits for this destination")
@click.option("--all", "is_all", is_flag=True, help="everything that waits")
@as_json
@settings
def drop(
    config: Config, message_id: str | None, domain: str | None, is_all: bool, is_json: bool
) -> None:
    """Take a message (or --domain, or --all) off the queue for good; it stays visible, but is not delivered."""
    key, name = _chosen(message_id, domain, is_all=is_all)
    with open_database(config) as db, db.transaction() as tx:
        count = store.drop(tx, key) if name is None else destinations.drop(tx, name)
    show({"dropped": count}, is_json=is_json, text=lambda: f"dropped {count}")


@queue.command()
@click.argument("domain")
@click.option("--reason", default="", help="why, for whoever looks at the queue")
@click.option(
    "--hours",
    type=click.FloatRange(min=0, min_open=True, max=8760),
    help="resume by itself after so many hours",
)
@as_json
@settings
def suspend(config: Config, domain: str, reason: str, hours: float | None, is_json: bool) -> None:
    """Deliver nothing to a destination until it is resumed; its mail waits. A server hears of it in seconds."""
    name = _destination(domain)
    with open_database(config) as db, db.transaction() as tx:
        until = None if hours is None else tx.now + timedelta(hours=hours)
        made = suspensions.suspend(tx, name, by=_BY, reason=reason, until=until)
    show(_suspension(made), is_json=is_json, text=lambda: f"suspended {name}")


@queue.command()
@click.argument("domain")
@as_json
@settings
def resume(config: Config, domain: str, is_json: bool) -> None:
    """Deliver to a suspended destination again."""
    name = _destination(domain)
    with open_database(config) as db, db.transaction() as tx:
        if not suspensions.resume(tx, name):
            raise StartError(f"{name} is not suspended")
    show({"domain": name}, is_json=is_json, text=lambda: f"resumed {name}")


def _waiting(one: Waiting, suspended: dict[str, Suspension]) -> dict[str, Any]:
    return {
        "message_id": one.message_id,
        "recipient": one.recipient,
        "destination": one.lane,
        "received_at": one.received_at.isoformat(),
        "due_at": one.due_at.isoformat(),
        "in_hand": one.is_in_hand,
        "suspended": domain_of(one.lane) in suspended,
        "attempts": one.attempts,
        "last_reply": one.last_reply,
    }


def _suspension(one: Suspension) -> dict[str, Any]:
    return {
        "domain": one.domain,
        "at": one.at.isoformat(),
        "by": one.by,
        "reason": one.reason,
        "until": one.until.isoformat() if one.until else None,
    }


def _as_table(total: int, waiting: list[Waiting], suspended: dict[str, Suspension]) -> str:
    rows = [
        [
            one.message_id,
            one.recipient,
            _due(one, suspended),
            str(one.attempts),
            (one.last_reply or "")[:60],
        ]
        for one in waiting
    ]
    lines = [table(rows, ["MESSAGE", "RECIPIENT", "DUE (UTC)", "TRIES", "LAST REPLY"])]
    lines.append(f"{total} waiting")
    for one in suspended.values():
        until = f" until {one.until:%Y-%m-%d %H:%M:%S}" if one.until else ""
        why = f": {one.reason}" if one.reason else ""
        lines.append(f"suspended: {one.domain}{until}{why}")
    return "\n".join(lines)


def _due(one: Waiting, suspended: dict[str, Suspension]) -> str:
    if one.is_in_hand:
        return "in hand"
    if domain_of(one.lane) in suspended:
        return "suspended"
    return f"{one.due_at:%Y-%m-%d %H:%M:%S}"


def _destination(text: str) -> str:
    name = read_destination(text)
    if name is None:
        raise StartError(f"{text} is not a domain")
    return name


def _chosen(
    message_id: str | None, domain: str | None, *, is_all: bool
) -> tuple[int | None, str | None]:
    """The key of a message, or a destination; both None for everything."""
    if [bool(message_id), bool(domain), is_all].count(True) != 1:
        raise click.UsageError("name one message, or give --domain or --all")
    if domain:
        return None, _destination(domain)
    if message_id is None:
        return None, None
    key = key_of(message_id)
    if key is None:
        raise StartError(f"{message_id} is not a MessageID")
    return key, None

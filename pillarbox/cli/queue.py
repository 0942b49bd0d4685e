"""`pillarbox queue`: what waits to be delivered."""

import click

from pillarbox.cli.settings import as_json, open_database, settings, show, table
from pillarbox.config import Config
from pillarbox.errors import StartError
from pillarbox.ids import key_of
from pillarbox.outbound.store import queue as store


@click.group()
def queue() -> None:
    """List what waits for delivery, try it now, or drop it."""


@queue.command("list")
@click.option("--limit", default=100, show_default=True, help="at most so many rows")
@click.option("--domain", "lane", help="only this destination")
@as_json
@settings
def list_(config: Config, limit: int, lane: str | None, is_json: bool) -> None:
    """List the waiting recipients, first due first."""
    with open_database(config) as db, db.transaction() as tx:
        total = store.count_waiting(tx)
        waiting = store.list_waiting(tx, limit=limit, lane=lane)
    data = {
        "total": total,
        "waiting": [
            {
                "message_id": w.message_id,
                "recipient": w.recipient,
                "destination": w.lane,
                "received_at": w.received_at.isoformat(),
                "due_at": w.due_at.isoformat(),
                "in_hand": w.is_in_hand,
                "attempts": w.attempts,
                "last_reply": w.last_reply,
            }
            for w in waiting
        ],
    }
    rows = [
        [
            w.message_id,
            w.recipient,
            "in hand" if w.is_in_hand else f"{w.due_at:%Y-%m-%d %H:%M:%S}",
            str(w.attempts),
            (w.last_reply or "")[:60],
        ]
        for w in waiting
    ]
    head = ["MESSAGE", "RECIPIENT", "DUE (UTC)", "TRIES", "LAST REPLY"]
    show(data, is_json=is_json, text=lambda: f"{table(rows, head)}\n{total} waiting")


@queue.command()
@click.argument("message_id", required=False)
@click.option("--all", "is_all", is_flag=True, help="everything that waits")
@as_json
@settings
def retry(config: Config, message_id: str | None, is_all: bool, is_json: bool) -> None:
    """Make a message (or --all) due now; a running server takes it up within seconds."""
    key = _key(message_id, is_all=is_all)
    with open_database(config) as db, db.transaction() as tx:
        lanes = store.retry(tx, key)
    text = f"due now: {', '.join(lanes) or 'nothing'}"
    show({"destinations": lanes}, is_json=is_json, text=lambda: text)


@queue.command()
@click.argument("message_id", required=False)
@click.option("--all", "is_all", is_flag=True, help="everything that waits")
@as_json
@settings
def drop(config: Config, message_id: str | None, is_all: bool, is_json: bool) -> None:
    """Take a message (or --all) off the queue for good; it stays visible, but is not delivered."""
    key = _key(message_id, is_all=is_all)
    with open_database(config) as db, db.transaction() as tx:
        count = store.drop(tx, key)
    show({"dropped": count}, is_json=is_json, text=lambda: f"dropped {count}")


def _key(message_id: str | None, *, is_all: bool) -> int | None:
    if bool(message_id) == is_all:
        raise click.UsageError("name one message, or give --all")
    if message_id is None:
        return None
    key = key_of(message_id)
    if key is None:
        raise StartError(f"{message_id} is not a MessageID")
    return key

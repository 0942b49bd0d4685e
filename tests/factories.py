"""Makers of models for tests, keyword only."""

from datetime import UTC, datetime
from typing import Any

from pillarbox.app import App
from pillarbox.ids import KeyMaker
from pillarbox.outbound.model import Draft, Prepared
from pillarbox.outbound.prepare import Surroundings, prepare
from pillarbox.servers.model import Server, Stream, StreamType, Unsubscribe


def a_draft(**changes: Any) -> Draft:
    """A small message that is in order."""
    values: dict[str, Any] = {
        "sender": "Shop <shop@sender.example>",
        "to": "Ann <ann@one.example>",
        "subject": "Hello",
        "text": "It works.",
    }
    return Draft(**values | changes)


def a_stream(**changes: Any) -> Stream:
    """A transactional stream."""
    values: dict[str, Any] = {
        "key": 1,
        "server_id": 1001,
        "slug": "outbound",
        "name": "Default Transactional Stream",
        "type": StreamType.TRANSACTIONAL,
        "unsubscribe": Unsubscribe.NONE,
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return Stream(**values | changes)


def a_server(**changes: Any) -> Server:
    """A Server that is in no database."""
    inbound = a_stream(key=3, slug="inbound", type=StreamType.INBOUND)
    values: dict[str, Any] = {
        "id": 1001,
        "name": "Test",
        "inbound_hash": "0" * 32,
        "streams": {"outbound": a_stream(), "inbound": inbound},
    }
    return Server(**values | changes)


def surroundings(app: App | None = None) -> Surroundings:
    """Where and when messages are prepared; real keys when there is an app."""
    if app is not None:
        return Surroundings(keys=app.keys, host="mail.example", at=app.clock.now())
    at = datetime(2026, 3, 4, 14, 15, 2, tzinfo=UTC)
    keys = KeyMaker(lambda: int(at.timestamp() * 1000))
    return Surroundings(keys=keys, host="mail.example", at=at)


def a_prepared(app: App, server: Server, **changes: Any) -> Prepared:
    """A message ready to be kept."""
    return prepare(server, a_draft(**changes), surroundings(app))

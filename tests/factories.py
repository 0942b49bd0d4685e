"""Makers of models for tests, keyword only."""

from datetime import UTC, datetime
from typing import Any

from pillarbox.app import App
from pillarbox.ids import KeyMaker, message_id
from pillarbox.outbound.model import Draft, Prepared
from pillarbox.outbound.prepare import Surroundings, prepare
from pillarbox.received.model import Received, Route, Target
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


def a_received(app: App, server: Server, **changes: Any) -> Received:
    """A mail for the inbound stream of a Server, not processed yet."""
    key = app.keys.next()
    inbound = server.streams["inbound"]
    values: dict[str, Any] = {
        "key": key,
        "message_id": message_id(key),
        "target": Target(route=Route.INBOUND, server_id=server.id, stream_key=inbound.key),
        "recipient": f"{server.inbound_hash}@inbound.pillarbox.example",
        "mail_from": "amy@corp.example",
        "peer_ip": "198.51.100.9",
        "helo": "mail.corp.example",
        "protocol": "ESMTPS",
        "received_at": app.clock.now(),
        "raw": b"From: amy@corp.example\r\nSubject: Hi\r\n\r\nIt works.\r\n",
    }
    return Received(**values | changes)

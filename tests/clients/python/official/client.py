"""Connections to the platform, and what the client offers."""

import logging
from datetime import UTC, datetime
from typing import Any

import postmark.sync
from sweep import (
    ACCOUNT_TOKEN,
    RECIPIENT,
    SENDER,
    SERVER_TOKEN,
    URL,
    Watched,
    public,
)

logging.disable()
SERVER_PARTS = postmark.sync.SyncServerClient._SERVER_MANAGERS
ACCOUNT_PARTS = postmark.sync.SyncAccountClient._ACCOUNT_MANAGERS


class Client:
    """The managers of one of the client's classes, watched."""

    def __init__(self, client: Any, parts: list[str], name: str) -> None:
        for part in parts:
            setattr(self, part, Watched(getattr(client, part), f"{name}.{part}"))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


server_client = postmark.sync.ServerClient(SERVER_TOKEN, retries=0, timeout=20, base_url=URL)
account_client = postmark.sync.AccountClient(ACCOUNT_TOKEN, retries=0, timeout=20, base_url=URL)
server = Client(server_client, SERVER_PARTS, "server")
account = Client(account_client, ACCOUNT_PARTS, "account")
START = datetime.now(UTC)


def offered() -> set[str]:
    """All methods of all managers."""
    found: set[str] = set()
    for client, parts, name in (
        (server_client, SERVER_PARTS, "server"),
        (account_client, ACCOUNT_PARTS, "account"),
    ):
        for part in parts:
            manager = type(getattr(client, part)._async)
            found |= public(manager, f"{name}.{part}")
    return found


def mail(**changes: Any) -> dict[str, Any]:
    """A small message."""
    plain = {"sender": SENDER, "to": RECIPIENT, "subject": "Official", "text_body": "Hello"}
    return plain | changes

"""Streams, tokens, domains and sender signatures, usual and hostile, for their screens."""

from datetime import timedelta
from typing import TYPE_CHECKING

from pillarbox.servers import streams
from pillarbox.servers.model import NewStream, Server
from pillarbox.servers.store import tokens
from pillarbox.storage.tx import Tx
from tests.conftest import Running
from tests.e2e import mailroom
from tests.e2e.seeds import HOSTILE, LONG, RIGHT_TO_LEFT

if TYPE_CHECKING:
    from tests.e2e.screens import Facts


async def sending(running: Running, facts: "Facts") -> None:
    """Fill the account and the first Server."""
    server = await mailroom.first_server(running.app)
    await running.app.db.write(lambda tx: _streams(tx, server))
    await running.app.db.write(lambda tx: _tokens(tx, server))


def _streams(tx: Tx, server: Server) -> None:
    for slug, name, text in (
        ("receipts", HOSTILE[:100], "What customers have bought."),
        ("news", f"{RIGHT_TO_LEFT} {LONG}"[:100], f"{LONG} {'x' * 200}"),
        ("winter", "Winter campaign", None),
    ):
        new = NewStream(type="Broadcasts", slug=slug, name=name, description=text)
        streams.create(tx, server.id, new, may_be_custom=True)
    streams.archive(tx, server.id, "winter", min_age=timedelta())


def _tokens(tx: Tx, server: Server) -> None:
    tokens.insert_token(tx, server.id)
    tokens.insert_smtp_token(tx, server.streams["broadcast"])
    tokens.insert_account_token(tx)

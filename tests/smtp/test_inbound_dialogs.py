"""Plays inbound/*.dialog against the MX of an installation, on both databases.

The language is that of test_dialogs.py. In a script `HASH` is the inbound hash of a Server whose inbound domain is
in.corp.example, and `RETURN` a return path of this installation.
"""

from pathlib import Path

import pytest
from typing_extensions import override

from pillarbox.mail.verp import ReturnPaths
from pillarbox.received import store
from pillarbox.servers.addresses import Inboxes
from pillarbox.servers.store import servers
from pillarbox.smtpd import mx
from pillarbox.smtpd.options import ServerOptions
from pillarbox.smtpd.reply import SmtpReply
from pillarbox.smtpd.service import Envelope
from pillarbox.smtpd.sorter import Sorter
from tests.doubles.certificate import server_context
from tests.smtp.test_dialogs import Player

SCRIPTS = sorted((Path(__file__).parent / "inbound").glob("*.dialog"))
PATHS = ReturnPaths(secret=b"s" * 16)


class Listening(mx.MxService):
    """The service itself, with an ear on what it takes."""

    def __init__(self, *parts) -> None:
        super().__init__(*parts)
        self.envelopes: list[Envelope] = []

    @override
    async def deliver(self, envelope: Envelope) -> SmtpReply:
        reply = await super().deliver(envelope)
        if reply.code == 250:
            self.envelopes.append(envelope)
        return reply


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
async def test_the_mx_keeps_to_the_dialog(app, server, script, tmp_path, monkeypatch):
    with app.db.transaction() as tx:
        servers.update_server(tx, server.id, {"inbound_domain": "in.corp.example"})
    sorter = Sorter(
        inbound_domain="in.platform.example",
        return_path_host="mail.example",
        return_paths=PATHS,
    )
    service = Listening(app, Inboxes(app.db, monotonic=app.monotonic), sorter)
    text = script.read_text("utf-8").replace("HASH", server.inbound_hash)
    filled = tmp_path / script.name
    filled.write_text(text.replace("RETURN", PATHS.make(7, "mail.example")), "utf-8")
    player = Player(filled, service, options=mx.options)
    await player.play()
    with app.db.transaction() as tx:
        kept = tx.rows(store.received_contents.select())
    assert sorted(bytes(row.raw) for row in kept) == sorted(
        envelope.data for envelope in service.envelopes
    )


async def test_what_the_options_say():
    made = mx.options("mail.example", server_context())
    assert isinstance(made, ServerOptions)
    assert (made.auth_mechanisms, made.max_recipients, made.max_size) == ((), 100, 52_428_800)

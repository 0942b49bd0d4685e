"""Streams, tokens, domains and sender signatures, usual and hostile, for their screens."""

from datetime import timedelta
from typing import TYPE_CHECKING

from pillarbox.app import App
from pillarbox.domains import keys, register, signatures, store
from pillarbox.domains.model import Alias, Aliases, NewSignature
from pillarbox.outbound import confirmation
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
    pem = keys.new_pem()
    facts.ids |= await running.app.db.write(lambda tx: _domains(tx, pem))
    facts.ids |= await running.app.db.write(lambda tx: _signatures(tx, running.app))


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


def _domains(tx: Tx, pem: bytes) -> dict[str, str]:
    """One that waits for everything, one that rotates for the second time and has all records, a long one."""
    new = register.create(tx, "new.example.com", pem)
    register.edit(tx, new, Aliases(return_path="pm-bounces.new.example.com"))
    old = register.create(tx, "shop.example", pem)
    hosts = Aliases(return_path="pm-bounces.shop.example", tracking="click.shop.example")
    register.edit(tx, old, hosts)
    for _ in range(2):
        store.activate_key(tx, old.id)
        register.rotate(tx, old.id, pem)
    store.set_aliases(
        tx, old.id, return_path=Alias(host="pm-bounces.shop.example", is_verified=True)
    )
    register.create(tx, ".".join(["xn--mnchen-3ya", *("long" * 12,) * 3, "example"]), pem)
    return {"domain": str(old.id), "domain_new": str(new.id)}


def _signatures(tx: Tx, app: App) -> dict[str, str]:
    """One that is confirmed, and one that a stranger chose."""
    made = confirmation.create(
        tx, app, NewSignature(email="billing@shop.example", name="Billing"), None
    )
    signatures.confirm(tx, made.id)
    strange = NewSignature(
        email=f"{'long' * 16}@shop.example",
        name=f"{RIGHT_TO_LEFT} {HOSTILE}"[:250],
        reply_to="ann@shop.example",
        note=f"{HOSTILE} {RIGHT_TO_LEFT}",
    )
    return {"signature": str(confirmation.create(tx, app, strange, None).id)}

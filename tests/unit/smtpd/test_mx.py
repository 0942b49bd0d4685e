"""What the MX decides when the world changes under its feet."""

import pytest

from pillarbox.errors import Unavailable
from pillarbox.mail.verp import ReturnPaths
from pillarbox.received import store
from pillarbox.received.model import Route
from pillarbox.servers import manage
from pillarbox.servers.addresses import Inboxes
from pillarbox.servers.model import NewServer, Settings
from pillarbox.servers.store import servers, tables
from pillarbox.smtpd.mx import MxService
from pillarbox.smtpd.service import Client, Envelope
from pillarbox.smtpd.sorter import Sorter

PATHS = ReturnPaths(secret=b"s" * 16)


@pytest.fixture
def service(app) -> MxService:
    sorter = Sorter(
        inbound_domain="in.platform.example",
        return_path_host="mx.platform.example",
        return_paths=PATHS,
    )
    return MxService(app, Inboxes(app.db, monotonic=app.monotonic), sorter)


def an_envelope(*recipients: str, data: bytes = b"Subject: Hi\r\n\r\nx\r\n") -> Envelope:
    return Envelope(
        identity=None,
        peer_ip="198.51.100.9",
        helo="mail.corp.example",
        protocol="ESMTP",
        mail_from="",
        recipients=list(recipients),
        data=data,
        smtputf8=False,
    )


async def verdict(service: MxService, address: str) -> int:
    found = service.check_recipient(Client(ip="198.51.100.9"), address)
    reply = found if found is None or hasattr(found, "code") else await found
    return 250 if reply is None else reply.code


async def test_the_second_question_needs_no_query(app, server, service):
    address = f"{server.inbound_hash}@in.platform.example"
    client = Client(ip="198.51.100.9")
    assert await verdict(service, address) == 250
    assert service.check_recipient(client, address) is None
    assert await verdict(service, "a@nobody.example") == 550
    refusal = service.check_recipient(client, "b@nobody.example")
    assert refusal is not None
    assert getattr(refusal, "code", None) == 550


async def test_a_removed_server_takes_nothing_any_more(app, server, service):
    address = f"{server.inbound_hash}@in.platform.example"
    assert await verdict(service, address) == 250
    await app.db.write(lambda tx: manage.remove(tx, server.id))
    assert (await service.deliver(an_envelope(address))).code == 550
    assert await verdict(service, address) == 550


async def test_an_archived_inbound_stream_takes_nothing(app, server, service):
    address = f"{server.inbound_hash}@in.platform.example"

    def archive(tx):
        at = tables.streams.c
        tx.run(
            tables.streams.update()
            .where(at.server_id == server.id, at.slug == "inbound")
            .values(archived_at=tx.now)
        )

    await app.db.write(archive)
    assert await verdict(service, address) == 550


async def test_the_exact_domain_beats_the_wildcard(app, server, service):
    def claim(tx):
        servers.update_server(tx, server.id, {"inbound_domain": "*.corp.example"})
        other = manage.create(tx, NewServer(name="Other"), Settings(), limit=None)
        servers.update_server(tx, other.id, {"inbound_domain": "in.corp.example"})
        return other.id

    other = await app.db.write(claim)
    await service.deliver(an_envelope("a@in.corp.example", "b@x.in.corp.example"))
    with app.db.transaction() as tx:
        rows = tx.rows(store.received_mail.select().order_by(store.received_mail.c.key))
    assert [row.server_id for row in rows] == [other, server.id]
    assert await verdict(service, "a@corp.example") == 550


async def test_each_route_has_a_row_and_addresses_count_once(app, server, service):
    back = PATHS.make(7, "mx.platform.example")
    address = f"{server.inbound_hash}@in.platform.example"
    reply = await service.deliver(
        an_envelope(back, address, address.upper(), "fbl@mx.platform.example")
    )
    assert reply.code == 250
    with app.db.transaction() as tx:
        rows = tx.rows(store.received_mail.select().order_by(store.received_mail.c.key))
    assert [row.route for row in rows] == [Route.BOUNCE, Route.INBOUND, Route.COMPLAINT]
    assert [row.recipient for row in rows] == [back, address, "fbl@mx.platform.example"]
    assert reply.text == f"Ok: kept as {rows[0].message_id}"


async def test_without_the_database_mail_is_put_off(app, server, service, monkeypatch):
    address = f"{server.inbound_hash}@in.platform.example"
    assert await verdict(service, address) == 250

    async def away(*_):
        raise Unavailable("disk full")

    monkeypatch.setattr(app.db, "write_each", away)
    reply = await service.deliver(an_envelope(address))
    assert (reply.code, reply.enhanced) == (451, "4.3.0")

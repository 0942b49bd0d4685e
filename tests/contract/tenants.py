"""Objects of another Server, for the walk over all routes in test_tenants.

An endpoint with a new path parameter needs a line in MAKERS: how to create such an object for a tenant, and an id
that never existed. One whose body must be in order before it looks at the path needs a line in BODIES.
"""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx

from pillarbox.app import App
from pillarbox.bounces.model import BounceType, NewBounce
from pillarbox.bounces.record import record
from pillarbox.ids import message_id
from pillarbox.inbound.model import Correspondent, InboundContent, InboundMessage, InboundStatus
from pillarbox.inbound.store import messages as inbound
from pillarbox.servers.model import Server


@dataclass(frozen=True)
class Tenant:
    """A Server, and a client that calls with its token."""

    app: App
    server: Server
    api: httpx.AsyncClient


@dataclass(frozen=True)
class Maker:
    """Creates an object and returns its id as it stands in a path; `never` is an id that none ever had."""

    make: Callable[[Tenant], Awaitable[str]]
    never: str


async def a_message(tenant: Tenant) -> str:
    message = {"From": "a@sender.example", "To": "b@one.example", "Subject": "Hi", "TextBody": "x"}
    sent = (await tenant.api.post("/email", json=message)).json()
    assert sent["ErrorCode"] == 0, sent
    return str(sent["MessageID"])


async def a_bounce(tenant: Tenant) -> str:
    new = NewBounce(
        type=BounceType.HARD_BOUNCE,
        rule="test",
        server_id=tenant.server.id,
        stream_key=tenant.server.streams["outbound"].key,
        message_key=None,
        message_id=str(uuid.uuid4()),
        email="gone@one.example",
        sender="a@sender.example",
        subject="Hi",
        tag=None,
        details="550",
        at=tenant.app.clock.now(),
    )
    bounce = await tenant.app.db.write(lambda tx: record(tx, new))
    assert bounce is not None
    return str(bounce.id)


async def a_stream(tenant: Tenant) -> str:
    slug = f"stream-of-{tenant.server.id}"
    new = {"ID": slug, "Name": "Own", "MessageStreamType": "Transactional"}
    made = await tenant.api.post("/message-streams", json=new)
    assert made.status_code == 200, made.text
    return slug


async def a_template(tenant: Tenant) -> str:
    template = {"Name": "Welcome", "Subject": "Hi", "TextBody": "x"}
    created = (await tenant.api.post("/templates", json=template)).json()
    return str(created["TemplateId"])


async def a_webhook(tenant: Tenant) -> str:
    webhook = (await tenant.api.post("/webhooks", json={"Url": "https://hooks.example/"})).json()
    return str(webhook["ID"])


async def a_bulk_request(tenant: Tenant) -> str:
    request = {
        "From": "a@sender.example",
        "Subject": "Hi",
        "TextBody": "x",
        "Messages": [{"To": "b@one.example"}],
    }
    return str((await tenant.api.post("/email/bulk", json=request)).json()["Id"])


async def a_rule(tenant: Tenant) -> str:
    answer = await tenant.api.post("/triggers/inboundrules", json={"Rule": "junk.example"})
    return str(answer.json()["ID"])


async def a_tag_trigger(tenant: Tenant) -> str:
    answer = await tenant.api.post("/triggers/tags", json={"MatchName": "welcome"})
    return str(answer.json()["ID"])


async def an_inbound_message(tenant: Tenant) -> str:
    key = tenant.app.keys.next()
    message = InboundMessage(
        key=key,
        message_id=message_id(key),
        server_id=tenant.server.id,
        stream_key=tenant.server.streams["inbound"].key,
        stream="inbound",
        received_at=tenant.app.clock.now(),
        status=InboundStatus.FAILED,
        original_recipient="x@inbound.example",
        sender=Correspondent("a@sender.example"),
    )
    with tenant.app.db.transaction() as tx:
        inbound.insert_message(tx, message, InboundContent(raw=b""))
    return message.message_id


MAKERS: dict[str, Maker] = {
    "message_id": Maker(a_message, "0199c0de-0000-7001-8000-000000000000"),
    "bounce_id": Maker(a_bounce, "1999999999"),
    "stream_id": Maker(a_stream, "stream-of-nobody"),
    "template": Maker(a_template, "1999999999"),
    "inbound_id": Maker(an_inbound_message, "0199c0de-0000-7001-8000-000000000000"),
    "webhook_id": Maker(a_webhook, "1999999999"),
    "bulk_id": Maker(a_bulk_request, "0199c0de-0000-7001-8000-000000000000"),
    "rule_id": Maker(a_rule, "1999999999"),
    "tag_trigger_id": Maker(a_tag_trigger, "1999999999"),
}
"""By the name of the path parameter."""

BODIES: dict[str, Any] = {}
"""The body to call an endpoint with, by its name (`PUT /things/{thing_id}`); else an empty object."""

QUERIES: dict[str, str] = {
    "GET /messages/outbound/opens/{message_id}": "count=1&offset=0",
    "GET /messages/outbound/clicks/{message_id}": "count=1&offset=0",
}
"""The query string that an endpoint must have, by its name."""

LOOKS_ALIKE: frozenset[str] = frozenset(("PUT /messages/inbound/{inbound_id}/bypass",))
"""Endpoints that refuse a fresh object of the caller's own with the very text for one that does not exist."""

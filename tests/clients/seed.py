"""Fills a platform before its start with what suites of client libraries expect to find.

Everything happened in the past, at its own time: the clock is set to 36 days ago and moved on from message to
message. The first Server has all of it; a second one is empty.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from pillarbox import config, installation, roles
from pillarbox.app import App
from pillarbox.bounces.model import BounceType, NewBounce
from pillarbox.bounces.record import record
from pillarbox.clock import SystemClock
from pillarbox.domains import register, signatures
from pillarbox.domains import store as domains
from pillarbox.domains.model import NewSignature
from pillarbox.events import store as events
from pillarbox.events.model import Event, EventType
from pillarbox.ids import message_id
from pillarbox.inbound.model import (
    BLOCKED_BY_SPAM,
    Correspondent,
    InboundContent,
    InboundMessage,
    InboundStatus,
)
from pillarbox.inbound.store import messages as inbound
from pillarbox.mail.dkim import generate_key
from pillarbox.outbound.accept import accept
from pillarbox.outbound.model import Draft, Prepared
from pillarbox.outbound.prepare import Surroundings, prepare
from pillarbox.outbound.store import queue
from pillarbox.relay.dispatch import take
from pillarbox.relay.endings import ends_here
from pillarbox.relay.outcome import settle
from pillarbox.relay.route import Endings
from pillarbox.servers.model import NewServer, Server
from pillarbox.servers.store import servers
from pillarbox.stats import record as stats
from pillarbox.stats.model import Click, Location, Open, Place
from pillarbox.stats.model import Platform as CountedPlatform
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import micros
from pillarbox.templates import change
from pillarbox.templates.check import read
from pillarbox.templates.model import TemplateDraft
from pillarbox.tracking import store as tracking
from pillarbox.tracking.model import ClickLocation, Hit, HitKind, Platform, Product
from pillarbox.tracking.model import Place as Whereabouts
from tests import process

DOMAIN = "clients.example"
SENDER = f"sender@{DOMAIN}"
VERIFIED_DOMAIN = "verified.example"
EMPTY_SERVER_TOKEN = "55555555-aaaa-4bbb-8ccc-666666666666"

DAYS = 36
MESSAGES = 72
TAG = "test_tag"
TEMPLATES = (
    TemplateDraft(
        name="A greeting",
        alias="greeting",
        subject="Hello{{#name}}, {{.}}{{/name}}",
        html="<p>Hello {{name}}</p>",
        text="Hello {{name}}",
    ),
    TemplateDraft(
        name="Frame",
        alias="frame",
        type="Layout",
        html="<html><body>{{{@content}}}</body></html>",
        text="{{{@content}}}",
    ),
    TemplateDraft(
        name="Receipt",
        alias="receipt",
        subject="Your receipt",
        html="<p>{{total}}</p>",
        text="{{total}}",
        layout="frame",
    ),
)
BOUNCES = {
    30: BounceType.SOFT_BOUNCE,
    60: BounceType.HARD_BOUNCE,
    63: BounceType.HARD_BOUNCE,
    66: BounceType.SPAM_COMPLAINT,
    69: BounceType.HARD_BOUNCE,
}
"""The messages after which a report comes in, and of what kind; the addresses are told apart by both."""

OPENED_EVERY = 4
CLICKED_EVERY = 6
INBOUND = {60: InboundStatus.BLOCKED, 65: InboundStatus.FAILED}
"""Inbound messages that were not processed, recent enough to be kept; one comes in after every fifth message."""

READER: dict[str, Any] = {
    "user_agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/121.0 Safari/537.36",
    "platform": Platform.DESKTOP,
    "client": Product("Chrome 121", "Google Inc.", "Chrome"),
    "os": Product("OS X 10.15", "Apple Computer, Inc.", "OS X"),
    "place": Whereabouts(
        country="Serbia",
        country_code="RS",
        region="Vojvodina",
        region_code="VO",
        city="Novi Sad",
        zip="21000",
        coords="45.2517,19.8369",
        ip="192.0.2.77",
    ),
}
REPORT = "From: MAILER-DAEMON@elsewhere.example\r\nSubject: Undelivered\r\n\r\nUser unknown.\r\n"


class PastClock:
    """A clock that stands in the past and is moved."""

    def __init__(self) -> None:
        self.at = SystemClock().now() - timedelta(days=DAYS)

    def now(self) -> datetime:
        """The instant it was moved to."""
        return self.at


def fill(directory: Path, **settings: str) -> None:
    """Fill the database of a platform that has not started yet."""
    made = config.load({}, environment=process.environment(directory, **settings))
    installation.prepare_directory(made.data_dir)
    clock = PastClock()
    app, _ = roles.open_app(made, clock)
    try:
        with app.db.transaction() as tx:
            server = servers.list_servers(tx)[0]
            servers.insert_server(tx, NewServer(name="Empty Server", token=EMPTY_SERVER_TOKEN))
            _make_templates(tx, server)
            _make_senders(tx)
            for number, draft in enumerate(_drafts()):
                message = _send(tx, prepare(server, draft, _surroundings(app)))
                tx.now = clock.at = clock.at + timedelta(days=DAYS) / (MESSAGES + 1)
                _answer(tx, number, message)
                if number % 5 == 0:
                    _receive(tx, app, server, number)
    finally:
        app.db.stop()


def _make_templates(tx: Tx, server: Server) -> None:
    for draft in TEMPLATES:
        change.create(tx, server.id, draft, read(draft), limit=100)


def _make_senders(tx: Tx) -> None:
    """Two domains whose keys were found in DNS, the first with a renewal under way, and a confirmed address."""
    for name in (DOMAIN, VERIFIED_DOMAIN):
        domain = register.create(tx, name, generate_key())
        domains.activate_key(tx, domain.id)
        if name == DOMAIN:
            register.rotate(tx, domain.id, generate_key())
    signature = signatures.insert_signature(tx, NewSignature(email=SENDER, name="Sender"))
    signatures.confirm(tx, signature.id)


def _drafts() -> Iterator[Draft]:
    """Messages, oldest first: a third with the tag, every one to a reader of a week."""
    for number in range(MESSAGES):
        yield Draft(
            sender=f"Sender <{SENDER}>",
            to=f"reader{number % 7}@elsewhere.example",
            subject=f"Message {number}",
            html=f'<p>Number {number} <a href="https://elsewhere.example/{number}">more</a></p>',
            text=f"Number {number}",
            tag=TAG if number % 3 == 0 else None,
            metadata={"number": str(number)},
            track_opens=True,
            track_links="HtmlAndText",
        )


CAPTURE = Endings(mode="capture")


def _surroundings(app: App) -> Surroundings:
    return Surroundings(keys=app.keys, host=app.config.hostname, at=app.clock.now())


def _send(tx: Tx, message: Prepared) -> Prepared:
    """Take a message in and deliver it."""
    accept(tx, [message])
    taken = take(tx, [(lane, 10) for lane in queue.lanes(tx)], lease=1, leaves=False)
    found = [
        ends_here(copy, taken.contents[copy.message_key], CAPTURE, at=micros(tx.now))
        for copy in taken.copies
    ]
    settle(tx, [one for one in found if one is not None])
    return message


def _answer(tx: Tx, number: int, message: Prepared) -> None:
    """What comes of a message later: opened or clicked now and then, and a few bounces whose report is kept."""
    if number % OPENED_EVERY == 0:
        _hit(tx, message, HitKind.OPEN)
    if number % CLICKED_EVERY == 0:
        _hit(tx, message, HitKind.CLICK, link=f"https://elsewhere.example/{number}")
    kind = BOUNCES.get(number)
    if kind is not None:
        _bounce(tx, message, kind, f"{kind.value.lower()}{number}@elsewhere.example")


def _hit(tx: Tx, message: Prepared, kind: HitKind, *, link: str = "") -> None:
    recipient = message.recipients.to[0].email
    is_click = kind is HitKind.CLICK
    of_click: dict[str, Any] = (
        {"link": link, "location": ClickLocation.HTML} if is_click else {"read_seconds": 5}
    )
    hit = Hit(
        kind=kind,
        server_id=message.server.id,
        stream_key=message.stream.key,
        message_key=message.key,
        message_id=message.message_id,
        recipient=recipient,
        tag=message.tag,
        at=tx.now,
        **of_click,
        **READER,
    )
    tracking.insert_hit(tx, hit)
    place = Place(server_id=hit.server_id, stream_key=hit.stream_key, tag=hit.tag)
    shared: dict[str, Any] = {
        "place": place,
        "at": tx.now,
        "is_first": True,
        "platform": CountedPlatform.DESKTOP,
    }
    if is_click:
        stats.clicked(tx, [Click(**shared, location=Location.HTML, browser="Chrome")])
    else:
        stats.opened(tx, [Open(**shared, client="Chrome", read_s=5)])
    events.append(
        tx,
        [
            Event(
                server_id=hit.server_id,
                stream_key=hit.stream_key,
                message_key=hit.message_key,
                recipient=recipient,
                type=EventType.LINK_CLICKED if is_click else EventType.OPENED,
                at=tx.now,
                details={"Link": link, "ClickLocation": "HTML"}
                if is_click
                else {"Summary": "Email opened with Chrome 121"},
            )
        ],
    )


def _bounce(tx: Tx, message: Prepared, kind: BounceType, email: str) -> None:
    record(
        tx,
        NewBounce(
            type=kind,
            rule="seed",
            server_id=message.server.id,
            stream_key=message.stream.key,
            message_key=message.key,
            message_id=message.message_id,
            email=email,
            sender=message.sender.email,
            subject=message.subject,
            tag=message.tag,
            details="smtp;550 5.1.1 user unknown",
            at=tx.now,
            content=REPORT,
        ),
    )


def _receive(tx: Tx, app: App, server: Server, number: int) -> None:
    """An inbound message; nobody is to be told of it."""
    key = app.keys.next()
    status = INBOUND.get(number, InboundStatus.PROCESSED)
    to = f"{server.inbound_hash}+ticket{number}@inbound.{DOMAIN}"
    inbound.insert_message(
        tx,
        InboundMessage(
            key=key,
            message_id=message_id(key),
            server_id=server.id,
            stream_key=server.streams["inbound"].key,
            stream="inbound",
            received_at=tx.now,
            status=status,
            blocked_reason=BLOCKED_BY_SPAM if status is InboundStatus.BLOCKED else None,
            original_recipient=to,
            sender=Correspondent(f"writer{number}@elsewhere.example", "Writer"),
            to=(Correspondent(to),),
            subject=f"Inbound {number}",
            date=format_datetime(tx.now),
        ),
        InboundContent(
            raw=f"Subject: Inbound {number}\r\n\r\nHello\r\n".encode(),
            text="Hello",
            headers=(("X-Spam-Score", "0.1"),),
        ),
    )

"""Inbound mail in every state, some of it hostile, rules, and a report that belongs to nobody."""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from pillarbox.app import App
from pillarbox.bounces.model import BounceType
from pillarbox.bounces.orphans import Orphan, Why, insert_orphan
from pillarbox.inbound.model import InboundMessage, InboundStatus
from pillarbox.inbound.read import read
from pillarbox.inbound.store import messages, rules
from pillarbox.mail.parse import parse
from pillarbox.servers.model import Server
from pillarbox.storage.tx import Tx
from tests.conftest import Running
from tests.e2e import mailroom
from tests.e2e.seeds import HOSTILE, LONG, RIGHT_TO_LEFT
from tests.factories import a_received

if TYPE_CHECKING:
    from tests.e2e.screens import Facts

_RESULTS = "spf=pass smtp.mailfrom=amy@corp.example; dkim=none; dmarc=fail (p=reject) header.from=corp.example"
_CHECKS = (
    ("X-Spam-Status", "No"),
    ("X-Spam-Score", "1.2"),
    ("X-Spam-Tests", "HTML_MESSAGE,SPF_PASS"),
    ("Authentication-Results", f"mail.example.com; {_RESULTS}"),
)
_RICH = f"""\
From: "{HOSTILE.replace('"', "'")}" <amy@corp.example>
To: support+ticket-4711@inbound.mail.example.com
Subject: Re: Your ticket
In-Reply-To: <1@shop.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain; charset=utf-8

It works now, thanks.

On Monday, Support wrote:
> Does it work?
--a
Content-Type: text/html; charset=utf-8

<p>It works now, <b>thanks</b>.</p>{HOSTILE}<img src="http://tracker.example/pixel.gif">
--a--
--b
Content-Type: image/png; name="{HOSTILE.replace('"', "'")}.png"
Content-Disposition: attachment
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--b--
"""


async def inbound(running: Running, facts: "Facts") -> None:
    """A message that was taken, one that was blocked, one that failed, and some that strangers wrote."""
    app = running.app
    server = await mailroom.first_server(app)
    made = await app.db.write(lambda tx: _messages(tx, app, server))
    facts.ids |= {"inbound": made[0].message_id, "inbound_blocked": made[1].message_id}
    await app.db.write(lambda tx: _others(tx, server))


def _messages(tx: Tx, app: App, server: Server) -> list[InboundMessage]:
    sources = [
        (InboundStatus.PROCESSED, _RICH),
        (InboundStatus.BLOCKED, f"From: a@spammer.example\nSubject: {LONG}\n\nBuy\n"),
        (InboundStatus.FAILED, f"From: b@corp.example\nSubject: {HOSTILE}\n\n{HOSTILE}\n"),
        (InboundStatus.SCHEDULED, f"Subject: {RIGHT_TO_LEFT}\n\nNobody\n"),
    ]
    return [keep(tx, app, server, status, source) for status, source in sources]


def keep(tx: Tx, app: App, server: Server, status: InboundStatus, source: str) -> InboundMessage:
    """An inbound message in a state."""
    mail = a_received(app, server, raw=source.replace("\n", "\r\n").encode())
    reading = read(mail, parse(mail.raw), host="mail.example.com", checks=_CHECKS)
    reason = "Inbound request blocked by domain rule: a@spammer.example"
    message = replace(
        reading.message,
        status=status,
        blocked_reason=reason if status is InboundStatus.BLOCKED else None,
    )
    messages.insert_message(tx, message, reading.content)
    return message


def _others(tx: Tx, server: Server) -> None:
    rules.insert(tx, server.id, "spammer.example")
    rules.insert(tx, server.id, "an-unusually-long-local-part-of-an-address@corp.example")
    orphan = Orphan(
        why=Why.UNSIGNED,
        type=BounceType.HARD_BOUNCE,
        recipient="b1@pillarbox.example",
        sender=f"mailer-daemon@corp.example {HOSTILE}",
        subject=HOSTILE,
        details="550 5.1.1 No such user",
        at=tx.now,
        content=f"Subject: {HOSTILE}\n\n{LONG}",
    )
    insert_orphan(tx, orphan)

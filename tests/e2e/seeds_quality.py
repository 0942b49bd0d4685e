"""Bounces, suppressions, statistics and data removals: a month of them, and what strangers wrote."""

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from pillarbox.bounces.model import BounceType, NewBounce
from pillarbox.bounces.record import record
from pillarbox.clock import EASTERN
from pillarbox.outbound.suppress import suppress
from pillarbox.retention import store as removals
from pillarbox.retention.model import NewRemoval
from pillarbox.servers.model import Server
from pillarbox.stats import record as stats
from pillarbox.stats import store as counters
from pillarbox.stats.model import (
    Click,
    Location,
    Open,
    Place,
    Platform,
    Sent,
    date_of,
    day_number,
    day_of,
)
from pillarbox.storage.tx import Tx
from pillarbox.suppressions.model import HeldBack, Origin, Reason, Suppression
from tests.conftest import Running
from tests.e2e import mailroom
from tests.e2e.seeds import HOSTILE, LONG, RIGHT_TO_LEFT

if TYPE_CHECKING:
    from tests.e2e.screens import Facts

REPORT = f"""From: MAILER-DAEMON@one.example
Subject: Undelivered Mail Returned to Sender
Content-Type: text/plain

The mail system: <gone@one.example>: host mx1.one.example[192.0.2.10] said: 550 5.1.1 No such user
{HOSTILE}
"""
DAYS = 30


async def quality(running: Running, facts: "Facts") -> None:
    """A month of mail with its bounces, opens and clicks; suppressions of every kind."""
    server = await mailroom.first_server(running.app)
    await running.app.db.write(lambda tx: _counters(tx, server))
    bounces = await running.app.db.write(lambda tx: _bounces(tx, server))
    facts.ids["bounce"] = str(bounces[0])
    await running.app.db.write(lambda tx: _suppressions(tx, server))
    await running.app.db.write(_removals)


def _counters(tx: Tx, server: Server) -> None:
    stream = server.streams["outbound"]
    place = Place(server_id=server.id, stream_key=stream.key, tag=None)
    sums: dict[counters.SentKey, Sent] = {}
    opens: list[Open] = []
    clicks: list[Click] = []
    today = date_of(day_of(tx.now))
    for back in range(DAYS):
        day = today - timedelta(days=back)
        at = datetime.combine(day, time(12), EASTERN)
        number = 400 + 37 * (back % 7) + 11 * back
        sums[server.id, "", day_number(day), stream.key] = Sent(
            number, number, number, number, number
        )
        platform = (Platform.MOBILE, Platform.DESKTOP, Platform.WEB_MAIL)[back % 3]
        client = ("Apple Mail", "Gmail", HOSTILE[:90])[back % 3]
        for nth in range(20 + back % 9):
            first = nth % 3 > 0
            opens.append(Open(place=place, at=at, is_first=first, platform=platform, client=client))
        for nth in range(6 + back % 4):
            where = Location.TEXT if nth % 4 == 0 else Location.HTML
            clicks.append(
                Click(place=place, at=at, is_first=True, location=where, browser="Firefox")
            )
    counters.add_sent(tx, sums)
    stats.opened(tx, opens)
    stats.clicked(tx, clicks)


def _bounces(tx: Tx, server: Server) -> list[int]:
    kinds = [
        (
            BounceType.HARD_BOUNCE,
            "gone@one.example",
            "550 5.1.1 No such user here",
            "enhanced:5.1.1",
        ),
        (BounceType.SOFT_BOUNCE, "full@one.example", "452 4.2.2 Mailbox full", "text:full-1"),
        (BounceType.TRANSIENT, "slow@one.example", RIGHT_TO_LEFT, "basic:450@rcpt~4"),
        (BounceType.SPAM_COMPLAINT, "angry@one.example", HOSTILE, "arf"),
        (BounceType.AUTO_RESPONDER, f"{'l' * 60}@{'o' * 60}.example", LONG, "answer"),
        (
            BounceType.BLOCKED,
            "blocked@one.example",
            "554 5.7.1 Listed",
            "basic:554@connect~connect",
        ),
    ]
    made = []
    for nth in range(18):
        kind, email, details, rule = kinds[nth % len(kinds)]
        bounce = record(
            tx,
            NewBounce(
                type=kind,
                rule=rule,
                server_id=server.id,
                stream_key=server.streams["outbound"].key,
                message_key=None,
                message_id=f"00000000-0000-4000-8000-{nth:012}",
                email=email,
                sender="shop@sender.example",
                subject=HOSTILE if nth % 2 else "Your order 4711 is on its way",
                tag=HOSTILE if nth % 3 else None,
                details=details,
                at=tx.now - timedelta(days=nth, minutes=3),
                content=REPORT if nth % 2 == 0 else None,
            ),
        )
        assert bounce is not None
        made.append(bounce.id)
    return made


def _suppressions(tx: Tx, server: Server) -> None:
    stream = server.streams["outbound"]
    wanted = [
        ("manual@one.example", Reason.MANUAL, Origin.CUSTOMER),
        ("left@one.example", Reason.MANUAL, Origin.RECIPIENT),
        ("=cmd|'/c'!a0@one.example", Reason.MANUAL, Origin.CUSTOMER),
        (f"{'x' * 64}@{'y' * 60}.{'z' * 60}.example", Reason.HARD_BOUNCE, Origin.RECIPIENT),
    ]
    held = [
        HeldBack(
            suppression=Suppression(
                stream_key=stream.key,
                address=address,
                reason=reason,
                origin=origin,
                created_at=tx.now - timedelta(hours=nth + 1),
            ),
            server_id=server.id,
            recipient=address,
        )
        for nth, (address, reason, origin) in enumerate(wanted)
    ]
    suppress(tx, held)


def _removals(tx: Tx) -> None:
    new = NewRemoval(
        requested_by="owner@shop.example",
        address="forget.me@one.example",
        is_notification_wanted=False,
    )
    removals.insert_removal(tx, new)

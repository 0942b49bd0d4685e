"""Data removals: afterwards no table knows the address any more."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import inspect, text

from pillarbox.bounces import orphans
from pillarbox.bounces.model import BounceType, NewBounce
from pillarbox.bounces.orphans import Orphan, Why
from pillarbox.bounces.record import record
from pillarbox.bulk import store as bulk
from pillarbox.bulk.expand import Expansion
from pillarbox.bulk.model import Request
from pillarbox.chores import Chores
from pillarbox.domains.directory import Domains
from pillarbox.events import store as events
from pillarbox.events.model import Event, EventType
from pillarbox.ids import MessageKey, message_id
from pillarbox.inbound.model import (
    Correspondent,
    HookTry,
    InboundContent,
    InboundMessage,
    InboundStatus,
)
from pillarbox.inbound.store import messages as inbound
from pillarbox.inbound.store import rules, tries
from pillarbox.outbound import subjects
from pillarbox.outbound.accept import accept
from pillarbox.outbound.model import RecipientState
from pillarbox.outbound.store import attempts, blocks, messages, queue, tables
from pillarbox.outbound.store.attempts import Attempt
from pillarbox.outbound.store.queue import Move
from pillarbox.outbound.submit import Submission
from pillarbox.outbound.suppress import suppress_addresses
from pillarbox.received import store as received
from pillarbox.retention import store
from pillarbox.retention.model import NewRemoval, RemovalStatus
from pillarbox.retention.removals import AT_ONCE, remove
from pillarbox.roles import all_chores
from pillarbox.servers.directory import Directory
from pillarbox.stats import store as stats
from pillarbox.storage.schema import metadata
from pillarbox.suppressions.store import held_back
from pillarbox.tracking import store as tracking
from pillarbox.tracking import subscribers
from pillarbox.tracking.model import Hit, HitKind
from pillarbox.tracking.token import Tokens
from pillarbox.webhooks.call import CallAttempt, NewCall, Payload, payload_key
from pillarbox.webhooks.model import AttemptOutcome, Trigger
from pillarbox.webhooks.store import calls, log
from tests.factories import a_prepared, a_received

ANN = "ann@one.example"
BOB = "bob@two.example"

FILLED = {
    "attempts",
    "bounces",
    "contents",
    "daily_counts",
    "daily_sent",
    "data_removals",
    "events",
    "hit_facets",
    "hits",
    "inbound_contents",
    "inbound_messages",
    "inbound_rules",
    "inbound_tries",
    "message_metadata",
    "messages",
    "orphan_reports",
    "received_contents",
    "received_mail",
    "recipients",
    "subject_blocks",
    "subscribers",
    "suppressions",
    "webhook_attempts",
    "webhook_calls",
    "webhook_payloads",
}
"""Tables in which `fill` leaves an address."""

WITHOUT = {
    "account": "a secret",
    "account_tokens": "hashes of tokens",
    "audit_log": "what the customer's own people did",
    "bounce_totals": "counters",
    "bulk_contents": "only until the request's messages are made; removals wait for that",
    "bulk_parts": "only until the request's messages are made; removals wait for that",
    "bulk_requests": "numbers, and a subject for all recipients",
    "chores": "times",
    "dkim_keys": "keys",
    "domains": "names of the customer's domains",
    "erased_suppressions": "hashes of addresses",
    "nodes": "the names of our machines",
    "removed_streams": "numbers",
    "sender_ids": "numbers",
    "server_tokens": "tokens",
    "servers": "the customer's settings",
    "sessions": "hashes of tokens, and the browsers of the customer's own people",
    "signatures": "the customer's own addresses",
    "smtp_tokens": "tokens",
    "streams": "the customer's settings",
    "suspended_destinations": "names of domains, and what our own people wrote about them",
    "tag_triggers": "the customer's settings",
    "templates": "the customer's texts",
    "users": "the customer's own people",
    "webhook_marks": "numbers",
    "webhook_minutes": "counters",
    "webhook_triggers": "the customer's settings",
    "webhooks": "the customer's settings",
}
"""Tables that keep nothing about recipients, and what they keep."""


def test_every_table_has_been_thought_of():
    """A new table that keeps addresses needs a step in retention/removals and a line in `fill`."""
    assert set(metadata.tables) == FILLED | set(WITHOUT)


def put(app, server, **changes: Any) -> int:
    """A message that is kept; its key."""
    message = a_prepared(app, server, **changes)
    with app.db.transaction() as tx:
        accept(tx, [message])
    return int(message.key)


def deliver(app, address: str) -> None:
    """An attempt for every copy that waits, failed, that leaves the address wherever it can."""
    with app.db.transaction() as tx:
        copies = queue.claim(tx, [(address.partition("@")[2], 1000)], 5)
        moves = [
            Move(
                message_key=copy.message_key,
                position=copy.position,
                lease=5,
                state=RecipientState.BOUNCED,
                attempts=1,
                last_reply=f"550 <{address}> unknown",
            )
            for copy in copies
        ]
        queue.move(tx, moves)
        tries = [
            Attempt(
                message_key=copy.message_key,
                position=copy.position,
                at=tx.now,
                duration_ms=5,
                outcome="failed",
                host="mx.example",
                ip="192.0.2.1",
                tls="",
                phase="rcpt",
                reply=f"550 <{address.upper()}> unknown",
                transcript=[(0.1, ">", f"RCPT TO:<{address}>")],
            )
            for copy in copies
        ]
        attempts.insert(tx, tries)


def bounce(app, server, key: int | None, address: str, kind: BounceType) -> None:
    with app.db.transaction() as tx:
        new = NewBounce(
            type=kind,
            rule="test",
            server_id=server.id,
            stream_key=server.streams["outbound"].key,
            message_key=key,
            message_id="" if key is None else f"0199c0de-0000-7001-8000-{key % 10**12:012}",
            email=address.title(),
            sender=f"{address}" if key is None else "shop@sender.example",
            subject=f"For {address}",
            tag=f"to-{address}",
            details=f"smtp;550 <{address}>",
            at=tx.now,
            content=f"Final-Recipient: rfc822; {address}",
        )
        assert record(tx, new) is not None


def fill(app, server, address: str) -> int:
    """Leave an address in every table and column that can hold it; the key of its own message."""
    key = put(
        app,
        server,
        to=f'"{address}" <{address.title()}>',
        cc=f"Carl <carl@three.example>, {address}",
        subject=f"Hello {address}",
        tag=f"to-{address}",
        text=f"Dear {address}",
        metadata={"who": address, "Again": address.upper()},
    )
    put(app, server, sender=f"Me <{address}>", to=address)
    deliver(app, address)
    with app.db.transaction() as tx:
        queue.drop(tx, None)
        delivered = Event(
            server_id=server.id,
            stream_key=server.streams["outbound"].key,
            message_key=key,
            recipient=address.title(),
            type=EventType.DELIVERED,
            at=tx.now,
            details={"DeliveryMessage": f"250 <{address}> ok", "DestinationIP": "192.0.2.1"},
        )
        events.append(tx, [delivered])
        suppress_addresses(tx, server.streams["broadcast"], [address])
        subscribers.keep(tx, Tokens(b"secret"), [(server.streams["broadcast"].key, address)])
        rules.insert(tx, server.id, address)
        asked = NewRemoval(
            requested_by=address, address="else@one.example", is_notification_wanted=False
        )
        store.finish(tx, store.insert_removal(tx, asked))
    fill_elsewhere(app, server, key, address)
    for number in (key, None):
        bounce(app, server, number, address, BounceType.HARD_BOUNCE)
    return key


def fill_elsewhere(app, server, key: int, address: str) -> None:
    """An open, a click, a report nobody believed, mail from and to the address, a packed subject."""
    stream_key = server.streams["outbound"].key
    block = asdict(subjects.pack([subjects.Line(key, f"Hello {address}", address, address)]))
    place = {"stream_key": stream_key, "first_key": key, "last_key": key, "count": 1}
    with app.db.transaction() as tx:
        tx.run(blocks.subject_blocks.insert(), place | block)
        orphans.insert_orphan(
            tx,
            Orphan(
                why=Why.UNSIGNED,
                type=BounceType.SPAM_COMPLAINT,
                recipient=address.title(),
                sender=address.title(),
                subject=f"About {address}",
                details=address,
                at=tx.now,
                content=f"To: {address}",
            ),
        )
        for kind in HitKind:
            hit = Hit(
                kind=kind,
                server_id=server.id,
                stream_key=server.streams["outbound"].key,
                message_key=key,
                message_id=message_id(MessageKey(key)),
                recipient=address.title(),
                tag=f"to-{address}",
                at=tx.now,
                link=f"https://example.com/?for={address}",
            )
            assert tracking.insert_hit(tx, hit)
        for sender, recipient in ((address, "x@in.example"), ("y@else.example", address)):
            number = app.keys.next()
            mail = InboundMessage(
                key=number,
                message_id=message_id(number),
                server_id=server.id,
                stream_key=server.streams["inbound"].key,
                stream="inbound",
                received_at=tx.now,
                status=InboundStatus.PROCESSED,
                original_recipient=recipient.title(),
                sender=Correspondent(sender.title()),
                subject=f"From {address}",
            )
            inbound.insert_message(tx, mail, InboundContent(raw=address.encode(), text=address))
            made = HookTry(
                message_key=mail.key,
                at=tx.now,
                duration_ms=3,
                url="https://hooks.example/",
                status=422,
                response=f"no such user {address}",
            )
            tries.insert(tx, [made])
            waiting = a_received(
                app, server, recipient=recipient, mail_from=sender, raw=address.encode()
            )
            received.insert(tx, [[waiting]])
    call(app, server, address)


def call(app, server, address: str) -> None:
    """A webhook that was told of the address, and whose answer repeats it."""
    with app.db.transaction() as tx:
        payload = Payload(key=0, recipient=address.title(), body=address.encode())
        new = NewCall(
            lane=f"for {address}",
            trigger=Trigger.DELIVERY,
            server_id=server.id,
            stream_key=server.streams["outbound"].key,
            webhook_id=7,
            payload_key=0,
            size_bytes=len(address),
        )
        if address == ANN:
            calls.insert_calls(tx, [payload], [new])
            (made,) = calls.claim(tx, [(new.lane, 1)], 5)
            answer = CallAttempt(
                call_id=made.id,
                at=tx.now,
                duration_ms=5,
                url=f"https://hooks.example/?{address}",
                status=500,
                outcome=AttemptOutcome.RETRY,
                response=address,
            )
            log.insert_attempts(tx, [answer])


def traces(app, address: str) -> set[str]:
    """Every `table.column` of the whole database that contains an address, in any case and form of storage."""
    found = set()
    with app.db.engine.connect() as connection:
        for table in inspect(connection).get_table_names():
            for row in connection.execute(text(f"SELECT * FROM {table}")).mappings():
                for column, value in row.items():
                    if isinstance(value, bytes | memoryview):
                        shown = bytes(value).decode("utf-8", "replace")
                    else:
                        shown = str(value)
                    if address in shown.lower():
                        found.add(f"{table}.{column}")
    return found


def ask(app, address: str) -> int:
    with app.db.transaction() as tx:
        new = NewRemoval(
            requested_by="boss@sender.example", address=address, is_notification_wanted=True
        )
        return store.insert_removal(tx, new).id


def status(app, number: int) -> RemovalStatus:
    with app.db.transaction() as tx:
        removal = store.find(tx, number)
    assert removal is not None
    return removal.status


async def test_nothing_in_the_whole_database_knows_the_address(app, server):
    fill(app, server, ANN)
    fill(app, server, BOB)
    before = traces(app, BOB)
    assert {trace.partition(".")[0] for trace in traces(app, ANN)} == FILLED
    number = ask(app, ANN)
    await remove(app)
    assert traces(app, ANN) == set()
    assert status(app, number) is RemovalStatus.DONE
    assert traces(app, BOB) == before
    waiting = await app.db.read(lambda tx: queue.list_waiting(tx, limit=5))
    assert [one.recipient for one in waiting] == ["boss@sender.example"]
    assert traces(app, f"removed-{number}@erased.invalid") >= {
        "bounces.email",
        "events.recipient",
        "messages.recipients",
        "recipients.email",
    }


async def test_the_file_itself_forgets(app, server, settings):
    if not app.db.is_sqlite:
        pytest.skip("PostgreSQL vacuums by itself")
    fill(app, server, ANN)
    ask(app, ANN)
    await remove(app)
    with app.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        driver: Any = connection.connection.driver_connection
        driver.rollback()
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    files = list(settings().data_dir.glob("*.db*")) + list(settings().data_dir.glob("*.sqlite*"))
    assert files
    for file in files:
        assert ANN.encode() not in file.read_bytes().lower(), file.name


async def test_the_address_stays_held_back_and_counts_stay(app, server):
    fill(app, server, ANN)
    with app.db.transaction() as tx:
        sums = sorted((row.day, row.sent) for row in tx.rows(stats.daily_sent.select()))
    ask(app, ANN)
    await remove(app)
    with app.db.transaction() as tx:
        pairs = [(server.streams[slug].key, ANN) for slug in ("outbound", "broadcast")]
        assert held_back(tx, [*pairs, (pairs[0][0], BOB)]) == set(pairs)
        own = stats.daily_sent.c.server_id == server.id
        rows = tx.rows(stats.daily_sent.select().where(own))
        assert sums == sorted((row.day, row.sent) for row in rows)


async def test_what_remains_of_a_message_can_still_be_read(app, server):
    key = fill(app, server, ANN)
    number = ask(app, ANN)
    await remove(app)
    with app.db.transaction() as tx:
        message = tx.first(tables.messages.select().where(tables.messages.c.key == key))
        assert message is not None
        assert (message.subject, message.tag, message.metadata) == ("", None, None)
        kept = messages.find(tx, server.id, message.message_id)
        assert kept is not None
        emails = [address.email for address in kept.recipients.all()]
        assert emails == [
            f"removed-{number}@erased.invalid",
            "carl@three.example",
            f"removed-{number}@erased.invalid",
        ]
        assert messages.find_raw(tx, message.key) is None


async def test_waiting_copies_are_not_sent_and_those_of_others_are(app, server, clock):
    put(app, server, to=ANN)
    both = put(app, server, to=f"{ANN}, {BOB}")
    number = ask(app, ANN)
    await remove(app)
    assert status(app, number) is RemovalStatus.PENDING
    waiting = await app.db.read(lambda tx: queue.list_waiting(tx, limit=5))
    assert [one.recipient for one in waiting] == [BOB]
    assert await app.db.read(lambda tx: messages.find_raw(tx, both)) is not None
    deliver(app, BOB)
    await remove(app)
    assert status(app, number) is RemovalStatus.DONE
    assert traces(app, ANN) == set()


async def test_a_removal_waits_for_bulk_requests_of_before(app, server, clock):
    request = Request(
        key=app.keys.next(),
        id="0199c0de-0000-7001-8000-000000000001",
        server_id=server.id,
        submitted_at=clock.now(),
        subject="Hi",
        total=1,
        released=0,
        failed=0,
    )
    with app.db.transaction() as tx:
        bulk.keep(tx, request, b"packed", [(0, b"packed")])
    number = ask(app, ANN)
    await remove(app)
    assert status(app, number) is RemovalStatus.PENDING
    await app.db.write(lambda tx: bulk.move_mark(tx, request, released=1, failed=0))
    await remove(app)
    assert status(app, number) is RemovalStatus.DONE


async def test_what_others_are_told_of_a_message_does_not_name_the_address(app, server):
    key = put(app, server, to=f"{ANN}, carl@three.example")
    deliver(app, ANN)
    deliver(app, "carl@three.example")
    stream_key = server.streams["outbound"].key
    with app.db.transaction() as tx:
        delivered = Event(
            server_id=server.id,
            stream_key=stream_key,
            message_key=key,
            recipient="carl@three.example",
            type=EventType.DELIVERED,
            at=tx.now,
            details={},
        )
        events.append(tx, [delivered])
        number = payload_key(tx.rows(events.events.select())[-1].id, has_content=False)
        body = b'{"Recipient":"carl@three.example","Metadata":{"who":"ANN@one.example"}}'
        new = NewCall(
            lane="hook",
            trigger=Trigger.DELIVERY,
            server_id=server.id,
            stream_key=stream_key,
            webhook_id=7,
            payload_key=number,
            size_bytes=len(body),
        )
        said = Payload(key=number, recipient="carl@three.example", body=body)
        calls.insert_calls(tx, [said], [new])
    removal = ask(app, ANN)
    await remove(app)
    assert traces(app, ANN) == set()
    (still,) = await app.db.write(lambda tx: calls.claim(tx, [("hook", 1)], 5))
    told = await app.db.read(lambda tx: log.find(tx, server.id, still.id))
    assert told is not None
    assert told.body == body.decode().replace(
        "ANN@one.example", f"removed-{removal}@erased.invalid"
    )


async def test_what_others_did_with_a_message_does_not_name_the_address(app, server):
    key = put(app, server, to=f"{ANN}, carl@three.example", tag=f"to-{ANN}")
    deliver(app, ANN)
    deliver(app, "carl@three.example")
    link = f"https://shop.example/?for={ANN.title()}"
    with app.db.transaction() as tx:
        hit = Hit(
            kind=HitKind.CLICK,
            server_id=server.id,
            stream_key=server.streams["outbound"].key,
            message_key=key,
            message_id=message_id(MessageKey(key)),
            recipient="carl@three.example",
            tag=f"to-{ANN}",
            at=tx.now,
            link=link,
        )
        assert tracking.insert_hit(tx, hit)
        clicked = Event(
            server_id=server.id,
            stream_key=server.streams["outbound"].key,
            message_key=key,
            recipient="carl@three.example",
            type=EventType.LINK_CLICKED,
            at=tx.now,
            details={"Link": link},
        )
        events.append(tx, [clicked])
        sent = tx.rows(tables.messages.select().where(tables.messages.c.key == key))[0]
        bounced = NewBounce(
            type=BounceType.SOFT_BOUNCE,
            rule="test",
            server_id=server.id,
            stream_key=server.streams["outbound"].key,
            message_key=key,
            message_id=sent.message_id,
            email="carl@three.example",
            sender="shop@sender.example",
            subject=f"For {ANN}",
            tag=f"to-{ANN}",
            details="smtp;452 full",
            at=tx.now,
            content=f"Subject: For {ANN}",
        )
        assert record(tx, bounced) is not None
    removal = ask(app, ANN)
    await remove(app)
    assert traces(app, ANN) == set()
    assert f"for=removed-{removal}@erased.invalid" in str(
        await app.db.read(lambda tx: tx.rows(tracking.hits.select())[0].link)
    )


async def test_inbound_mail_that_was_also_for_the_address_goes(app, server):
    for number, other in enumerate((ANN.upper(), f"jo{ANN}")):
        key = app.keys.next()
        mail = InboundMessage(
            key=key,
            message_id=message_id(key),
            server_id=server.id,
            stream_key=server.streams["inbound"].key,
            stream="inbound",
            received_at=app.clock.now(),
            status=InboundStatus.PROCESSED,
            original_recipient="x@in.example",
            sender=Correspondent("y@else.example"),
            cc=(Correspondent(other),),
            subject=f"Mail {number}",
        )
        with app.db.transaction() as tx:
            inbound.insert_message(tx, mail, InboundContent(raw=b"", text=other))
    ask(app, ANN)
    await remove(app)
    with app.db.transaction() as tx:
        assert [row.subject for row in tx.rows(inbound.inbound_messages.select())] == ["Mail 1"]


async def test_a_copy_in_hand_leaves_no_trace_when_it_comes_back(app, server):
    put(app, server, to=ANN)
    (copy,) = await app.db.write(lambda tx: queue.claim(tx, [("one.example", 1)], 7))
    ask(app, ANN)
    await remove(app)
    back = (copy.message_key, copy.position, 7)
    assert await app.db.write(lambda tx: queue.still_held(tx, [back])) == set()


async def test_more_than_one_step_is_needed(app, server):
    batch = [a_prepared(app, server, to=ANN) for _ in range(AT_ONCE + 1)]
    await app.db.write_each(accept, batch)
    number = ask(app, ANN)
    await remove(app)
    assert traces(app, ANN) == set()
    assert status(app, number) is RemovalStatus.DONE


async def test_a_removal_for_a_stranger_is_done_at_once_and_changes_nothing(app, server):
    fill(app, server, BOB)
    before = traces(app, BOB)
    first, second = ask(app, "n@two.example"), ask(app, "n@two.example")
    await remove(app)
    assert status(app, first) is status(app, second) is RemovalStatus.DONE
    assert traces(app, BOB) == before


async def test_the_chore_carries_removals_out(app, server, clock):
    put(app, server, to=ANN)
    number = ask(app, ANN)
    monotonic = app.monotonic
    submission = Submission(app, Domains(app.db, monotonic=monotonic))
    expansion = Expansion(app, Directory(app.db, monotonic=monotonic), submission)
    (chore,) = [one for one in all_chores(app, expansion) if one.topic == store.TOPIC]
    assert await Chores(app, []).run_once(chore)
    assert status(app, number) is RemovalStatus.DONE
    clock.advance(timedelta(minutes=5))
    assert await Chores(app, []).run_once(chore)

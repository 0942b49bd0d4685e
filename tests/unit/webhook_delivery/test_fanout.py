"""From the event log to calls."""

import threading
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from pillarbox.bounces.model import BounceType, NewBounce
from pillarbox.bounces.record import record
from pillarbox.events import store as events
from pillarbox.events.model import Event, EventType
from pillarbox.outbound.accept import accept
from pillarbox.servers.store import tables as server_tables
from pillarbox.tracking.model import Hit, HitKind, facts_text
from pillarbox.webhook_delivery.fanout import AT_ONCE, Step, fan_out
from pillarbox.webhooks.model import Trigger, TriggerState, Webhook
from pillarbox.webhooks.store import calls
from pillarbox.webhooks.store import webhooks as store
from pillarbox.webhooks.store.tables import webhook_calls, webhook_payloads
from tests.factories import a_prepared

URL = "https://hooks.example/"
EVERYTHING = {trigger: TriggerState(is_enabled=True) for trigger in Trigger}


def listen(app, server, *, stream: str = "outbound", **states: TriggerState) -> Webhook:
    """A webhook for everything, but for what is said otherwise."""
    triggers = EVERYTHING | {Trigger(name): state for name, state in states.items()}
    with app.db.transaction() as tx:
        return store.insert_webhook(
            tx,
            Webhook(
                id=0,
                server_id=server.id,
                stream_key=server.streams[stream].key,
                stream=stream,
                url=URL,
                triggers=triggers,
            ),
        )


def change_server(app, server, **values: Any) -> None:
    with app.db.transaction() as tx:
        at = server_tables.servers
        tx.run(update(at).where(at.c.id == server.id).values(values))


def a_message(app, server) -> int:
    message = a_prepared(app, server, tag="t", metadata={"a": "1"})
    with app.db.transaction() as tx:
        accept(tx, [message])
    return int(message.key)


def tell(app, server, key: int | None, kind: EventType, **details: str) -> None:
    with app.db.transaction() as tx:
        event = Event(
            server_id=server.id,
            stream_key=server.streams["outbound"].key,
            message_key=key,
            recipient="ann@one.example",
            type=kind,
            at=tx.now,
            details=details,
        )
        events.append(tx, [event])


def bounce(app, server, key: int, kind: BounceType, content: str | None = None) -> None:
    with app.db.transaction() as tx:
        new = NewBounce(
            type=kind,
            rule="test",
            server_id=server.id,
            stream_key=server.streams["outbound"].key,
            message_key=key,
            message_id="0199c0de-0000-7001-8000-000000000001",
            email="ann@one.example",
            sender="shop@sender.example",
            subject="Hi",
            tag=None,
            details="smtp;550",
            at=tx.now,
            content=content,
        )
        assert record(tx, new) is not None


def run(app) -> Step:
    with app.db.transaction() as tx:
        return fan_out(tx, None)


def made(app) -> list[tuple[str, Trigger, int | None]]:
    """The calls that wait: lane, trigger and webhook."""
    at = webhook_calls.c
    with app.db.transaction() as tx:
        return [
            tuple(row)
            for row in tx.rows(select(at.lane, at.trigger, at.webhook_id).order_by(at.id))
        ]


def kinds(app) -> list[Trigger]:
    return sorted(trigger for _, trigger, _ in made(app))


def count(app, table) -> int:
    with app.db.transaction() as tx:
        return int(tx.scalar(select(func.count()).select_from(table)))


def hit_text(app, key: int) -> str:
    return facts_text(
        Hit(
            kind=HitKind.OPEN,
            server_id=1,
            stream_key=1,
            message_key=key,
            message_id="",
            recipient="",
            tag=None,
            at=app.clock.now(),
        )
    )


async def test_every_event_is_told_once(app, server):
    webhook = listen(app, server)
    key = a_message(app, server)
    tell(app, server, key, EventType.DELIVERED, DeliveryMessage="smtp;250 ok")
    assert run(app).made == 1
    assert run(app).made == 0
    assert made(app) == [(str(webhook.id), Trigger.DELIVERY, webhook.id)]


async def test_each_kind_of_event_has_its_trigger(app, server):
    listen(app, server)
    key = a_message(app, server)
    for kind in (EventType.DELIVERED, EventType.TRANSIENT):
        tell(app, server, key, kind, DeliveryMessage="smtp;250 ok")
    for kind in (EventType.OPENED, EventType.OPENED_AGAIN, EventType.LINK_CLICKED):
        tell(app, server, key, kind, Hit=hit_text(app, key))
    bounce(app, server, key, BounceType.HARD_BOUNCE)
    bounce(app, server, key, BounceType.SPAM_COMPLAINT)
    run(app)
    assert kinds(app) == sorted(
        [
            Trigger.BOUNCE,
            Trigger.CLICK,
            Trigger.DELIVERY,
            Trigger.OPEN,
            Trigger.OPEN,
            Trigger.SPAM_COMPLAINT,
            Trigger.SUBSCRIPTION_CHANGE,
        ]
    )


async def test_only_first_opens_for_who_wants_only_those(app, server):
    listen(app, server, Open=TriggerState(is_enabled=True, option=True))
    key = a_message(app, server)
    for kind in (EventType.OPENED, EventType.OPENED_AGAIN):
        tell(app, server, key, kind, Hit=hit_text(app, key))
    run(app)
    assert kinds(app) == [Trigger.OPEN]


@pytest.mark.parametrize(
    "state", [TriggerState(), TriggerState(is_enabled=True, is_verified=False)]
)
async def test_what_is_off_or_not_verified_hears_nothing(app, server, state):
    listen(app, server, Delivery=state)
    tell(app, server, a_message(app, server), EventType.DELIVERED, DeliveryMessage="x")
    assert run(app).made == 0


async def test_a_webhook_of_another_stream_hears_nothing(app, server):
    listen(app, server, stream="broadcast")
    tell(app, server, a_message(app, server), EventType.DELIVERED, DeliveryMessage="x")
    assert run(app).made == 0


async def test_two_webhooks_are_told_the_same_words(app, server):
    listen(app, server)
    listen(app, server, Bounce=TriggerState(is_enabled=True, option=True))
    key = a_message(app, server)
    tell(app, server, key, EventType.DELIVERED, DeliveryMessage="x")
    assert run(app).made == 2
    assert count(app, webhook_payloads) == 1


async def test_content_is_said_only_to_who_wants_it(app, server):
    plain = listen(app, server)
    curious = listen(app, server, Bounce=TriggerState(is_enabled=True, option=True))
    bounce(app, server, a_message(app, server), BounceType.SOFT_BOUNCE, "Subject: failed")
    run(app)
    with app.db.transaction() as tx:
        claimed = calls.claim(tx, [(str(plain.id), 9), (str(curious.id), 9)], 1)
        said = calls.load_bodies(tx, [call.payload_key for call in claimed])
    has_content = {call.webhook_id: b'"Content"' in said[call.payload_key] for call in claimed}
    assert has_content == {plain.id: False, curious.id: True}


async def test_hook_urls_of_a_server_hear_of_its_default_stream(app, server):
    change_server(app, server, delivery_hook_url=URL, bounce_hook_url=URL)
    key = a_message(app, server)
    tell(app, server, key, EventType.DELIVERED, DeliveryMessage="x")
    bounce(app, server, key, BounceType.SPAM_COMPLAINT)
    run(app)
    assert made(app) == [
        (f"server {server.id} Delivery", Trigger.DELIVERY, None),
        (f"server {server.id} SpamComplaint", Trigger.SPAM_COMPLAINT, None),
    ]


@pytest.mark.parametrize("wants", [False, True])
async def test_errors_of_smtp_are_told_where_the_server_wants_it(app, server, wants):
    listen(app, server)
    change_server(app, server, has_smtp_error_hooks=wants)
    bounce(app, server, a_message(app, server), BounceType.SMTP_API_ERROR)
    assert run(app).made == int(wants)


async def test_the_log_is_not_read_while_nobody_listens_at_all(app, server):
    tell(app, server, a_message(app, server), EventType.DELIVERED, DeliveryMessage="x")
    assert run(app).read == 0
    change_server(app, server, open_hook_url="https://hook.example/")
    assert run(app).read == 0  # the mark has moved all the same
    tell(app, server, a_message(app, server), EventType.DELIVERED, DeliveryMessage="x")
    assert run(app).read == 1


async def test_events_of_before_are_not_told_to_who_comes_later(app, server):
    tell(app, server, a_message(app, server), EventType.DELIVERED, DeliveryMessage="x")
    run(app)
    listen(app, server)
    assert run(app).made == 0


@pytest.mark.parametrize("named", ["", "x", "99"])
async def test_a_bounce_that_is_gone_is_told_to_nobody(app, server, named):
    listen(app, server)
    key = a_message(app, server)
    tell(app, server, key, EventType.BOUNCED, BounceID=named)
    tell(app, server, key, EventType.DELIVERED, DeliveryMessage="x")
    run(app)
    assert kinds(app) == [Trigger.DELIVERY]


async def test_many_events_are_read_in_steps(app, server):
    listen(app, server)
    key = a_message(app, server)
    with app.db.transaction() as tx:
        event = Event(
            server_id=server.id,
            stream_key=server.streams["outbound"].key,
            message_key=key,
            recipient="ann@one.example",
            type=EventType.DELIVERED,
            at=tx.now,
            details={"DeliveryMessage": "x"},
        )
        events.append(tx, [event] * (AT_ONCE + 5))
    step, total = Step(), 0
    while True:
        with app.db.transaction() as tx:
            step = fan_out(tx, step.horizon)
        total += step.made
        if step.horizon is None:
            break
    assert total == AT_ONCE + 5 == count(app, webhook_calls)


async def test_ids_are_not_used_again_when_the_newest_events_are_deleted(app, server):
    listen(app, server)
    key = a_message(app, server)
    tell(app, server, key, EventType.DELIVERED, DeliveryMessage="x")
    run(app)
    with app.db.transaction() as tx:
        tx.run(events.events.delete())
    tell(app, server, key, EventType.DELIVERED, DeliveryMessage="x")
    assert run(app).made == 1


class TestOutOfOrder:
    """On PostgreSQL an event may be committed after one with a larger id."""

    @pytest.fixture
    def database_url(self, postgres_database):
        with postgres_database.use() as url:
            yield url

    async def test_an_event_that_is_committed_late_is_not_missed(self, app, server):
        listen(app, server)
        key = a_message(app, server)
        drawn, go_on = threading.Event(), threading.Event()

        def write_slowly() -> None:
            with app.db.transaction() as tx:
                events.append(tx, [late])
                drawn.set()
                assert go_on.wait(20)

        late = Event(
            server_id=server.id,
            stream_key=server.streams["outbound"].key,
            message_key=key,
            recipient="late@one.example",
            type=EventType.DELIVERED,
            at=app.clock.now(),
            details={"DeliveryMessage": "x"},
        )
        slow = threading.Thread(target=write_slowly)
        slow.start()
        assert drawn.wait(20)
        tell(app, server, key, EventType.DELIVERED, DeliveryMessage="early")
        first = run(app)
        assert (first.is_held_up, first.made) == (True, 0)
        go_on.set()
        slow.join()
        with app.db.transaction() as tx:
            assert fan_out(tx, first.horizon).made == 2

    async def test_an_id_that_was_rolled_back_holds_nobody_up(self, app, server):
        listen(app, server)
        key = a_message(app, server)
        with app.db.transaction() as tx:
            tx.run(text("SELECT nextval(pg_get_serial_sequence('events', 'id'))"))
        tell(app, server, key, EventType.DELIVERED, DeliveryMessage="x")
        assert run(app).made == 1

    async def test_only_one_reads_at_a_time(self, app, server):
        listen(app, server)
        tell(app, server, a_message(app, server), EventType.DELIVERED, DeliveryMessage="x")
        run(app)
        with app.db.transaction() as tx:
            assert calls.take_mark(tx) is not None
            assert run(app) == Step()

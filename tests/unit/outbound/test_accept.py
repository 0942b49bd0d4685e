"""Keeping messages: all or nothing per message, suppressed recipients, the queue's rows."""

from pillarbox.errors import Problem, Refused
from pillarbox.ids import key_of
from pillarbox.outbound.accept import DELIVERY, accept
from pillarbox.outbound.model import Accepted, MessageStatus
from pillarbox.outbound.store import messages, queue
from pillarbox.suppressions import store as suppressions
from pillarbox.suppressions.model import Origin, Reason, Suppression
from tests.factories import a_prepared


def hold_back(app, server, address: str, slug: str = "outbound") -> None:
    with app.db.transaction() as tx:
        suppression = Suppression(
            stream_key=server.streams[slug].key,
            address=address,
            reason=Reason.HARD_BOUNCE,
            origin=Origin.RECIPIENT,
            created_at=tx.now,
        )
        suppressions.insert(tx, [suppression])


async def test_a_message_is_kept_whole(app, server) -> None:
    message = a_prepared(
        app, server, cc="b@two.example", tag="welcome", metadata={"Color": "blue"}, subject="Grüße"
    )
    (answer,) = await app.db.write_each(accept, [message])
    assert answer == Accepted(message.message_id, app.clock.now())
    kept = await app.db.read(lambda tx: messages.find(tx, server.id, message.message_id.upper()))
    assert kept is not None
    assert (kept.subject, kept.tag, kept.metadata) == ("Grüße", "welcome", {"Color": "blue"})
    assert kept.status is MessageStatus.QUEUED
    assert [a.email for a in kept.recipients.all()] == ["ann@one.example", "b@two.example"]
    assert kept.sender.name == "Shop"
    assert await app.db.read(lambda tx: messages.find_raw(tx, message.key)) == message.raw
    waiting = await app.db.read(lambda tx: queue.list_waiting(tx, limit=10))
    assert {w.recipient for w in waiting} == {"ann@one.example", "b@two.example"}


async def test_an_id_of_another_server_is_unknown(app, server) -> None:
    message = a_prepared(app, server)
    await app.db.write_each(accept, [message])
    assert (
        await app.db.read(lambda tx: messages.find(tx, server.id + 1, message.message_id)) is None
    )


async def test_the_random_part_of_a_message_id_counts(app, server) -> None:
    message = a_prepared(app, server)
    await app.db.write_each(accept, [message])
    last = "0" if message.message_id[-1] != "0" else "1"
    guessed = message.message_id[:-1] + last
    assert key_of(guessed) == message.key
    assert await app.db.read(lambda tx: messages.find(tx, server.id, guessed)) is None


async def test_an_address_named_twice_gets_one_copy(app, server) -> None:
    message = a_prepared(app, server, to="a@one.example, A@one.example", bcc="a@ONE.example")
    await app.db.write_each(accept, [message])
    assert len(await app.db.read(lambda tx: queue.list_waiting(tx, limit=10))) == 1


async def test_suppressed_recipients_are_left_out_and_named(app, server) -> None:
    hold_back(app, server, "gone@one.example")
    message = a_prepared(app, server, to="Gone@One.example, ann@one.example")
    (answer,) = await app.db.write_each(accept, [message])
    assert isinstance(answer, Accepted)
    assert answer.inactive == ("gone@one.example",)
    waiting = await app.db.read(lambda tx: queue.list_waiting(tx, limit=10))
    assert [w.recipient for w in waiting] == ["ann@one.example"]


async def test_a_message_to_nobody_active_is_refused_and_not_kept(app, server) -> None:
    hold_back(app, server, "gone@one.example")
    hold_back(app, server, "left@two.example")
    good = a_prepared(app, server)
    bad = a_prepared(app, server, to="gone@one.example", cc="Left@two.example")
    first, second = await app.db.write_each(accept, [good, bad])
    assert isinstance(first, Accepted)
    assert isinstance(second, Refused)
    assert second.problem is Problem.ALL_RECIPIENTS_INACTIVE
    assert second.details["addresses"] == "gone@one.example, left@two.example"
    assert await app.db.read(lambda tx: messages.find(tx, server.id, bad.message_id)) is None


async def test_a_suppression_holds_in_its_stream_only(app, server) -> None:
    hold_back(app, server, "ann@one.example", "broadcast")
    (answer,) = await app.db.write_each(accept, [a_prepared(app, server)])
    assert isinstance(answer, Accepted)
    assert answer.inactive == ()


async def test_the_delivery_is_woken_with_the_lanes(app, server) -> None:
    heard = app.wake.subscribe(DELIVERY)
    await app.db.write_each(
        accept, [a_prepared(app, server), a_prepared(app, server, stream="broadcast")]
    )
    await heard.wait(5)
    assert heard.take() == {"one.example", "one.example bulk"}

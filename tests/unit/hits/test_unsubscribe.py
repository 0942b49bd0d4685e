"""Unsubscribe links outlive their message, as long as their stream is there."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from pillarbox.events.store import events
from pillarbox.hits import unsubscribe
from pillarbox.outbound.accept import accept
from pillarbox.outbound.store import queue
from pillarbox.retention import expiry, purge, removals, store
from pillarbox.retention.model import NewRemoval
from pillarbox.servers.store import removed, servers, streams
from pillarbox.suppressions import store as suppressions
from pillarbox.suppressions.model import Origin, Reason
from pillarbox.tracking.subscribers import subscribers
from pillarbox.tracking.token import UNSUBSCRIBE, Copy, Tokens
from tests.factories import a_prepared

KEPT = timedelta(days=45, milliseconds=1)
ANN = "ann@one.example"


@pytest.fixture
def tokens(app) -> Tokens:
    with app.db.transaction() as tx:
        return Tokens(servers.secret(tx))


@pytest.fixture
def old(app, server, clock, tokens):
    """The links of messages that have been forgotten meanwhile."""

    async def _old(*recipients: str, stream: str = "broadcast", html: str = "<p>News</p>"):
        key = server.streams[stream].key
        links = []
        for to in recipients:
            message = a_prepared(app, server, stream=stream, to=to, html=html)
            with app.db.transaction() as tx:
                accept(tx, [message])
                queue.drop(tx, None)
            path = tokens.unsubscribe(Copy(message.key, 0), key, to.lower())
            links.append(path.removeprefix(UNSUBSCRIBE))
        clock.advance(KEPT)
        await expiry.expire(app)
        return links

    return _old


def rows(app) -> list[tuple[int, str]]:
    with app.db.transaction() as tx:
        at = subscribers.c
        return [tuple(row) for row in tx.rows(select(at.stream_key, at.address))]


async def test_there_and_back_long_after_the_message(app, server, old, tokens):
    first, second = await old("Ann@one.example", ANN)
    key = server.streams["broadcast"].key
    assert rows(app) == [(key, ANN)]
    with app.db.transaction() as tx:
        for link in (first, second):
            who = unsubscribe.find(tx, tokens, link)
            assert who is not None
            assert (who.recipient, who.is_held_back) == (ANN, False)
        who = unsubscribe.unsubscribe(tx, tokens, first)
        assert who is not None
        assert who.may_return
        held = suppressions.find_all(tx, key, [ANN])[ANN]
        assert (held.reason, held.origin) == (Reason.MANUAL, Origin.RECIPIENT)
        unsubscribe.unsubscribe(tx, tokens, second)
        (told,) = tx.rows(select(events))
        assert (told.message_key, told.recipient) == (None, ANN)
        who = unsubscribe.resubscribe(tx, tokens, second)
        assert who is not None
        assert not who.is_held_back
        assert suppressions.find_all(tx, key, [ANN]) == {}


async def test_a_placeholder_of_a_transactional_message(app, old, tokens):
    (link,) = await old(ANN, stream="outbound", html="<p>{{{ pm:unsubscribe }}}</p>")
    with app.db.transaction() as tx:
        assert unsubscribe.find(tx, tokens, link) is not None


async def test_nobody_is_kept_who_got_no_link(app, old, tokens):
    (link,) = await old(ANN, stream="outbound")
    assert rows(app) == []
    with app.db.transaction() as tx:
        assert unsubscribe.find(tx, tokens, link) is None


async def test_a_forged_name_finds_nobody(app, server, old):
    await old(ANN)
    other = Tokens(b"another secret")
    forged = other.unsubscribe(Copy(1, 0), server.streams["broadcast"].key, ANN)
    with app.db.transaction() as tx:
        assert unsubscribe.find(tx, other, forged.removeprefix(UNSUBSCRIBE)) is None


async def test_a_removal_forgets_who_it_was(app, server, old, tokens):
    ann, bob = await old(ANN, "bob@two.example")
    with app.db.transaction() as tx:
        store.insert_removal(
            tx,
            NewRemoval(requested_by="me@sender.example", address=ANN, is_notification_wanted=False),
        )
    await removals.remove(app)
    assert rows(app) == [(server.streams["broadcast"].key, "bob@two.example")]
    with app.db.transaction() as tx:
        assert unsubscribe.find(tx, tokens, ann) is None
        assert unsubscribe.find(tx, tokens, bob) is not None


async def test_whose_data_were_removed_before_leaves_nothing(app, server, clock, tokens):
    message = a_prepared(app, server, stream="broadcast", to=ANN)
    with app.db.transaction() as tx:
        accept(tx, [message])
        queue.drop(tx, None)
        asked = NewRemoval(requested_by=ANN, address=ANN, is_notification_wanted=False)
        store.insert_removal(tx, asked)
    await removals.remove(app)
    clock.advance(KEPT)
    await expiry.expire(app)
    assert rows(app) == []


async def test_a_link_ends_with_its_stream(app, server, old, tokens):
    (link,) = await old(ANN)
    stream = server.streams["broadcast"]
    with app.db.transaction() as tx:
        streams.update_stream(tx, stream.key, {"archived_at": tx.now})
        assert unsubscribe.find(tx, tokens, link) is not None
    with app.db.transaction() as tx:
        streams.delete_archived(tx, before=tx.now + timedelta(days=1), limit=10)
        assert unsubscribe.find(tx, tokens, link) is None
        (gone,) = removed.list_due(tx, limit=10)
    await purge.purge(app)
    assert gone.key == stream.key
    assert rows(app) == []

"""Finding the bounces of one message among many."""

import pytest

from pillarbox.bounces import store
from pillarbox.bounces.model import BounceSearch, BounceType, NewBounce
from pillarbox.bounces.record import record
from pillarbox.ids import message_id


def a_bounce(app, server, **changes) -> NewBounce:
    values = {
        "type": BounceType.SOFT_BOUNCE,
        "rule": "test",
        "server_id": server.id,
        "stream_key": server.streams["outbound"].key,
        "message_key": None,
        "message_id": message_id(app.keys.next()),
        "email": "ann@one.example",
        "sender": "",
        "subject": "",
        "tag": "a",
        "details": "",
        "at": app.clock.now(),
    }
    return NewBounce(**values | changes)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, 2),
        ({"type": BounceType.SOFT_BOUNCE}, 1),
        ({"type": BounceType.BLOCKED}, 0),
        ({"inactive": True}, 1),
        ({"tag": "a"}, 1),
        ({"email": "ONE.ex"}, 2),
    ],
)
async def test_the_bounces_of_a_message_with_other_filters(app, server, filters, found):
    name = message_id(app.keys.next())
    with app.db.transaction() as tx:
        record(tx, a_bounce(app, server, message_id=name))
        record(tx, a_bounce(app, server, message_id=name, type=BounceType.HARD_BOUNCE, tag="b"))
        record(tx, a_bounce(app, server))
        own = BounceSearch(
            server_id=server.id,
            stream_key=server.streams["outbound"].key,
            message_id=name.upper(),
            **filters,
        )
        total, listed = store.search(tx, own, count=10, offset=0)
        assert total == len(listed) == found
        foreign = BounceSearch(server_id=server.id + 1, message_id=name, **filters)
        assert store.search(tx, foreign, count=10, offset=0) == (0, [])
        elsewhere = BounceSearch(
            server_id=server.id, stream_key=server.streams["broadcast"].key, message_id=name
        )
        assert store.search(tx, elsewhere, count=10, offset=0) == (0, [])


async def test_the_rule_that_decided_is_kept(app, server):
    def work(tx):
        bounce = record(tx, a_bounce(app, server, rule="text:nouser-1"))
        assert bounce is not None
        return store.find_rule(tx, bounce.id), store.find_rule(tx, bounce.id + 1)

    assert await app.db.write(work) == ("text:nouser-1", "")

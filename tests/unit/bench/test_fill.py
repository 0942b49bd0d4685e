"""The filled database: what is asked of it later must be there, as if it had been sent."""

from datetime import UTC, datetime

from pillarbox.bench import fill
from pillarbox.bounces import store as bounces
from pillarbox.bounces.model import BounceSearch
from pillarbox.events import store as events
from pillarbox.ids import key_of
from pillarbox.outbound.model import MessageStatus, Search
from pillarbox.outbound.store import messages, queue
from pillarbox.outbound.store.search import search
from pillarbox.stats import store as stats
from pillarbox.stats.model import Range, day_of
from pillarbox.storage.db import Database

MESSAGES = 1200


async def test_what_is_asked_for_is_there(db: Database, server, clock):
    clock.at = datetime(2026, 11, 26, 4, 30, tzinfo=UTC)  # late in a winter evening of the east
    clock_before = db.clock.now()
    filled = fill.fill(db, messages=MESSAGES)
    with db.transaction() as tx:
        newest = messages.find(tx, server.id, filled.message_id)
        assert newest is not None
        assert newest.received_at < clock_before
        key = key_of(filled.message_id)
        assert key is not None
        assert [event.type for event in events.list_of_message(tx, key)]
        assert messages.find_raw(tx, key)
        for bounce_id in filled.bounce_ids:
            assert bounces.find(tx, server.id, bounce_id) is not None
        by_stream = [
            search(tx, Search(server_id=server.id, stream_key=stream.key), count=1, offset=0)[0]
            for stream in server.streams.values()
        ]
        assert sum(by_stream) == MESSAGES * 7 // 10
        rare = Search(server_id=server.id, subject=fill.RARE_SUBJECT, tag=fill.RARE_TAG)
        assert search(tx, rare, count=10, offset=0)[0] == 1
        waiting = Search(server_id=server.id, status=MessageStatus.QUEUED)
        assert search(tx, waiting, count=10, offset=0)[0] == 1
        assert queue.count_waiting(tx) == 2  # one message to two
        assert bounces.search(tx, BounceSearch(server_id=server.id), count=1, offset=0)[0] > 0
        year = stats.list_sent(tx, Range(server_id=server.id, tag=fill.COUNTED_TAG))
    assert len(year) == fill.YEAR + 5
    assert max(year) == day_of(clock_before)

"""Counting from several connections, and what a tag for every message costs."""

import asyncio

import pytest
from sqlalchemy import func, select

from pillarbox.outbound.accept import accept
from pillarbox.stats import record, store
from pillarbox.stats.model import Kind, Open, Place, Range, Sending
from tests.factories import a_prepared


def place(server, tag=None) -> Place:
    return Place(server_id=server.id, stream_key=server.streams["outbound"].key, tag=tag)


def sending(server, tag=None) -> Sending:
    return Sending(server.id, server.streams["outbound"].key, tag, 1, True, False)


async def test_two_connections_count_without_waiting_for_each_other(db, server):
    if db.is_sqlite:
        pytest.skip("it has one writer")
    with db.transaction() as one, db.transaction() as two:
        for tx in (one, two):
            record.sent(tx, [sending(server, "a")])
            record.bounced(tx, place(server, "a"), tx.now, "HardBounce")
    with db.transaction() as tx:
        days = store.list_sent(tx, Range(server_id=server.id, tag="a"))
        bounces = store.list_counts(tx, Range(server_id=server.id), Kind.BOUNCES)
    assert [day.sent for day in days.values()] == [2]
    assert list(bounces.values()) == [{"HardBounce": 2}]


async def test_nothing_is_lost_when_many_send_at_once(app, server):
    async def send(number: int) -> None:
        message = a_prepared(app, server, tag=f"tag {number % 3}")
        await app.db.write_each(accept, [message])

    await asyncio.gather(*(send(number) for number in range(60)))
    with app.db.transaction() as tx:
        found = {
            tag: sum(
                day.sent
                for day in store.list_sent(tx, Range(server_id=server.id, tag=tag)).values()
            )
            for tag in (None, "tag 0", "tag 1", "tag 2")
        }
    assert found == {None: 60, "tag 0": 20, "tag 1": 20, "tag 2": 20}


async def test_a_tag_for_every_message_costs_a_row_each(db, server):
    with db.transaction() as tx:
        record.sent(tx, [sending(server, f"order {number}") for number in range(300)])
        assert tx.scalar(select(func.count()).select_from(store.daily_sent)) == 301
        assert (
            sum(day.sent for day in store.list_sent(tx, Range(server_id=server.id)).values()) == 300
        )


async def test_untagged_mail_of_a_commit_is_one_row(db, server):
    with db.transaction() as tx:
        record.sent(tx, [sending(server)] * 500)
        record.sent(tx, [sending(server)])
        rows = tx.rows(select(store.daily_sent))
    assert [(row.tag, row.sent, row.with_open_tracking) for row in rows] == [("", 501, 501)]


async def test_a_message_that_is_undone_is_not_counted(db, server):
    def fail(tx) -> None:
        record.sent(tx, [sending(server)])
        raise ValueError

    for outcome in await asyncio.gather(db.write(fail), return_exceptions=True):
        assert isinstance(outcome, ValueError)
    with db.transaction() as tx:
        assert store.list_sent(tx, Range(server_id=server.id)) == {}


async def test_a_long_name_is_cut(db, server):
    with db.transaction() as tx:
        hit = Open(place=place(server), at=tx.now, is_first=True, client="c" * 5000)
        record.opened(tx, [hit])
        found = store.total_counts(tx, Range(server_id=server.id))
    assert found[Kind.EMAIL_CLIENTS] == {"c" * 100: 1}

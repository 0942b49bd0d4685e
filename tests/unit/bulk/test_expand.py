"""Requests become messages: each entry once, whatever happens in the middle, and everybody in turn."""

import asyncio
import contextlib
from collections import Counter

import pytest
from sqlalchemy import select

from pillarbox import roles
from pillarbox.app import App
from pillarbox.bulk import store
from pillarbox.bulk.expand import (
    STEP_BYTES,
    STEP_MESSAGES,
    Expansion,
    MarkMoved,
    Turns,
    prepare_step,
    settle,
)
from pillarbox.bulk.model import Content, Entry, Request, source_of
from pillarbox.bulk.pack import pack
from pillarbox.domains.directory import Domains
from pillarbox.ids import message_id
from pillarbox.outbound.accept import DELIVERY
from pillarbox.outbound.store import queue
from pillarbox.outbound.store.tables import messages
from pillarbox.outbound.submit import Submission
from pillarbox.servers.directory import Directory
from pillarbox.servers.model import NewServer, Server
from pillarbox.servers.store import servers
from tests.factories import surroundings

PART = 100


@pytest.fixture
def expansion(app: App) -> Expansion:
    directory = Directory(app.db, monotonic=app.monotonic)
    submission = Submission(app, Domains(app.db, monotonic=app.monotonic))
    return Expansion(app, directory, submission)


def a_content(**changes) -> Content:
    values = {"sender": "a@b.example", "subject": "s", "text": "t", "stream": "broadcast"}
    return Content(**values | changes)


def some(count: int, name: str = "user") -> list[Entry]:
    return [Entry(to=f"{name}{number}@one.example") for number in range(count)]


async def keep(app: App, server: Server, entries: list[Entry], **changes) -> Request:
    """A request as taken in, unchecked."""
    key = app.keys.next()
    request = Request(
        key=key,
        id=message_id(key),
        server_id=server.id,
        submitted_at=app.clock.now(),
        subject="s",
        total=len(entries),
    )
    parts = [(at, pack(entries[at : at + PART])) for at in range(0, len(entries), PART)]
    content = pack(a_content(**changes))
    await app.db.write(lambda tx: store.keep(tx, request, content, parts))
    return request


async def status(app: App, request: Request) -> Request:
    return await app.db.read(lambda tx: store.get(tx, request.server_id, request.id))


async def kept(app: App) -> list[str]:
    """The recipients of all messages, in the order of their messages."""
    waiting = await app.db.read(lambda tx: queue.list_waiting(tx, limit=10_000))
    return [w.recipient for w in sorted(waiting, key=lambda w: w.message_id)]


async def rest_of(app: App, request: Request) -> store.Rest:
    rest = await app.db.read(lambda tx: store.find_rest(tx, request.key))
    assert rest is not None
    return rest


async def test_every_entry_becomes_a_message_once(app, server, expansion):
    request = await keep(app, server, some(STEP_MESSAGES + 30))
    await expansion.run()
    assert await kept(app) == [entry.to for entry in some(STEP_MESSAGES + 30)]
    now = await status(app, request)
    assert (now.released, now.failed) == (STEP_MESSAGES + 30, 0)


async def test_what_a_request_brought_along_is_not_kept_when_it_is_finished(app, server, expansion):
    request = await keep(app, server, some(PART + 1))
    await expansion.run()
    assert await app.db.read(lambda tx: store.find_rest(tx, request.key)) is None
    for table in (store.contents, store.parts):
        assert await app.db.read(lambda tx, table=table: tx.rows(table.select())) == []


async def test_a_part_is_dropped_when_its_messages_are_made(app, server, expansion):
    request = await keep(app, server, some(2 * PART))
    rest = await rest_of(app, request)
    assert (rest.position, len(rest.entries)) == (0, PART)
    await expansion._step(server.id, request.key)
    rest = await rest_of(app, request)
    assert (rest.position, len(rest.entries)) == (PART, PART)
    assert rest.request.done == PART


async def test_a_failure_in_the_middle_of_a_step_leaves_nothing_of_it(app, server, expansion):
    request = await keep(app, server, some(PART))
    rest = await rest_of(app, request)
    step = prepare_step(server, rest, source_of(rest.content), surroundings(app))

    def torn(tx) -> None:
        settle(tx, rest, step)
        raise OSError("torn")

    with pytest.raises(OSError, match="torn"):
        await app.db.write(torn)
    assert await kept(app) == []
    assert (await status(app, request)).done == 0
    await expansion.run()
    assert await kept(app) == [entry.to for entry in some(PART)]


async def test_a_step_that_was_done_elsewhere_leaves_nothing(app, server, expansion):
    request = await keep(app, server, some(PART))
    rest = await rest_of(app, request)
    step = prepare_step(server, rest, source_of(rest.content), surroundings(app))
    await expansion._step(server.id, request.key)
    with pytest.raises(MarkMoved):
        await app.db.write(lambda tx: settle(tx, rest, step))
    with pytest.raises(MarkMoved):
        await expansion._step(server.id, request.key)
    assert len(await kept(app)) == PART
    assert (await status(app, request)).released == PART


async def test_broken_off_anywhere_it_goes_on_where_it_was(app, server, expansion):
    request = await keep(app, server, some(4 * PART))
    heard = app.wake.subscribe(DELIVERY)
    for _ in range(3):
        running = asyncio.ensure_future(expansion.run())
        await heard.wait(20)
        heard.take()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    assert (await status(app, request)).done >= PART
    await expansion.run()
    assert Counter(await kept(app)) == Counter(entry.to for entry in some(4 * PART))
    assert (await status(app, request)).released == 4 * PART


async def test_refused_entries_are_counted_and_stop_nobody(app, server, expansion):
    entries = [
        Entry(to="a@one.example"),
        Entry(to="nobody"),
        Entry(to="b@one.example", headers=[("Date", "x")]),
        Entry(to="c@one.example"),
    ]
    request = await keep(app, server, entries)
    await expansion.run()
    assert await kept(app) == ["a@one.example", "c@one.example"]
    now = await status(app, request)
    assert (now.released, now.failed) == (2, 2)


async def test_a_stream_that_is_gone_meanwhile_fails_all(app, server, expansion):
    request = await keep(app, server, some(3), stream="gone")
    await expansion.run()
    now = await status(app, request)
    assert (now.released, now.failed) == (0, 3)


async def test_a_sender_that_may_not_send_any_more_fails_all(settings, clock):
    made = settings(sender_policy="verified")
    made.data_dir.mkdir(exist_ok=True)
    app, _ = roles.open_app(made, clock)
    with app.db.transaction() as tx:
        server = servers.list_servers(tx)[0]
    directory = Directory(app.db, monotonic=app.monotonic)
    submission = Submission(app, Domains(app.db, monotonic=app.monotonic))
    request = await keep(app, server, some(3))
    await Expansion(app, directory, submission).run()
    now = await status(app, request)
    app.db.stop()
    assert (now.released, now.failed) == (0, 3)


async def test_a_step_is_bounded_in_bytes(app, server, expansion):
    request = await keep(app, server, some(9), text="x" * (STEP_BYTES // 3))
    rest = await rest_of(app, request)
    step = prepare_step(server, rest, source_of(rest.content), surroundings(app))
    assert step.entries == 3
    await expansion.run()
    assert len(await kept(app)) == 9


async def test_a_huge_request_does_not_hold_up_a_small_one(app, server, expansion):
    await keep(app, server, some(5 * PART, "huge"))
    await keep(app, server, some(1, "small"))
    await expansion.run()
    order = await kept(app)
    assert order.index("small0@one.example") <= PART
    assert len(order) == 5 * PART + 1


async def test_servers_take_turns_and_so_do_their_requests(app, server):
    with app.db.transaction() as tx:
        other = servers.insert_server(tx, NewServer(name="Other"))
    first = [(await keep(app, server, some(1))).key for _ in range(3)]
    second = [(await keep(app, other, some(1))).key]
    turns = Turns()
    order = []
    for _ in range(7):
        turn = await app.db.read(turns.next)
        assert turn is not None
        turns.note(*turn)
        order.append(turn[1])
    assert order == [
        *(first[0], second[0]),
        *(first[1], second[0]),
        *(first[2], second[0]),
        first[0],
    ]


async def test_a_request_that_cannot_be_worked_on_stops_nobody(app, server, expansion):
    broken = await keep(app, server, some(2, "broken"))
    good = await keep(app, server, some(2, "good"))
    with app.db.transaction() as tx:
        tx.run(
            store.contents.update()
            .where(store.contents.c.request_key == broken.key)
            .values(packed=b"not packed")
        )
    await expansion.run()
    assert (await status(app, good)).released == 2
    assert (await status(app, broken)).done == 0


async def test_nothing_is_made_of_a_request_whose_server_is_gone(app, expansion):
    with app.db.transaction() as tx:
        other = servers.insert_server(tx, NewServer(name="Other"))
    request = await keep(app, other, some(2))
    with app.db.transaction() as tx:
        servers.delete_server(tx, other.id)
    await expansion.run()
    assert await kept(app) == []
    assert (await status(app, request)).done == 0


async def test_each_message_is_filled_with_its_own_values(app, server, expansion):
    entries = [Entry(to=f"u{n}@one.example", model={"n": n}) for n in range(3)]
    await keep(app, server, entries, subject="No. {{n}}", text="{{n}}", html="<p>{{n}}</p>")
    await expansion.run()
    found = await app.db.read(
        lambda tx: tx.rows(select(messages.c.subject).order_by(messages.c.key))
    )
    assert [row.subject for row in found] == ["No. 0", "No. 1", "No. 2"]


async def test_a_message_that_cannot_be_filled_is_counted_as_failed_and_bounces(
    app, server, expansion
):
    entries = [
        Entry(to="a@one.example", model={"list": 7}),
        Entry(to="b@one.example", model={"list": [1]}),
    ]
    request = await keep(app, server, entries, text="{{#each list}}x{{/each}}")
    await expansion.run()
    now = await status(app, request)
    assert (now.released, now.failed) == (1, 1)
    found = await app.db.read(lambda tx: tx.rows(select(messages).order_by(messages.c.key)))
    assert [row.render_error is None for row in found] == [False, True]

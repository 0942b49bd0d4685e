"""With packed subjects a search gives what it gives without, and packed subjects go when messages go."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select

from pillarbox.outbound import pack, subjects
from pillarbox.outbound.accept import accept
from pillarbox.outbound.model import Message, MessageStatus, Search
from pillarbox.outbound.store import blocks, erase, messages, search, tables
from pillarbox.outbound.store.removal import delete_messages
from pillarbox.retention import purge
from pillarbox.servers import manage
from tests.factories import a_prepared

WORDS = ("Order", "order", "Rechnung", "ÜBER", "50%", "x_y", "Garden Club")
TAGS = ("a", "b", "t" * 300, None)
SENDERS = ("shop@sender.example", "Other@sender.example")
STEP = timedelta(minutes=4)
MESSAGES = 60


@pytest.fixture
async def sent(app, server, clock) -> list[Any]:
    """Messages of some hours, oldest first; a part of them was taken up by the delivery."""
    rng = Random(7)
    made = []
    for number in range(MESSAGES):
        message = a_prepared(
            app,
            server,
            subject=f"{rng.choice(WORDS)} {number} {rng.choice(WORDS)}",
            tag=rng.choice(TAGS),
            sender=rng.choice(SENDERS),
            stream=rng.choice(("outbound", "outbound", "broadcast")),
        )
        await app.db.write_each(accept, [message])
        made.append(message)
        clock.advance(STEP)
    done = [message.key for message in made if rng.random() < 0.7]
    with app.db.transaction() as tx:
        messages.mark_sent(tx, done)
        at = tables.recipients.c
        tx.run(tables.recipients.update().where(at.message_key.in_(done)).values(state="delivered"))
    clock.advance(pack.LEFT_ALONE)
    return made


async def packed(app, monkeypatch, size: int) -> int:
    """Pack everything that fills blocks of a size; how many blocks there are."""
    monkeypatch.setattr(subjects, "SIZE", size)
    monkeypatch.setattr(pack, "PAUSE_S", 0)
    await pack.pack(app)
    with app.db.transaction() as tx:
        return int(tx.scalar(select(func.count()).select_from(blocks.subject_blocks)))


def ask(app, wanted: Search, count: int, offset: int) -> tuple[int, list[str]]:
    with app.db.transaction() as tx:
        total, found = search.search(tx, wanted, count=count, offset=offset)
    return total, [message.message_id for message in found]


def questions(server, clock) -> list[Search]:
    start = clock.at - MESSAGES * STEP
    found = []
    for stream, texts in (
        ("outbound", (None, "order", "ORDER 1", "über", "_y")),
        ("broadcast", ("nothing",)),
    ):
        for subject in texts:
            for more in (
                {},
                {"tag": "a"},
                {"tag": "t" * 300},
                {"sender": "other@sender.example"},
                {"status": MessageStatus.SENT},
                {"status": MessageStatus.QUEUED},
                {"tag": "b", "status": MessageStatus.SENT},
                {"since": start + 9 * STEP, "until": start + 44 * STEP},
                {"since": start + 20 * STEP, "tag": "a"},
                {"until": start + timedelta(hours=2), "status": MessageStatus.SENT},
            ):
                key = server.streams[stream].key
                wanted: dict[str, Any] = {"stream_key": key, "subject": subject} | more
                found.append(Search(server_id=server.id, **wanted))
    return found


@pytest.mark.parametrize("few", [0, 2000])
async def test_packing_changes_no_answer(app, server, sent, clock, monkeypatch, few):
    monkeypatch.setattr(search, "_FEW", few)
    pages = ((5, 0), (3, 4), (0, 0))
    asked = [(wanted, *page) for wanted in questions(server, clock) for page in pages]
    plain = [ask(app, *one) for one in asked]
    assert sum(total for total, _ in plain) > 500
    assert await packed(app, monkeypatch, 7) > 5
    for one, expected in zip(asked, plain, strict=True):
        assert ask(app, *one) == expected, one


async def test_packed_is_what_is_old_enough_and_fills_a_block(
    app, server, sent, clock, monkeypatch
):
    outbound = [m.key for m in sent if m.stream.slug == "outbound"]
    await packed(app, monkeypatch, 7)
    stream_key = server.streams["outbound"].key
    with app.db.transaction() as tx:
        run = blocks.find_run(tx, stream_key, after=None, before=None)
    assert run is not None
    assert run.count == len(outbound) // 7 * 7
    assert (run.first_key, run.last_key) == (outbound[0], outbound[run.count - 1])
    before = await packed(app, monkeypatch, 1)
    await app.db.write_each(accept, [a_prepared(app, server)])
    assert await packed(app, monkeypatch, 1) == before
    clock.advance(pack.LEFT_ALONE + timedelta(seconds=1))
    assert await packed(app, monkeypatch, 1) == before + 1


async def test_deleted_messages_are_not_counted_any_more(app, server, sent, clock, monkeypatch):
    await packed(app, monkeypatch, 7)
    gone = [message.key for message in sent if message.key % 3] + [sent[0].key, 12345]
    with app.db.transaction() as tx:
        delete_messages(tx, gone)
    asked = [(wanted, 100, 0) for wanted in questions(server, clock)]
    found = [ask(app, *one) for one in asked]
    with app.db.transaction() as tx:
        tx.run(blocks.subject_blocks.delete())
    assert found == [ask(app, *one) for one in asked]


async def test_erased_subjects_are_found_no_more(app, server, sent, monkeypatch):
    await packed(app, monkeypatch, 1)
    of_stream = {"server_id": server.id, "stream_key": server.streams["outbound"].key}
    total, _ = ask(app, Search(**of_stream), 100, 0)
    keys = [message.key for message in sent]
    with app.db.transaction() as tx:
        erase.erase(tx, keys, "ann@one.example", alias="removed-1@erased.invalid")
    assert ask(app, Search(**of_stream, subject="order"), 100, 0) == (0, [])
    assert ask(app, Search(**of_stream), 0, 0) == (total, [])
    with app.db.transaction() as tx:
        kept = b"".join(row.subjects for row in tx.rows(select(blocks.subject_blocks)))
    assert set(kept) == {0}


async def test_blocks_go_with_their_stream(app, server, sent, monkeypatch):
    assert await packed(app, monkeypatch, 7) > 0
    await app.db.write(lambda tx: manage.remove(tx, server.id))
    await purge.purge(app)
    assert await packed(app, monkeypatch, 7) == 0


async def test_a_very_long_tag_that_cannot_be_compressed_is_accepted(app, server):
    rng = Random(3)
    tag = "".join(chr(rng.randrange(0x20000, 0x2A000)) for _ in range(1000))
    with app.db.transaction() as tx:
        accept(tx, [a_prepared(app, server, tag=tag), a_prepared(app, server, tag=tag[:-1])])
        wanted = Search(server_id=server.id, tag=tag)
        total, found = search.search(tx, wanted, count=10, offset=0)
    assert total == 1
    assert isinstance(found[0], Message)
    assert found[0].tag == tag

"""Inbound messages as the pages list them, on both databases."""

from datetime import timedelta

from pillarbox.inbound.model import InboundStatus
from pillarbox.inbound.store import overview
from pillarbox.inbound.store.overview import Hook
from pillarbox.received import store as received
from tests.e2e import seeds_inbound
from tests.factories import a_received


async def test_pages_of_all_states_in_order(app, server, clock) -> None:
    made = []
    for number in range(7):
        clock.advance(timedelta(seconds=number % 2))  # some at the same instant
        status = list(InboundStatus)[number % 5]
        source = f"From: a@b.example\nSubject: Mail {number}\n\nx\n"
        made.append(
            await app.db.write(
                lambda tx, status=status, source=source: seeds_inbound.keep(
                    tx, app, server, status, source
                )
            )
        )
    newest_first = [one.message_id for one in reversed(made)]
    seen, before = [], None
    for _ in range(4):
        with app.db.transaction() as tx:
            page = overview.page(tx, server.id, status=None, text="", before=before, limit=2)
        seen += [one.message_id for one in page.messages]
        before = page.older
    assert seen == newest_first
    assert before is None
    with app.db.transaction() as tx:
        found = overview.page(tx, server.id, status=None, text="mAIL 3", before=None, limit=9)
        of_one = overview.page(
            tx, server.id, status=InboundStatus.BLOCKED, text="", before=None, limit=9
        )
        assert overview.hook(tx, made[0].key) == Hook(attempts=0, due_at=None, outcome="")
    assert [one.subject for one in found.messages] == ["Mail 3"]
    assert {one.status for one in of_one.messages} == {InboundStatus.BLOCKED}


async def test_a_text_is_looked_for_stretch_by_stretch(app, server, monkeypatch) -> None:
    monkeypatch.setattr(overview, "LOOKED_THROUGH", 3)
    for subject in ("wanted", "b", "c", "d"):
        source = f"From: a@b.example\nSubject: {subject}\n\nx\n"
        await app.db.write(
            lambda tx, source=source: seeds_inbound.keep(
                tx, app, server, InboundStatus.FAILED, source
            )
        )
    with app.db.transaction() as tx:
        first = overview.page(tx, server.id, status=None, text="wanted", before=None, limit=5)
        second = overview.page(
            tx, server.id, status=None, text="wanted", before=first.older, limit=5
        )
    assert (first.messages, first.looked_through) == ([], 3)
    assert [one.subject for one in second.messages] == ["wanted"]
    assert second.older is None


async def test_what_waits_to_be_processed_is_known_to_its_server_only(app, server) -> None:
    mail = a_received(app, server)
    await app.db.write(lambda tx: received.insert(tx, [[mail]]))
    with app.db.transaction() as tx:
        assert received.is_waiting(tx, server.id, mail.message_id.upper())
        assert not received.is_waiting(tx, server.id + 1, mail.message_id)
        assert not received.is_waiting(tx, server.id, "0199c0de-0000-7001-8000-000000000000")
        assert not received.is_waiting(tx, server.id, "nonsense")

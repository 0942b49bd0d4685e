"""Leases of many calls at once."""

from datetime import timedelta

from sqlalchemy import select

from pillarbox.mail.egress import Egress
from pillarbox.outgoing.http import Client
from pillarbox.webhook_delivery import deliver
from pillarbox.webhook_delivery.deliver import Deliverer
from pillarbox.webhook_delivery.event_desk import EventDesk
from pillarbox.webhook_delivery.schedule import Ladder
from pillarbox.webhooks.store import calls
from pillarbox.webhooks.store.tables import webhook_calls
from tests.unit.webhooks.test_calls import put


async def test_leases_are_prolonged_and_given_back_part_by_part(app, server, clock, monkeypatch):
    monkeypatch.setattr(deliver, "HELD_AT_ONCE", 2)
    with app.db.transaction() as tx:
        put(tx, server, "x", 5)
        held = [(call.id, call.lease) for call in calls.claim(tx, [("x", 5)], 7)]
    clock.advance(timedelta(seconds=30))
    desk = EventDesk(ladder=Ladder((1,)), timeout_s=1.0, secret=b"secret")
    async with Client(dns_servers=(), egress=Egress(())) as client:
        deliverer = Deliverer(app, desk, client)
        await deliverer._prolong(held)
        assert dues(app) == {(7, clock.now() + calls.LEASE)}
        await deliverer._give_back(held)
        assert dues(app) == {(None, clock.now())}


def dues(app) -> set[tuple[int | None, object]]:
    with app.db.transaction() as tx:
        return {(row.lease, row.due_at) for row in tx.rows(select(webhook_calls))}

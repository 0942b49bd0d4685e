"""The log of calls as the pages list it, and secrets, on both databases."""

from pillarbox.events import store as events
from pillarbox.events.model import EventType
from pillarbox.webhooks import save
from pillarbox.webhooks.call import CallState, NewCall, Payload, payload_key
from pillarbox.webhooks.model import Trigger
from pillarbox.webhooks.store import calls, log
from pillarbox.webhooks.store import webhooks as store
from tests.e2e import mailroom, seeds_webhooks


def page(tx, webhook, *, state=None, before=None, limit=10):
    return log.page(tx, webhook.stream_key, webhook.id, state=state, before=before, limit=limit)


def test_calls_page_by_page_and_by_state(app, server) -> None:
    with app.db.transaction() as tx:
        webhook = seeds_webhooks.make(tx, server, "https://a.example/")
        failed = seeds_webhooks.add_calls(tx, server, webhook)
        everything = page(tx, webhook)
        assert [one.trigger for one in everything] == ["Click", "Open", "Bounce", "Delivery"]
        assert page(tx, webhook, limit=2) == everything[:2]
        assert page(tx, webhook, before=everything[1].id) == everything[2:]
        (gone,) = page(tx, webhook, state=CallState.GIVEN_UP)
        assert (gone.id, [one.status for one in gone.attempts]) == (failed, [503, 410])
        assert len(page(tx, webhook, state=CallState.TAKEN)) == 2
        waiting = log.waiting(tx, {f"{webhook.id}", "nobody"})
        assert list(waiting) == [f"{webhook.id}"]
        assert waiting[f"{webhook.id}"].count == 1
        calls.drop(tx, [everything[0].id])
        assert len(page(tx, webhook, state=CallState.GIVEN_UP)) == 2


async def test_a_call_leads_to_its_message(app, server) -> None:
    message = await mailroom.post(app)
    with app.db.transaction() as tx:
        webhook = seeds_webhooks.make(tx, server, "https://a.example/")
        mailroom.event(tx, message, EventType.DELIVERED, {})
    with app.db.transaction() as tx:
        (event_id,) = events.ids_of_message(tx, message.key, limit=5)
        key = payload_key(event_id, has_content=True)
        call = NewCall(
            lane=f"{webhook.id}",
            trigger=Trigger.DELIVERY,
            server_id=server.id,
            stream_key=webhook.stream_key,
            webhook_id=webhook.id,
            payload_key=key,
            size_bytes=2,
        )
        calls.insert_calls(tx, [Payload(key=key, recipient="Ann@one.example", body=b"{}")], [call])
        (found,) = page(tx, webhook)
    assert (found.message_id, found.recipient) == (message.message_id, "ann@one.example")


def test_a_secret_is_made_kept_and_removed(app, server) -> None:
    with app.db.transaction() as tx:
        webhook = seeds_webhooks.make(tx, server, "https://a.example/")
        assert store.targets(tx, [webhook.id])[webhook.id].secret is None
        first = save.new_secret(tx, server, webhook.id)
        second = save.new_secret(tx, server, webhook.id)
        assert first != second
        assert store.targets(tx, [webhook.id])[webhook.id].secret == second
        save.verified(tx, server, store.get(tx, server.id, webhook.id), frozenset(Trigger))
        assert store.get(tx, server.id, webhook.id).secret == second
        save.remove_secret(tx, server, webhook.id)
        assert store.get(tx, server.id, webhook.id).secret is None

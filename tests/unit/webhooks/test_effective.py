"""Which URLs hear of a Server's events. Source: spec webhooks 3 and 5."""

from typing import Any

from pillarbox.webhooks.effective import Subscription, subscriptions
from pillarbox.webhooks.model import HttpAuth, Trigger, TriggerState, Webhook
from tests.factories import a_server, a_stream

OFF = {trigger: TriggerState() for trigger in Trigger}


def a_webhook(states, **changes):
    values = {
        "id": 5,
        "server_id": 1001,
        "stream_key": 2,
        "stream": "broadcast",
        "url": "https://hooks.example/",
        "triggers": OFF | states,
    }
    return Webhook(**values | changes)


def test_a_webhook_hears_of_what_is_on_and_verified():
    webhook = a_webhook(
        {
            Trigger.OPEN: TriggerState(is_enabled=True, option=True),
            Trigger.CLICK: TriggerState(is_enabled=True, is_verified=False),
            Trigger.DELIVERY: TriggerState(is_enabled=False),
            Trigger.BOUNCE: TriggerState(is_enabled=True),
        },
        auth=HttpAuth("u", "p"),
        headers=(("X-A", "1"),),
    )
    shared: dict[str, Any] = {
        "webhook_id": 5,
        "stream_key": 2,
        "url": "https://hooks.example/",
        "auth": HttpAuth("u", "p"),
        "headers": (("X-A", "1"),),
    }
    assert subscriptions(a_server(), [webhook]) == [
        Subscription(trigger=Trigger.OPEN, option=True, **shared),
        Subscription(trigger=Trigger.BOUNCE, option=False, **shared),
    ]


def test_each_webhook_by_itself():
    on = {Trigger.CLICK: TriggerState(is_enabled=True)}
    found = subscriptions(a_server(), [a_webhook(on, id=5), a_webhook(on, id=6)])
    assert [subscription.webhook_id for subscription in found] == [5, 6]


def of_server(**changes):
    found = subscriptions(a_server(**changes), [])
    assert {subscription.webhook_id for subscription in found} <= {None}
    assert {subscription.stream_key for subscription in found} <= {1}
    return [(s.trigger, s.url, s.option) for s in found]


def test_a_server_without_urls_has_none():
    assert of_server(inbound_hook_url="https://in.example/") == []


def test_the_servers_own_urls():
    assert of_server(
        open_hook_url="https://o.example/",
        click_hook_url="https://c.example/",
        delivery_hook_url="https://d.example/",
        bounce_hook_url="https://b.example/",
    ) == [
        (Trigger.OPEN, "https://o.example/", False),
        (Trigger.CLICK, "https://c.example/", False),
        (Trigger.DELIVERY, "https://d.example/", False),
        (Trigger.BOUNCE, "https://b.example/", False),
        (Trigger.SPAM_COMPLAINT, "https://b.example/", False),
    ]


def test_the_servers_refinements():
    assert of_server(open_hook_url="https://o.example/", is_first_open_only=True) == [
        (Trigger.OPEN, "https://o.example/", True)
    ]
    assert of_server(bounce_hook_url="https://b.example/", includes_bounce_content=True) == [
        (Trigger.BOUNCE, "https://b.example/", True),
        (Trigger.SPAM_COMPLAINT, "https://b.example/", True),
    ]


def test_the_servers_urls_need_the_default_stream():
    only = {"broadcast": a_stream(key=2, slug="broadcast")}
    assert of_server(bounce_hook_url="https://b.example/", streams=only) == []


def test_secrets_do_not_show():
    webhook = a_webhook(
        {Trigger.OPEN: TriggerState(is_enabled=True)},
        url="https://u:secret@hooks.example/",
        auth=HttpAuth("u", "secret"),
        headers=(("X", "secret"),),
    )
    assert "secret" not in repr(webhook)
    assert "secret" not in repr(subscriptions(a_server(), [webhook]))

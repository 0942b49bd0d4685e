"""Who hears of a Server's events: its webhooks, and the hook URLs that stand at the Server itself.

Source: spec webhooks 3 and 5.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pillarbox.servers.model import Server
from pillarbox.webhooks.model import DEFAULT_STREAM, HttpAuth, Trigger, Webhook


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One URL that is called for one trigger in one stream; without a webhook's id it stands at the Server.

    `option` refines as in TriggerState.
    """

    webhook_id: int | None
    stream_key: int
    trigger: Trigger
    option: bool
    url: str = field(repr=False)
    auth: HttpAuth | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def subscriptions(server: Server, webhooks: Iterable[Webhook]) -> list[Subscription]:
    """All that is called for a Server: what is on and verified of its webhooks, then its own hook URLs.

    The Server's own URLs hear of the default transactional stream only; that of bounces also of spam complaints.
    """
    return [*of_webhooks(webhooks), *of_server(server)]


def of_webhooks(webhooks: Iterable[Webhook]) -> list[Subscription]:
    """What is on and verified of webhooks."""
    return [
        Subscription(
            webhook_id=webhook.id,
            stream_key=webhook.stream_key,
            trigger=trigger,
            option=webhook.triggers[trigger].option,
            url=webhook.url,
            auth=webhook.auth,
            headers=webhook.headers,
        )
        for webhook in webhooks
        for trigger in webhook.enabled
        if webhook.triggers[trigger].is_verified
    ]


def of_server(server: Server) -> list[Subscription]:
    """A Server's own hook URLs."""
    stream = server.stream(DEFAULT_STREAM)
    if stream is None:
        return []
    content = server.includes_bounce_content
    hooks = (
        (server.open_hook_url, Trigger.OPEN, server.is_first_open_only),
        (server.click_hook_url, Trigger.CLICK, False),
        (server.delivery_hook_url, Trigger.DELIVERY, False),
        (server.bounce_hook_url, Trigger.BOUNCE, content),
        (server.bounce_hook_url, Trigger.SPAM_COMPLAINT, content),
    )
    return [
        Subscription(
            webhook_id=None, stream_key=stream.key, trigger=trigger, option=option, url=url
        )
        for url, trigger, option in hooks
        if url
    ]

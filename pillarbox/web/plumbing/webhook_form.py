"""The form of a webhook, and what it asks to change. Pure.

Passwords and the values of headers are never shown back: left empty, they stay as they are.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from pillarbox.servers.model import Server, Stream, StreamType
from pillarbox.web.forms import Form
from pillarbox.webhook_delivery.event_desk import without_credentials
from pillarbox.webhooks.model import (
    DEFAULT_STREAM,
    Edit,
    HttpAuth,
    Trigger,
    TriggerEdit,
    Webhook,
)

BLANK_HEADERS = 2
LABELS = {
    Trigger.DELIVERY: ("Delivery", "The receiving server took a message."),
    Trigger.BOUNCE: ("Bounce", "A message could not be delivered."),
    Trigger.SPAM_COMPLAINT: ("Spam complaint", "A recipient marked a message as spam."),
    Trigger.OPEN: ("Open", "A recipient opened a message."),
    Trigger.CLICK: ("Link click", "A recipient followed a link."),
    Trigger.SUBSCRIPTION_CHANGE: (
        "Subscription change",
        "A recipient was suppressed or reactivated.",
    ),
}
OPTIONS = {
    Trigger.OPEN: "First opens only",
    Trigger.BOUNCE: "Include the content of the message",
    Trigger.SPAM_COMPLAINT: "Include the content of the message",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerRow:
    """A trigger as the form shows it."""

    name: str
    label: str
    hint: str
    is_on: bool
    option: str
    has_option: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderRow:
    """A header as the form shows it; `is_kept` says that it has a value, which is not shown."""

    name: str
    value: str = ""
    is_kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the form shows."""

    url: str
    stream: str
    username: str
    has_password: bool
    triggers: tuple[TriggerRow, ...]
    headers: tuple[HeaderRow, ...]


def shown_new(form: Form | None) -> Shown:
    """A new webhook; what was sent before it was refused, or what is usual."""
    if form is not None:
        return _as_sent(form, None)
    return Shown(
        url="",
        stream=DEFAULT_STREAM,
        username="",
        has_password=False,
        triggers=_triggers({Trigger.DELIVERY, Trigger.BOUNCE, Trigger.SPAM_COMPLAINT}, frozenset()),
        headers=_with_blanks([]),
    )


def shown_saved(webhook: Webhook, form: Form | None) -> Shown:
    """A webhook as it is saved; or what was sent before it was refused."""
    if form is not None:
        return _as_sent(form, webhook)
    on = set(webhook.enabled)
    options = {kind for kind in Trigger if webhook.triggers[kind].option}
    return Shown(
        url=without_credentials(webhook.url),
        stream=webhook.stream,
        username=_auth(webhook).username,
        has_password=bool(_auth(webhook).password),
        triggers=_triggers(on, options),
        headers=_with_blanks([HeaderRow(name=name, is_kept=True) for name, _ in webhook.headers]),
    )


def to_edit(form: Form, webhook: Webhook | None) -> Edit:
    """What the form asks to change of a webhook; of none for a new one."""
    username, password = form.line("username"), form.text("password")
    if webhook is not None and not password and username:
        password = _auth(webhook).password
    return Edit(
        url=_url(form.line("url"), webhook),
        auth=HttpAuth(username, password if username else ""),
        headers=_headers(form, webhook),
        triggers={
            kind.value: TriggerEdit(
                is_enabled=form.is_on(f"on-{kind}"),
                option=form.is_on(f"option-{kind}") if kind in OPTIONS else None,
            )
            for kind in Trigger
        },
    )


def streams(server: Server) -> list[tuple[str, str]]:
    """The streams that may have webhooks, for the form."""
    return [(stream.slug, stream.name) for stream in server.streams.values() if _may_have(stream)]


def masked_headers(webhook: Webhook) -> list[tuple[str, str]]:
    """A webhook's own headers and credentials as they may be shown."""
    found = [(name, "••••••••") for name, _ in webhook.headers]
    parts = urlsplit(webhook.url)
    if webhook.auth is not None or parts.username or parts.password:
        found.append(("Authorization", "Basic ••••••••"))
    return found


def _may_have(stream: Stream) -> bool:
    return stream.type is not StreamType.INBOUND and stream.archived_at is None


def _auth(webhook: Webhook) -> HttpAuth:
    return webhook.auth or HttpAuth("", "")


def _url(sent: str, webhook: Webhook | None) -> str:
    """The URL that is meant: what is shown without its credentials keeps them when it comes back unchanged."""
    if webhook is not None and sent == without_credentials(webhook.url):
        return webhook.url
    return sent


def _headers(form: Form, webhook: Webhook | None) -> tuple[tuple[str, str], ...]:
    kept = dict(webhook.headers) if webhook is not None else {}
    found = []
    for name, value in zip(form.all("header-name"), form.all("header-value"), strict=False):
        if name.strip():
            found.append((name.strip(), value.strip() or kept.get(name.strip(), "")))
    return tuple(found)


def _as_sent(form: Form, webhook: Webhook | None) -> Shown:
    kept = {name for name, _ in webhook.headers} if webhook is not None else set()
    pairs = zip(form.all("header-name"), form.all("header-value"), strict=False)
    return Shown(
        url=form.line("url"),
        stream=form.line("stream") or (webhook.stream if webhook else DEFAULT_STREAM),
        username=form.line("username"),
        has_password=webhook is not None and bool(_auth(webhook).password),
        triggers=_triggers(
            {kind for kind in Trigger if form.is_on(f"on-{kind}")},
            {kind for kind in Trigger if form.is_on(f"option-{kind}")},
        ),
        headers=_with_blanks(
            [
                HeaderRow(name=name, value=value, is_kept=name.strip() in kept)
                for name, value in pairs
                if name.strip()
            ]
        ),
    )


def _with_blanks(rows: list[HeaderRow]) -> tuple[HeaderRow, ...]:
    return (*rows, *(HeaderRow(name="") for _ in range(BLANK_HEADERS)))


def _triggers(
    on: set[Trigger], options: set[Trigger] | frozenset[Trigger]
) -> tuple[TriggerRow, ...]:
    return tuple(
        TriggerRow(
            name=kind.value,
            label=label,
            hint=hint,
            is_on=kind in on,
            option=OPTIONS.get(kind, ""),
            has_option=kind in options,
        )
        for kind, (label, hint) in LABELS.items()
    )

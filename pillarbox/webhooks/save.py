"""Creating and changing webhooks.

A request may want the webhook's URL to be called first: then the webhook is drafted in one transaction, called
without any (`webhook_delivery.probe`), and saved in another, which checks and merges anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto

from pillarbox.errors import Problem, Refused
from pillarbox.mail.egress import Egress
from pillarbox.servers.model import Server, Stream, StreamType
from pillarbox.servers.store import streams
from pillarbox.storage.tx import Tx
from pillarbox.webhooks import signature
from pillarbox.webhooks.check import check, merge
from pillarbox.webhooks.model import (
    DEFAULT_STREAM,
    MAX_PER_STREAM,
    Edit,
    HttpAuth,
    Trigger,
    TriggerState,
    Webhook,
)
from pillarbox.webhooks.store import webhooks as store

_OFF = {trigger: TriggerState() for trigger in Trigger}

States = Mapping[Trigger, TriggerState]


class Verify(Enum):
    """What is to become of what a request changes: taken as good, left to be verified later, or called now."""

    TRUST = auto()
    SKIP = auto()
    PROBE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a request does: the edit, how it is verified, and the triggers whose calls were answered well."""

    edit: Edit
    egress: Egress
    verify: Verify = Verify.TRUST
    proven: frozenset[Trigger] = frozenset()


def draft(tx: Tx, server: Server, slug: str, change: Change) -> Webhook:
    """A new webhook as it would be saved, without an id.

    Refuses SEND_STREAM_UNKNOWN, WEBHOOK_STREAM_ARCHIVED, WEBHOOK_STREAM_INBOUND, WEBHOOK_URL_INVALID,
    WEBHOOK_HEADER_INVALID, WEBHOOK_FIELD_INVALID, WEBHOOK_TRIGGER_UNSUPPORTED, TOO_MANY_WEBHOOKS.
    """
    edit = change.edit
    stream = _stream(tx, server, slug or DEFAULT_STREAM)
    if not edit.url:
        raise Refused(Problem.WEBHOOK_URL_INVALID)
    check(edit, change.egress)
    triggers = merge(_OFF, edit.triggers)
    if store.count_of_stream(tx, stream.key) >= MAX_PER_STREAM:
        raise Refused(Problem.TOO_MANY_WEBHOOKS)
    is_good = change.verify is not Verify.SKIP
    return Webhook(
        id=0,
        server_id=server.id,
        stream_key=stream.key,
        stream=stream.slug,
        url=edit.url,
        auth=_auth(edit.auth),
        headers=edit.headers or (),
        triggers={kind: replace(state, is_verified=is_good) for kind, state in triggers.items()},
    )


def create(tx: Tx, server: Server, slug: str, change: Change) -> Webhook:
    """Save a new webhook. Refuses what `draft` does."""
    return store.insert_webhook(tx, draft(tx, server, slug, change))


def edited(tx: Tx, server: Server, webhook_id: int, change: Change) -> tuple[Webhook, Webhook]:
    """A webhook before and after a request, nothing saved.

    Refuses WEBHOOK_NOT_FOUND, WEBHOOK_STREAM_ARCHIVED and what `draft` refuses about the fields.
    """
    before = store.get(tx, server.id, webhook_id)
    _stream(tx, server, before.stream)
    edit = change.edit
    check(edit, change.egress)
    after = replace(
        before,
        url=before.url if edit.url is None else edit.url,
        auth=before.auth if edit.auth is None else _auth(edit.auth),
        headers=before.headers if edit.headers is None else edit.headers,
        triggers=merge(before.triggers, edit.triggers),
    )
    return before, after


def update(tx: Tx, server: Server, webhook_id: int, change: Change) -> Webhook:
    """Save the changes to a webhook. Refuses what `edited` does."""
    store.lock(tx, webhook_id)
    before, after = edited(tx, server, webhook_id, change)
    saved = replace(after, triggers=_verified(before, after, change))
    store.update_webhook(tx, saved)
    return saved


def to_probe(before: Webhook, after: Webhook) -> tuple[Trigger, ...]:
    """The triggers to call before an edit is saved: those that are on and changed, or were never verified."""
    changed = _changed(before, after)
    on = after.enabled
    return tuple(kind for kind in on if kind in changed or not after.triggers[kind].is_verified)


def with_proof(change: Change, proven: frozenset[Trigger]) -> Change:
    """A change after these triggers were called with success."""
    return replace(change, proven=proven)


def verified(tx: Tx, server: Server, called: Webhook, proven: frozenset[Trigger]) -> None:
    """Note which triggers of a webhook were called with success; if all that are on were, all are verified.

    Nothing is noted when its URL has changed meanwhile. Refuses WEBHOOK_NOT_FOUND.
    """
    store.lock(tx, called.id)
    webhook = store.get(tx, server.id, called.id)
    if webhook.url != called.url:
        return
    good = frozenset(Trigger) if proven >= set(webhook.enabled) else proven
    triggers = {
        kind: replace(state, is_verified=state.is_verified or kind in good)
        for kind, state in webhook.triggers.items()
    }
    store.update_webhook(tx, replace(webhook, triggers=triggers))


def new_secret(tx: Tx, server: Server, webhook_id: int) -> str:
    """From now on sign what a webhook is told, with a new secret; this secret. Refuses WEBHOOK_NOT_FOUND."""
    secret = signature.new_secret()
    _set_secret(tx, server, webhook_id, secret)
    return secret


def remove_secret(tx: Tx, server: Server, webhook_id: int) -> None:
    """Sign nothing any more. Refuses WEBHOOK_NOT_FOUND."""
    _set_secret(tx, server, webhook_id, None)


def _set_secret(tx: Tx, server: Server, webhook_id: int, secret: str | None) -> None:
    store.lock(tx, webhook_id)
    webhook = store.get(tx, server.id, webhook_id)
    store.update_webhook(tx, replace(webhook, secret=secret))


def _stream(tx: Tx, server: Server, slug: str) -> Stream:
    stream = streams.find_stream(tx, server.id, slug)
    if stream is None:
        raise Refused(Problem.SEND_STREAM_UNKNOWN, stream=slug)
    if stream.archived_at is not None:
        raise Refused(Problem.WEBHOOK_STREAM_ARCHIVED)
    if stream.type is StreamType.INBOUND:
        raise Refused(Problem.WEBHOOK_STREAM_INBOUND)
    return stream


def _auth(auth: HttpAuth | None) -> HttpAuth | None:
    return auth if auth is not None and (auth.username or auth.password) else None


def _changed(before: Webhook, after: Webhook) -> frozenset[Trigger]:
    """The triggers that an edit touches: all when they go elsewhere, else those newly on."""
    if after.url != before.url:
        return frozenset(Trigger)
    return frozenset(after.enabled) - set(before.enabled)


def _verified(before: Webhook, after: Webhook, change: Change) -> States:
    """The triggers after an edit, each verified or not."""
    if change.verify is Verify.TRUST:
        return after.triggers
    touched = _changed(before, after)
    if change.verify is Verify.SKIP:
        return {
            kind: replace(state, is_verified=state.is_verified and kind not in touched)
            for kind, state in after.triggers.items()
        }
    off = frozenset(Trigger) - set(after.enabled)
    return {
        kind: replace(
            state, is_verified=_stands(state, kind in touched, kind in change.proven | off)
        )
        for kind, state in after.triggers.items()
    }


def _stands(state: TriggerState, is_touched: bool, is_proven: bool) -> bool:
    return is_proven or (state.is_verified and not is_touched)

"""Unsubscribing and subscribing again, by whoever has the link of a copy.

link -> whose copy (outbound/store), or whose name when the message is gone (tracking/subscribers)
    -> outbound/suppress or suppressions/change: suppression and event

Source: spec tracking-and-unsubscribe 4.4 and 4.5.
"""

from dataclasses import dataclass

from pillarbox.outbound.store import copies
from pillarbox.outbound.suppress import suppress
from pillarbox.storage.tx import Tx
from pillarbox.suppressions import change, store
from pillarbox.suppressions.model import HeldBack, Origin, Reason, Suppression
from pillarbox.tracking import subscribers
from pillarbox.tracking.token import Subscription, Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """Who a link belongs to, and whether nothing is sent to them in this stream."""

    server_id: int
    stream_key: int
    message_key: int | None
    """None when the message is gone."""
    recipient: str
    is_held_back: bool
    may_return: bool
    """They left by themselves, so they may come back by themselves."""

    @property
    def address(self) -> str:
        """The address as suppressions know it."""
        return self.recipient.lower()


def find(tx: Tx, tokens: Tokens, token: str) -> Subscriber | None:
    """Who is behind a link; None for one that was never made, or whose stream is gone, or whose owner's data."""
    named = tokens.read_unsubscribe(token)
    if named is None:
        return None
    return _by_message(tx, tokens, named) or _by_name(tx, named)


def _by_message(tx: Tx, tokens: Tokens, named: Subscription) -> Subscriber | None:
    key = named.copy.message_key, named.copy.position
    facts = copies.facts(tx, [key]).get(key)
    if facts is None:
        return None
    address = facts.recipient.lower()
    if tokens.subscriber(facts.stream_key, address) != named.subscriber:
        return None
    return _subscriber(tx, facts.server_id, facts.stream_key, facts.recipient, key[0])


def _by_name(tx: Tx, named: Subscription) -> Subscriber | None:
    """By what was kept when the message went."""
    known = subscribers.find(tx, named.subscriber)
    return None if known is None else _subscriber(tx, *known, message_key=None)


def _subscriber(
    tx: Tx, server_id: int, stream_key: int, recipient: str, message_key: int | None
) -> Subscriber:
    address = recipient.lower()
    held = store.find_all(tx, stream_key, [address]).get(address)
    return Subscriber(
        server_id=server_id,
        stream_key=stream_key,
        message_key=message_key,
        recipient=recipient,
        is_held_back=held is not None,
        may_return=held is not None and _is_own_wish(held),
    )


def unsubscribe(tx: Tx, tokens: Tokens, token: str) -> Subscriber | None:
    """Send nothing more in this stream to whoever is behind a link; them, as they are afterwards."""
    who = find(tx, tokens, token)
    if who is None or who.is_held_back:
        return who
    suppression = Suppression(
        stream_key=who.stream_key,
        address=who.address,
        reason=Reason.MANUAL,
        origin=Origin.RECIPIENT,
        created_at=tx.now,
    )
    held = HeldBack(
        suppression=suppression,
        server_id=who.server_id,
        recipient=who.recipient,
        message_key=who.message_key,
    )
    suppress(tx, [held])
    return find(tx, tokens, token)


def resubscribe(tx: Tx, tokens: Tokens, token: str) -> Subscriber | None:
    """Undo it, unless they are held back for another reason; them, as they are afterwards."""
    who = find(tx, tokens, token)
    if who is None or not who.may_return:
        return who
    change.lift(
        tx,
        server_id=who.server_id,
        stream_key=who.stream_key,
        addresses=[who.address],
        origin=Origin.RECIPIENT,
    )
    return find(tx, tokens, token)


def _is_own_wish(held: Suppression) -> bool:
    return held.reason is Reason.MANUAL and held.origin is Origin.RECIPIENT

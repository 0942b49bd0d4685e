"""Carrying out data removals: every trace of one address, in all Servers, in small steps.

    no copy is sent any more -> tags in statistics -> messages and what belongs to them -> bounces
    -> events without a message -> calls of webhooks -> suppressions, subscribers -> inbound rules and mail
    -> inbound mail that was also for the address -> the request

STEPS is the table of contents: a feature that keeps addresses of recipients adds its line. A step changes a few
rows in one transaction and is repeated until it finds none, so that traffic goes on in between and a removal that
was broken off goes on where it stood. Where the address stood there is an alias afterwards: counts stay what they
were.
Source: spec triggers-suppressions-data-removal 4.2.
"""

import hashlib
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from pillarbox.app import App
from pillarbox.bounces import orphans
from pillarbox.bounces import store as bounces
from pillarbox.bulk import store as bulk
from pillarbox.events import store as events
from pillarbox.inbound.store import messages as inbound
from pillarbox.inbound.store import rules
from pillarbox.outbound.accept import accept
from pillarbox.outbound.confirmation import own_sender
from pillarbox.outbound.model import Draft
from pillarbox.outbound.prepare import Surroundings, prepare
from pillarbox.outbound.store import erase as outbound
from pillarbox.received import store as received
from pillarbox.retention import store
from pillarbox.retention.model import Removal
from pillarbox.retention.store import TOPIC
from pillarbox.servers.model import SYSTEM
from pillarbox.stats import store as stats
from pillarbox.storage import dialect
from pillarbox.storage.tx import Tx
from pillarbox.suppressions import store as suppressions
from pillarbox.tracking import store as tracking
from pillarbox.tracking import subscribers
from pillarbox.webhooks.store import log as calls

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=5)
AT_ONCE = 50

__all__ = ["EVERY", "TOPIC", "remove"]

Step = Callable[[Tx, Removal], int]
"""Erases a few rows; how many it found."""


async def remove(app: App) -> None:
    """Carry out every removal that is pending. One whose messages still wait for others stays pending."""
    for removal in await app.db.read(store.list_pending):
        for step in STEPS:
            while await app.db.write(partial(_run, step, removal)):
                pass
        await _erase_addressed(app, removal)
        is_done = await app.db.write(partial(_finish, app, removal))
        log.info("data removal", extra={"removal": removal.id, "is_done": is_done})


async def _erase_addressed(app: App, removal: Removal) -> None:
    """Inbound mail that was also for the address. No index finds it, so writers do not wait for the search."""
    find = partial(inbound.find_addressed, address=removal.address, limit=AT_ONCE)
    while keys := await app.db.read(find):
        await app.db.write(partial(_run, partial(_delete_inbound, keys), removal))


def _delete_inbound(keys: Sequence[int], tx: Tx, _: Removal) -> int:
    return inbound.delete_messages(tx, keys)


def _run(step: Step, removal: Removal, tx: Tx) -> int:
    with dialect.overwriting(tx.connection):
        return step(tx, removal)


def _stop_copies(tx: Tx, removal: Removal) -> int:
    outbound.stop_copies(tx, removal.address)
    return 0


def _rename_tags(tx: Tx, removal: Removal) -> int:
    """Statistics stay, though not under a tag that is a name; before the tags are gone from what they stood on."""
    address = removal.address
    tags = outbound.tags_naming(tx, address) | bounces.tags_naming(tx, address)
    for server_id, tag in tags:
        digest = hashlib.sha256(tag.encode()).hexdigest()[:12]
        stats.rename_tag(tx, server_id, tag, f"{removal.alias}-{digest}")
    return 0


def _erase_messages(tx: Tx, removal: Removal) -> int:
    keys = outbound.find(tx, removal.address, limit=AT_ONCE)
    if keys:
        tracking.erase_of_messages(tx, keys, removal.address, alias=removal.alias)
        bounces.erase_of_messages(tx, keys, removal.address)
        calls.erase_of_messages(tx, keys, removal.address, alias=removal.alias)
        events.erase_of_messages(tx, keys, removal.address, alias=removal.alias)
        outbound.erase(tx, keys, removal.address, alias=removal.alias)
    return len(keys)


def _erase_bounces(tx: Tx, removal: Removal) -> int:
    return bounces.erase(tx, removal.address, alias=removal.alias, limit=AT_ONCE)


def _erase_orphans(tx: Tx, removal: Removal) -> int:
    orphans.erase(tx, removal.address)
    return 0


def _erase_events(tx: Tx, removal: Removal) -> int:
    return events.erase_alone(tx, removal.address, alias=removal.alias, limit=AT_ONCE)


def _erase_calls(tx: Tx, removal: Removal) -> int:
    """What webhooks were told of the person, and would still be told."""
    return calls.erase(tx, removal.address, limit=AT_ONCE)


def _erase_suppressions(tx: Tx, removal: Removal) -> int:
    return suppressions.erase(tx, removal.address)


def _erase_subscribers(tx: Tx, removal: Removal) -> int:
    """After the messages: one that was just deleted may have left its recipient here."""
    subscribers.erase(tx, removal.address)
    return 0


def _erase_rules(tx: Tx, removal: Removal) -> int:
    return rules.erase(tx, removal.address)


def _erase_received(tx: Tx, removal: Removal) -> int:
    return received.erase(tx, removal.address, limit=AT_ONCE)


def _erase_inbound(tx: Tx, removal: Removal) -> int:
    return inbound.erase(tx, removal.address, limit=AT_ONCE)


def _finish(app: App, removal: Removal, tx: Tx) -> bool:
    """Done, unless mail that was handed in before is still on its way to becoming traces."""
    is_awaited = bulk.is_pending(tx, until=removal.created_at)
    if is_awaited or outbound.is_known(tx, removal.address):
        return False
    with dialect.overwriting(tx.connection):
        store.finish(tx, removal)
    if removal.is_notification_wanted and removal.requested_by != removal.address:
        surroundings = Surroundings(keys=app.keys, host=app.config.hostname, at=tx.now)
        accept(tx, [prepare(SYSTEM, _letter(removal, app.config.hostname), surroundings)])
    return True


def _letter(removal: Removal, host: str) -> Draft:
    """The news that a removal is done; it names the request, and nobody."""
    return Draft(
        sender=f"Pillarbox <{own_sender(host)}>",
        to=removal.requested_by,
        subject=f"Data removal {removal.id} is done",
        text=f"Everything that data removal {removal.id} was to erase at {host} is erased.\n",
        headers=[("Auto-Submitted", "auto-generated")],
        tag="data-removal",
    )


STEPS: tuple[Step, ...] = (
    _stop_copies,
    _rename_tags,
    _erase_messages,
    _erase_bounces,
    _erase_orphans,
    _erase_events,
    _erase_calls,
    _erase_suppressions,
    _erase_subscribers,
    _erase_rules,
    _erase_received,
    _erase_inbound,
)

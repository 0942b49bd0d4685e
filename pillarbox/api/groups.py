"""Every group of endpoints: the API, its reference, and the tests that walk all routes."""

from pillarbox.api import (
    bounces,
    bulk,
    domains,
    email,
    inbound,
    messages,
    removals,
    senders,
    server,
    servers,
    stats,
    streams,
    suppressions,
    templates,
    tracking,
    triggers,
    webhooks,
)
from pillarbox.api.endpoint import Group

GROUPS: tuple[Group, ...] = (
    email.group,
    bulk.group,
    templates.group,
    server.group,
    servers.group,
    streams.group,
    messages.group,
    inbound.group,
    tracking.group,
    bounces.group,
    suppressions.group,
    triggers.group,
    removals.group,
    stats.group,
    webhooks.group,
    domains.group,
    senders.group,
)

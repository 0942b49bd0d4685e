"""Every group of endpoints: the API, its reference, and the tests that walk all routes."""

from pillarbox.api import (
    bounces,
    bulk,
    email,
    messages,
    server,
    servers,
    stats,
    streams,
    suppressions,
    templates,
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
    bounces.group,
    suppressions.group,
    stats.group,
    webhooks.group,
)

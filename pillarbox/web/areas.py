"""All areas of the pages, in the order of the menu."""

from pillarbox.web.area import Area
from pillarbox.web.editor import editing, listing, preview, pushing
from pillarbox.web.inbound import activity as inbound
from pillarbox.web.inbound import message as inbound_message
from pillarbox.web.inbound import rules, simulator
from pillarbox.web.messages import activity, message
from pillarbox.web.operator import api_calls, going_live, health, queue
from pillarbox.web.people import account, log, login, team
from pillarbox.web.plumbing import webhook_calls, webhooks
from pillarbox.web.quality import bounces, removals, statistics, suppressions, unsubscribe
from pillarbox.web.sending import domains, servers, signatures, streams, tokens

AREAS: tuple[Area, ...] = (
    activity.area,
    message.area,
    listing.area,
    editing.area,
    preview.area,
    pushing.area,
    servers.area,
    servers.of_server,
    streams.area,
    tokens.area,
    domains.area,
    signatures.area,
    tokens.of_account,
    inbound.area,
    rules.area,
    simulator.area,
    inbound_message.area,
    webhooks.area,
    webhook_calls.area,
    statistics.area,
    bounces.area,
    suppressions.area,
    removals.area,
    unsubscribe.area,
    team.area,
    log.area,
    account.area,
    login.area,
    api_calls.area,
    queue.area,
    health.area,
    going_live.area,
)

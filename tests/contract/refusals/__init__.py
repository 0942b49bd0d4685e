"""For every problem of the catalog a case that provokes it: one file for each file of `wire/problems`.

Codes and texts are written out here as the specification has them, not taken from the catalog.
"""

from pillarbox.errors import Problem
from tests.contract.refusals import (
    bounces,
    bulk,
    domains,
    messages,
    sending,
    servers,
    streams,
    suppressions,
    templates,
    transport,
    triggers,
    webhooks,
)
from tests.contract.refusals.case import Case

CASES: dict[Problem, Case] = {
    **transport.CASES,
    **sending.CASES,
    **bulk.CASES,
    **templates.CASES,
    **servers.CASES,
    **streams.CASES,
    **domains.CASES,
    **messages.CASES,
    **bounces.CASES,
    **suppressions.CASES,
    **triggers.CASES,
    **webhooks.CASES,
}

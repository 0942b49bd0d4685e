"""The catalog of errors: for each problem its number, HTTP status, text, and the reply of the SMTP edge.

No client sees a problem in any other words. The rows stand in `wire/problems/`, one file for each page of the
documentation.
"""

from collections.abc import Iterable

import msgspec

from pillarbox.errors import Problem, Refused
from pillarbox.wire.problems import (
    bounces,
    bulk,
    domains,
    messages,
    removals,
    sending,
    servers,
    stats,
    streams,
    suppressions,
    templates,
    transport,
    triggers,
    webhooks,
)
from pillarbox.wire.problems.row import Row

CATALOG: dict[Problem, Row] = {
    **transport.ROWS,
    **sending.ROWS,
    **templates.ROWS,
    **servers.ROWS,
    **streams.ROWS,
    **domains.ROWS,
    **messages.ROWS,
    **bounces.ROWS,
    **bulk.ROWS,
    **stats.ROWS,
    **suppressions.ROWS,
    **webhooks.ROWS,
    **triggers.ROWS,
    **removals.ROWS,
}


class Failure(msgspec.Struct, frozen=True, gc=False):
    """The body of every error, and a failed item of a batch."""

    ErrorCode: int
    Message: str


class Explained(Refused):
    """A refusal that is told in a body of its own instead of Failure's."""

    def __init__(self, problem: Problem, body: msgspec.Struct, **details: str) -> None:
        super().__init__(problem, **details)
        self.body = body


_PARTLY_INACTIVE = (
    "Message OK, but will not deliver to these inactive addresses: {addresses}. "
    "Inactive recipients are ones that have generated a hard bounce or a spam complaint."
)


def describe(refused: Refused) -> tuple[int, int, str]:
    """HTTP status, error code and text of a refusal."""
    row = CATALOG[refused.problem]
    return row.status, row.code, row.text.format_map(refused.details)


def failure(refused: Refused) -> Failure:
    """A refusal as the body of an error."""
    _, code, text = describe(refused)
    return Failure(code, text)


def smtp_reply(refused: Refused) -> str:
    """A refusal as one line of an SMTP dialogue: reply code, enhanced status code, text."""
    _, _, text = describe(refused)
    return f"{CATALOG[refused.problem].smtp} {text}"


def partly_inactive(addresses: Iterable[str]) -> str:
    """The text of a success that leaves some recipients out."""
    return _PARTLY_INACTIVE.format(addresses=", ".join(addresses))

"""Messages read back, and statistics."""

from pillarbox.errors import Problem
from tests.contract.refusals.case import (
    BAD_COUNT,
    BAD_OFFSET,
    NOBODY,
    TOO_DEEP,
    bad_value,
    case,
    get,
    put,
)

CASES = {
    Problem.MESSAGES_BAD_COUNT: case(700, BAD_COUNT, get("/messages/outbound?count=-1&offset=0")),
    Problem.MESSAGES_BAD_OFFSET: case(700, BAD_OFFSET, get("/messages/inbound?count=1")),
    Problem.MESSAGES_TOO_MANY: case(
        700,
        "You may only request up to 500 messages per call.",
        get("/messages/outbound/opens?count=501&offset=0"),
    ),
    Problem.MESSAGES_TOO_DEEP: case(
        700, TOO_DEEP, get("/messages/outbound/clicks?count=1&offset=10000")
    ),
    Problem.MESSAGES_BAD_FILTER: case(
        700, bad_value("status"), get("/messages/outbound?count=1&offset=0&status=lost")
    ),
    Problem.MESSAGE_NOT_FOUND: case(
        701, "This message was not found.", get(f"/messages/outbound/{NOBODY}/details")
    ),
    Problem.INBOUND_NOT_BYPASSABLE: case(
        701,
        "This message was not found or cannot be bypassed.",
        put(f"/messages/inbound/{NOBODY}/bypass"),
    ),
    Problem.INBOUND_NOT_RETRIABLE: case(
        701,
        "This message was not found or cannot be retried.",
        put(f"/messages/inbound/{NOBODY}/retry"),
    ),
    Problem.STATS_BAD_DATE: case(
        900,
        "A parameter should be a date/time value.",
        get("/stats/outbound/sends?fromdate=yesterday"),
    ),
    Problem.STATS_BAD_RANGE: case(
        1502,
        "Parameter `FromDate` must be older than `ToDate`.",
        get("/stats/outbound?fromdate=2026-02-02&todate=2026-02-01"),
    ),
}

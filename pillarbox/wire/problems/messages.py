"""Reading messages back. Source: spec messages 10."""

from pillarbox.errors import Problem
from pillarbox.wire.problems.row import BAD_COUNT, BAD_FILTER, BAD_OFFSET, TOO_DEEP, row

ROWS = {
    Problem.MESSAGES_BAD_COUNT: row(700, BAD_COUNT),
    Problem.MESSAGES_BAD_OFFSET: row(700, BAD_OFFSET),
    Problem.MESSAGES_TOO_MANY: row(700, "You may only request up to 500 messages per call."),
    Problem.MESSAGES_TOO_DEEP: row(700, TOO_DEEP),
    Problem.MESSAGES_BAD_FILTER: row(700, BAD_FILTER),
    Problem.MESSAGE_NOT_FOUND: row(701, "This message was not found."),
    Problem.INBOUND_NOT_BYPASSABLE: row(701, "This message was not found or cannot be bypassed."),
    Problem.INBOUND_NOT_RETRIABLE: row(701, "This message was not found or cannot be retried."),
}

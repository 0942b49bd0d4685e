"""Bounces. Source: spec bounces 0.5 and 5."""

from pillarbox.errors import Problem
from pillarbox.wire.problems.row import BAD_COUNT, BAD_FILTER, BAD_OFFSET, TOO_DEEP, Row, row

ROWS = {
    Problem.BOUNCES_BAD_COUNT: row(1000, BAD_COUNT),
    Problem.BOUNCES_BAD_OFFSET: row(1000, BAD_OFFSET),
    Problem.BOUNCES_TOO_MANY: row(1000, "You may only request up to 500 bounces per call."),
    Problem.BOUNCES_TOO_DEEP: row(1000, TOO_DEEP),
    Problem.BOUNCES_BAD_FILTER: row(1000, BAD_FILTER),
    Problem.BOUNCE_NOT_FOUND: row(1001, "The bounce was not found."),
    Problem.BOUNCE_ID_MISSING: Row(1002, 400, "A 'bounceID' parameter is required.", "554 5.6.0"),
    Problem.BOUNCE_NOT_ACTIVATABLE: row(
        1003, "Due to the type of bounce, this address cannot be reactivated."
    ),
}

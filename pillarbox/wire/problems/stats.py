"""Statistics. Source: spec stats 5."""

from pillarbox.errors import Problem
from pillarbox.wire.problems.row import row

ROWS = {
    Problem.STATS_BAD_DATE: row(900, "A parameter should be a date/time value."),
    Problem.STATS_BAD_RANGE: row(1502, "Parameter `FromDate` must be older than `ToDate`."),
}

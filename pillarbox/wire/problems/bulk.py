"""Bulk requests. Source: spec overview 5.5, sending 5."""

from pillarbox.errors import Problem
from pillarbox.wire.problems.row import Row, row

ROWS = {
    Problem.BULK_SEVERAL_PROBLEMS: row(
        11, "Multiple errors occurred. Inspect the Errors property for more information."
    ),
    Problem.BULK_NOT_FOUND: Row(12, 404, "Bulk send not found.", "554 5.6.0"),
    Problem.BULK_BAD_KEY: row(13, "Invalid pagination key."),
    Problem.BULK_BAD_COUNT: row(300, "The 'count' parameter must be an integer from 1 to 500."),
    Problem.BULK_NOT_APPROVED: row(
        14,
        "This endpoint requires approval to access. Contact support to use the Bulk API "
        "postmarkapp.com/contact",
    ),
    Problem.BULK_FIELD_REQUIRED: row(300, "The '{field}' field is required."),
}

"""Data removals. Source: spec triggers-suppressions-data-removal 4.3."""

from pillarbox.errors import Problem
from pillarbox.wire.problems.row import row

ROWS = {
    Problem.REMOVAL_INVALID: row(1300, "The request is empty or invalid."),
    Problem.REMOVAL_NOT_FOUND: row(1301, "Missing or incorrect data removal request ID."),
}

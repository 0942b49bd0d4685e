"""Suppressions. Source: spec triggers-suppressions-data-removal 3.5."""

from pillarbox.errors import Problem
from pillarbox.wire.problems.row import row

ROWS = {
    Problem.SUPPRESSIONS_BAD_REASON: row(1404, "Parameter 'SuppressionReason' is invalid."),
    Problem.SUPPRESSIONS_BAD_ORIGIN: row(1405, "Parameter 'Origin' is invalid."),
    Problem.SUPPRESSION_NOT_YOURS: row(
        1406, "You do not have the required authority to change this suppression."
    ),
    Problem.SUPPRESSIONS_FAILED: row(1407, "Something went wrong when processing the request."),
    Problem.SUPPRESSION_BAD_ADDRESS: row(1408, "An invalid email address was provided."),
    Problem.SUPPRESSIONS_NO_BODY: row(1409, "A proper request body must be provided."),
    Problem.SUPPRESSIONS_TOO_MANY: row(
        1410,
        "You cannot provide more than the maximum number of suppressions for this request.",
    ),
    Problem.SUPPRESSION_WITHOUT_ADDRESS: row(
        1411, "Parameter 'emailAddress' is required but was left out."
    ),
}

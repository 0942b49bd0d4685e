"""Webhooks. Source: spec webhooks 2.8."""

from pillarbox.errors import Problem
from pillarbox.wire.problems.row import row

ROWS = {
    Problem.WEBHOOK_STREAM_ARCHIVED: row(
        1350, "Webhooks cannot be managed on an archived message stream."
    ),
    Problem.WEBHOOK_STREAM_INBOUND: row(
        1351,
        "Webhooks are not supported on inbound streams. Set InboundHookUrl on the server instead.",
    ),
    Problem.WEBHOOK_NOT_FOUND: row(1352, "The webhook for the provided 'ID' was not found."),
    Problem.WEBHOOK_TRIGGER_UNSUPPORTED: row(
        1353, "The trigger '{name}' is not supported on this message stream."
    ),
    Problem.WEBHOOK_URL_INVALID: row(1354, "The webhook 'Url' is missing or invalid."),
    Problem.WEBHOOK_BODY_MISSING: row(1355, "A request body is required."),
    Problem.WEBHOOK_ID_GIVEN: row(
        1356, "The webhook 'ID' must not be provided when creating a webhook."
    ),
    Problem.WEBHOOK_IDENTITY_CHANGED: row(
        1357, "The 'ID' and 'MessageStream' of a webhook cannot be changed."
    ),
    Problem.WEBHOOK_HEADER_INVALID: row(1358, "The HTTP header name '{name}' is not valid."),
    Problem.TOO_MANY_WEBHOOKS: row(
        1359, "The maximum number of webhooks for this message stream has been reached."
    ),
    Problem.WEBHOOK_FIELD_INVALID: row(1361, "The value of '{name}' is not valid."),
    Problem.WEBHOOK_STATUS_FILTER_INVALID: row(
        1362, "The 'status' parameter must be 'verified' or 'unverified'."
    ),
    Problem.WEBHOOK_STATUS_GIVEN: row(1363, "The 'Status' field cannot be provided."),
    Problem.WEBHOOK_VERIFICATION_FAILED: row(1364, "{summary}"),
}

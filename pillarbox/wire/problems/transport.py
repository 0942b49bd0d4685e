"""What every endpoint may refuse: tokens, media types, JSON. Source: spec overview 2.1 and 5."""

from pillarbox.errors import Problem
from pillarbox.wire.problems.row import Row, row

ROWS = {
    Problem.NO_TOKEN: Row(
        10,
        401,
        "No Account or Server API tokens were supplied in the HTTP headers. Please add a header for either "
        "X-Postmark-Server-Token or X-Postmark-Account-Token.",
        "530 5.7.0",
    ),
    Problem.BAD_SERVER_TOKEN: Row(
        10, 401, "Request does not contain a valid Server token.", "535 5.7.8"
    ),
    Problem.BAD_ACCOUNT_TOKEN: Row(
        10, 401, "Request does not contain a valid Account token.", "535 5.7.8"
    ),
    Problem.MAINTENANCE: Row(
        100, 503, "The service is temporarily offline for maintenance.", "451 4.3.2"
    ),
    Problem.UNEXPECTED: Row(
        101, 500, "An unexpected error occurred. Error ID: {error_id}", "451 4.3.0"
    ),
    Problem.UNKNOWN_ROUTE: Row(404, 404, "The requested resource was not found.", "502 5.5.1"),
    Problem.NOT_JSON: row(402, "Invalid JSON."),
    Problem.WRONG_FIELDS: row(403, "Invalid request field(s): {paths}"),
    Problem.WRONG_MEDIA_TYPE: Row(
        409,
        415,
        "The 'Content-Type' and 'Accept' headers must be 'application/json'.",
        "554 5.6.1",
    ),
    Problem.BODY_TOO_LARGE: Row(300, 413, "Request payload is too large.", "552 5.3.4"),
    Problem.BODY_TIMED_OUT: Row(408, 408, "The request took too long to arrive.", "451 4.4.2"),
    Problem.RATE_LIMITED: Row(429, 429, "Rate limit exceeded. Please retry later.", "451 4.7.1"),
}

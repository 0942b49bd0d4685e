"""Tokens, media types, JSON."""

from pillarbox.errors import Problem
from tests.contract.refusals.case import MAIL, case, get, post

# An empty token is none of a valid form; httpx leaves a header out only when the client has none.
CASES = {
    Problem.BAD_SERVER_TOKEN: case(
        10,
        "Request does not contain a valid Server token.",
        post("/email", MAIL, **{"X-Postmark-Server-Token": "99999999-aaaa-4bbb-8ccc-222222222222"}),
        status=401,
    ),
    Problem.BAD_ACCOUNT_TOKEN: case(
        10,
        "Request does not contain a valid Account token.",
        post("/domains", {}, **{"X-Postmark-Account-Token": "no token"}),
        status=401,
    ),
    Problem.UNKNOWN_ROUTE: case(
        404, "The requested resource was not found.", get("/stats/outbound/platform"), status=404
    ),
    Problem.NOT_JSON: case(402, "Invalid JSON.", post("/email", b'{"From":')),
    Problem.WRONG_FIELDS: case(
        403,
        "Invalid request field(s): $.Metadata",
        post("/email", MAIL | {"Metadata": []}),
    ),
    Problem.WRONG_MEDIA_TYPE: case(
        409,
        "The 'Content-Type' and 'Accept' headers must be 'application/json'.",
        post("/email", b"{}", **{"Content-Type": "text/plain"}),
        status=415,
    ),
    Problem.BODY_TOO_LARGE: case(
        300,
        "Request payload is too large.",
        post("/email", b" " * (10 * 1024 * 1024 + 1)),
        status=413,
    ),
}

"""Bulk requests."""

from dataclasses import replace
from typing import Any

from pillarbox.errors import Problem
from tests.contract.refusals.case import NOBODY, case, get, post

_REQUEST: dict[str, Any] = {
    "From": "news@garden-club.example",
    "Subject": "Spring seeds are here",
    "TextBody": "Hello, the new list is out.",
    "Messages": [{"To": "ada@lab.example"}],
}

CASES = {
    Problem.BULK_SEVERAL_PROBLEMS: replace(
        case(
            11,
            "Multiple errors occurred. Inspect the Errors property for more information.",
            post("/email/bulk", _REQUEST | {"From": "", "TrackLinks": "Sometimes"}),
        ),
        members=frozenset(("ErrorCode", "Message", "Errors")),
    ),
    Problem.BULK_NOT_FOUND: case(
        12, "Bulk send not found.", get(f"/email/bulk/{NOBODY}"), status=404
    ),
    Problem.BULK_BAD_KEY: case(
        13, "Invalid pagination key.", get("/email/bulk?paginationKey=nonsense")
    ),
    Problem.BULK_BAD_COUNT: case(
        300,
        "The 'count' parameter must be an integer from 1 to 500.",
        get("/email/bulk?count=501"),
    ),
    Problem.BULK_NOT_APPROVED: case(
        14,
        "This endpoint requires approval to access. Contact support to use the Bulk API "
        "postmarkapp.com/contact",
        post("/email/bulk", _REQUEST),
        bulk_api="off",
    ),
    Problem.BULK_FIELD_REQUIRED: case(
        300,
        "The 'Messages' field is required.",
        post("/email/bulk", _REQUEST | {"Messages": []}),
    ),
}

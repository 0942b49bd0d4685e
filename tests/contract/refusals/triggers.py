"""Triggers and data removals."""

from pillarbox.errors import Problem
from tests.contract.refusals.case import (
    BAD_COUNT,
    BAD_OFFSET,
    NEVER,
    TOO_MANY_PARAMETERS,
    bad_value,
    case,
    delete,
    get,
    post,
)

_RULES = "/triggers/inboundrules"

CASES = {
    Problem.TRIGGERS_BAD_COUNT: case(800, BAD_COUNT, get(f"{_RULES}?offset=0")),
    Problem.TRIGGERS_BAD_OFFSET: case(800, BAD_OFFSET, get(f"{_RULES}?count=1")),
    Problem.TRIGGERS_TOO_MANY: case(
        800,
        "You may only request up to 500 triggers per call.",
        get(f"{_RULES}?count=501&offset=0"),
    ),
    Problem.TRIGGERS_BAD_FILTER: case(
        800, bad_value("query"), get(f"{_RULES}?count=1&offset=0&{TOO_MANY_PARAMETERS}")
    ),
    Problem.TAG_TRIGGER_NOT_FOUND: case(
        800, "This trigger was not found.", get(f"/triggers/tags/{NEVER}")
    ),
    Problem.NO_TRIGGER_DATA: case(809, "No trigger data received.", post(_RULES, b"")),
    Problem.INBOUND_RULE_EXISTS: case(
        810,
        "This inbound rule already exists.",
        post(_RULES, {"Rule": "spam.example"}),
        post(_RULES, {"Rule": "spam.example"}),
    ),
    Problem.INBOUND_RULE_NOT_FOUND: case(
        812, "This inbound rule was not found.", delete(f"{_RULES}/{NEVER}")
    ),
    Problem.INBOUND_RULE_INVALID: case(
        813, "Not a valid email address or domain.", post(_RULES, {"Rule": "a@b@c"})
    ),
    Problem.REMOVAL_INVALID: case(
        1300, "The request is empty or invalid.", post("/data-removals", {"RequestedBy": "me"})
    ),
    Problem.REMOVAL_NOT_FOUND: case(
        1301,
        "Missing or incorrect data removal request ID.",
        get(f"/data-removals/{NEVER}"),
    ),
}

"""Bounces."""

from pillarbox.errors import Problem
from tests.contract.refusals.case import (
    BAD_COUNT,
    BAD_OFFSET,
    NEVER,
    TOO_DEEP,
    bad_value,
    case,
    get,
)

CASES = {
    Problem.BOUNCES_BAD_COUNT: case(1000, BAD_COUNT, get("/bounces?offset=0")),
    Problem.BOUNCES_BAD_OFFSET: case(1000, BAD_OFFSET, get("/bounces?count=1&offset=x")),
    Problem.BOUNCES_TOO_MANY: case(
        1000,
        "You may only request up to 500 bounces per call.",
        get("/bounces?count=501&offset=0"),
    ),
    Problem.BOUNCES_TOO_DEEP: case(1000, TOO_DEEP, get("/bounces?count=500&offset=9501")),
    Problem.BOUNCES_BAD_FILTER: case(
        1000, bad_value("type"), get("/bounces?count=1&offset=0&type=Rubber")
    ),
    Problem.BOUNCE_NOT_FOUND: case(1001, "The bounce was not found.", get(f"/bounces/{NEVER}")),
    Problem.BOUNCE_ID_MISSING: case(
        1002, "A 'bounceID' parameter is required.", get("/bounces//dump"), status=400
    ),
}

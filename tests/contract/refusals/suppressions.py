"""Suppressions."""

from typing import Any

from pillarbox.errors import Problem
from tests.contract.refusals.case import Case, case, get, post

_PATH = "/message-streams/outbound/suppressions"


def _create(code: int, text: str, entries: list[Any]) -> Case:
    return case(code, text, post(_PATH, {"Suppressions": entries}))


CASES = {
    Problem.SUPPRESSIONS_BAD_REASON: case(
        1404,
        "Parameter 'SuppressionReason' is invalid.",
        get(f"{_PATH}/dump?SuppressionReason=Whim"),
    ),
    Problem.SUPPRESSIONS_BAD_ORIGIN: case(
        1405, "Parameter 'Origin' is invalid.", get(f"{_PATH}/dump?Origin=Nowhere")
    ),
    Problem.SUPPRESSIONS_FAILED: case(
        1407,
        "Something went wrong when processing the request.",
        get(f"{_PATH}/dump?fromdate=yesterday"),
    ),
    Problem.SUPPRESSIONS_NO_BODY: case(
        1409, "A proper request body must be provided.", post(_PATH, b"")
    ),
    Problem.SUPPRESSIONS_TOO_MANY: _create(
        1410,
        "You cannot provide more than the maximum number of suppressions for this request.",
        [{"EmailAddress": f"a{number}@one.example"} for number in range(51)],
    ),
    Problem.SUPPRESSION_WITHOUT_ADDRESS: _create(
        1411, "Parameter 'emailAddress' is required but was left out.", [{}]
    ),
}

"""Webhooks."""

from dataclasses import replace
from typing import Any

from pillarbox.errors import Problem
from tests.contract.refusals.case import NEVER, Case, Request, case, get, post, put

_HOOK = {"Url": "https://app.shop.example/hook"}


def _create(code: int, text: str, *before: Request, **changes: Any) -> Case:
    return case(code, text, *before, post("/webhooks", _HOOK | changes))


CASES = {
    Problem.WEBHOOK_STREAM_ARCHIVED: _create(
        1350,
        "Webhooks cannot be managed on an archived message stream.",
        post("/message-streams/broadcast/archive"),
        MessageStream="broadcast",
    ),
    Problem.WEBHOOK_STREAM_INBOUND: _create(
        1351,
        "Webhooks are not supported on inbound streams. Set InboundHookUrl on the server instead.",
        MessageStream="inbound",
    ),
    Problem.WEBHOOK_NOT_FOUND: case(
        1352, "The webhook for the provided 'ID' was not found.", get(f"/webhooks/{NEVER}")
    ),
    Problem.WEBHOOK_TRIGGER_UNSUPPORTED: _create(
        1353,
        "The trigger 'Sunrise' is not supported on this message stream.",
        Triggers={"Sunrise": {"Enabled": True}},
    ),
    Problem.WEBHOOK_URL_INVALID: _create(
        1354, "The webhook 'Url' is missing or invalid.", Url="gopher://app.shop.example"
    ),
    Problem.WEBHOOK_BODY_MISSING: case(1355, "A request body is required.", post("/webhooks", b"")),
    Problem.WEBHOOK_ID_GIVEN: _create(
        1356, "The webhook 'ID' must not be provided when creating a webhook.", ID=1
    ),
    Problem.WEBHOOK_IDENTITY_CHANGED: case(
        1357,
        "The 'ID' and 'MessageStream' of a webhook cannot be changed.",
        post("/webhooks", _HOOK),
        put("/webhooks/{0[ID]}", {"MessageStream": "broadcast"}),
    ),
    Problem.WEBHOOK_HEADER_INVALID: _create(
        1358,
        "The HTTP header name 'A B' is not valid.",
        HttpHeaders=[{"Name": "A B", "Value": "x"}],
    ),
    Problem.TOO_MANY_WEBHOOKS: case(
        1359,
        "The maximum number of webhooks for this message stream has been reached.",
        *(post("/webhooks", _HOOK) for _ in range(11)),
    ),
    Problem.WEBHOOK_FIELD_INVALID: _create(
        1361,
        "The value of 'HttpHeaders' is not valid.",
        HttpHeaders=[{"Name": "A", "Value": "x\ny"}],
    ),
    Problem.WEBHOOK_STATUS_FILTER_INVALID: case(
        1362,
        "The 'status' parameter must be 'verified' or 'unverified'.",
        get("/webhooks?status=unsure"),
    ),
    Problem.WEBHOOK_STATUS_GIVEN: _create(
        1363, "The 'Status' field cannot be provided.", Status="verified"
    ),
    Problem.WEBHOOK_VERIFICATION_FAILED: replace(
        _create(
            1364,
            "0/1 triggers verified successfully",
            Url="https://nowhere.example/hook",
            Triggers={"Open": {"Enabled": True}},
            Verify=True,
        ),
        members=frozenset(("ErrorCode", "Message", "Id", "Url", "Success", "Results")),
    ),
}

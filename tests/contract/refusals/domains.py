"""Domains and sender signatures."""

from typing import Any

from pillarbox.errors import Problem
from tests.contract.refusals.case import (
    BAD_COUNT,
    BAD_OFFSET,
    NEVER,
    TOO_MANY_PARAMETERS,
    Case,
    Request,
    bad_value,
    case,
    get,
    post,
    put,
)

_DOMAIN = {"Name": "shop.example"}
_SENDER = {"FromEmail": "jp@shop.example", "Name": "JP Toto"}


def _domain(code: int, text: str, *before: Request, **changes: Any) -> Case:
    return case(code, text, *before, post("/domains", _DOMAIN | changes))


def _sender(code: int, text: str, *before: Request, **changes: Any) -> Case:
    return case(code, text, *before, post("/senders", _SENDER | changes))


CASES = {
    Problem.DOMAINS_BAD_COUNT: case(500, BAD_COUNT, get("/domains?offset=0")),
    Problem.DOMAINS_BAD_OFFSET: case(500, BAD_OFFSET, get("/senders?count=1&offset=-1")),
    Problem.DOMAINS_TOO_MANY: case(
        500,
        "You may only request up to 500 domains per call.",
        get("/domains?count=501&offset=0"),
    ),
    Problem.SIGNATURES_TOO_MANY: case(
        500,
        "You may only request up to 500 senders per call.",
        get("/senders?count=501&offset=0"),
    ),
    Problem.SIGNATURE_NOT_FOUND: case(
        501, "This signature was not found.", get(f"/senders/{NEVER}")
    ),
    Problem.SIGNATURE_NO_DATA: case(
        502,
        "No update data or signature data received.",
        post("/senders", _SENDER),
        put("/senders/{0[ID]}", {}),
    ),
    Problem.DOMAIN_PUBLIC: _domain(
        503, "You can't use public domain emails or public domains.", Name="gmail.com"
    ),
    Problem.SIGNATURE_EXISTS: _sender(
        504, "This signature already exists.", post("/senders", _SENDER)
    ),
    Problem.DKIM_IN_RENEWAL: case(
        505,
        "This DKIM is already being renewed.",
        post("/domains", _DOMAIN),
        post("/domains/{0[ID]}/rotatedkim"),
    ),
    Problem.DOMAIN_NOT_FOUND: case(510, "This domain was not found.", get(f"/domains/{NEVER}")),
    Problem.DOMAIN_NO_DATA: case(511, "Invalid fields supplied.", post("/domains", b"")),
    Problem.DOMAIN_EXISTS: _domain(512, "Domain already exists.", post("/domains", _DOMAIN)),
    Problem.DOMAIN_NAME_MISSING: _domain(
        514, "Name is a required field to create a Domain.", Name=""
    ),
    Problem.DOMAIN_NAME_TOO_LONG: _domain(
        515, "Name field must be less than or equal to 255 characters.", Name="x" * 256
    ),
    Problem.DOMAIN_NAME_INVALID: _domain(516, "Name format is invalid.", Name="thisisntadomain"),
    Problem.SIGNATURE_FIELD_MISSING: _sender(
        520, "FromEmail is a required field to create a Sender Signature.", FromEmail=""
    ),
    Problem.SENDER_FIELD_TOO_LONG: _sender(
        521,
        "ConfirmationPersonalNote field must be less than or equal to 400 characters.",
        ConfirmationPersonalNote="x" * 401,
    ),
    Problem.SENDER_FIELD_INVALID: _sender(
        522, "FromEmail is invalid.", FromEmail="jp@@shop.example"
    ),
    Problem.RETURN_PATH_INVALID: _domain(
        522, "ReturnPathDomain is invalid.", ReturnPathDomain="pm.elsewhere.example"
    ),
    Problem.TRACKING_INVALID: _domain(
        522, "CustomTrackingDomain is invalid.", CustomTrackingDomain="t.elsewhere.example"
    ),
    Problem.DOMAINS_BAD_QUERY: case(
        500, bad_value("query"), get(f"/domains?count=1&offset=0&{TOO_MANY_PARAMETERS}")
    ),
}

"""Domains and sender signatures. Source: spec domains-and-signatures 5."""

from pillarbox.errors import Problem
from pillarbox.wire.problems.row import BAD_COUNT, BAD_FILTER, BAD_OFFSET, Row, row

ROWS = {
    Problem.DOMAINS_BAD_COUNT: row(500, BAD_COUNT),
    Problem.DOMAINS_BAD_OFFSET: row(500, BAD_OFFSET),
    Problem.DOMAINS_TOO_MANY: row(500, "You may only request up to 500 domains per call."),
    Problem.DOMAINS_BAD_QUERY: row(500, BAD_FILTER),
    Problem.SIGNATURES_TOO_MANY: row(500, "You may only request up to 500 senders per call."),
    Problem.SIGNATURE_NOT_FOUND: row(501, "This signature was not found."),
    Problem.SIGNATURE_NO_DATA: row(502, "No update data or signature data received."),
    Problem.DOMAIN_PUBLIC: row(503, "You can't use public domain emails or public domains."),
    Problem.SIGNATURE_EXISTS: row(504, "This signature already exists."),
    Problem.DKIM_IN_RENEWAL: row(505, "This DKIM is already being renewed."),
    Problem.SIGNATURE_CONFIRMED: row(506, "This Sender Signature has already been confirmed."),
    Problem.DKIM_NOT_RENEWABLE: row(508, "This DKIM is not being renewed."),
    Problem.DOMAIN_NOT_FOUND: row(510, "This domain was not found."),
    Problem.DOMAIN_NO_DATA: row(511, "Invalid fields supplied."),
    Problem.DOMAIN_EXISTS: row(512, "Domain already exists."),
    Problem.DOMAIN_NAME_MISSING: row(514, "Name is a required field to create a Domain."),
    Problem.DOMAIN_NAME_TOO_LONG: row(
        515, "Name field must be less than or equal to 255 characters."
    ),
    Problem.DOMAIN_NAME_INVALID: row(516, "Name format is invalid."),
    Problem.SIGNATURE_FIELD_MISSING: row(
        520, "{field} is a required field to create a Sender Signature."
    ),
    Problem.SENDER_FIELD_TOO_LONG: row(
        521, "{field} field must be less than or equal to {limit} characters."
    ),
    Problem.SENDER_FIELD_INVALID: row(522, "{field} is invalid."),
    Problem.RETURN_PATH_INVALID: row(522, "ReturnPathDomain is invalid."),
    Problem.TRACKING_INVALID: row(522, "CustomTrackingDomain is invalid."),
    Problem.DKIM_BROKEN: Row(
        709,
        500,
        "DKIM verification failed due to invalid configuration. Please contact support.",
        "451 4.3.0",
    ),
}

"""The catalog of errors: for each problem its number, HTTP status, text, and the reply of the SMTP edge.

No client sees a problem in any other words. Source: spec overview 2.1 and 5, sending 2.9, messages 10,
bounces 0.5 and 5. The enhanced status codes are those of RFC 3463 and RFC 5248.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from pillarbox.errors import Problem, Refused

UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the catalog; `text` has named holes, `smtp` is a reply code and an enhanced status code."""

    code: int
    status: int
    text: str
    smtp: str


class Failure(msgspec.Struct, frozen=True, gc=False):
    """The body of every error, and a failed item of a batch."""

    ErrorCode: int
    Message: str


def _row(code: int, text: str, smtp: str = "554 5.6.0") -> Row:
    return Row(code, UNPROCESSABLE, text, smtp)


_TOO_DEEP = "Count + Offset cannot exceed 10000 messages."
_BAD_COUNT = "The 'count' parameter is required and must be a positive integer."
_BAD_OFFSET = "The 'offset' parameter is required and must be a non-negative integer."
_BAD_FILTER = "The value of the '{name}' parameter is not valid."

CATALOG: dict[Problem, Row] = {
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
    Problem.NOT_JSON: _row(402, "Invalid JSON."),
    Problem.WRONG_FIELDS: _row(403, "Invalid request field(s): {paths}"),
    Problem.WRONG_MEDIA_TYPE: Row(
        409,
        415,
        "The 'Content-Type' and 'Accept' headers must be 'application/json'.",
        "554 5.6.1",
    ),
    Problem.BODY_TOO_LARGE: Row(300, 413, "Request payload is too large.", "552 5.3.4"),
    Problem.BODY_TIMED_OUT: Row(408, 408, "The request took too long to arrive.", "451 4.4.2"),
    Problem.FROM_MISSING: _row(300, "Invalid 'From' value.", "553 5.1.7"),
    Problem.FROM_INVALID: _row(300, "Invalid 'From' address: '{value}'.", "553 5.1.7"),
    Problem.ADDRESS_INVALID: _row(300, "Invalid '{field}' address: '{address}'.", "553 5.1.3"),
    Problem.ADDRESS_WITHOUT_AT: _row(
        300,
        "Error parsing '{field}': Illegal email address '{address}'. It must contain the '@' symbol.",
        "553 5.1.3",
    ),
    Problem.ADDRESS_BAD_DOMAIN: _row(
        300,
        "Error parsing '{field}': Illegal email domain '{part}' in address '{address}'.",
        "553 5.1.3",
    ),
    Problem.ADDRESS_BAD_MAILBOX: _row(
        300,
        "Error parsing '{field}': Illegal email mailbox '{part}' in address '{address}'.",
        "553 5.1.3",
    ),
    Problem.NO_RECIPIENTS: _row(300, "Zero recipients specified", "554 5.5.1"),
    Problem.TOO_MANY_RECIPIENTS: _row(
        300, "Maximum of 50 recipients allowed per email message.", "554 5.5.3"
    ),
    Problem.NO_BODY: _row(300, "Provide either email TextBody or HtmlBody or both."),
    Problem.FIELD_TOO_LONG: _row(
        300, "The '{field}' is too long. The maximum length is {limit} characters."
    ),
    Problem.BODY_FIELD_TOO_LONG: _row(
        300, "The '{field}' is too long. The maximum size is 5 MB.", "552 5.3.4"
    ),
    Problem.BAD_TRACK_LINKS: _row(300, "Invalid 'TrackLinks' value."),
    Problem.BAD_METADATA: _row(
        300,
        "Invalid metadata content. Field names are limited to 20 characters, values are limited to "
        "80 characters, and you may include up to 10 fields.",
    ),
    Problem.BAD_HEADER: _row(300, "Invalid header."),
    Problem.HEADER_NOT_ALLOWED: _row(300, "Header '{name}' not allowed."),
    Problem.BAD_ATTACHMENT: _row(300, "Invalid attachment content for '{name}'."),
    Problem.ATTACHMENTS_TOO_BIG: _row(
        300,
        "Attachments too big. The total size should be less than 10485760 bytes.",
        "552 5.3.4",
    ),
    Problem.ATTACHMENT_TYPE_FORBIDDEN: _row(411, "Attachment file type not allowed.", "552 5.7.0"),
    Problem.SENDER_UNKNOWN: _row(
        400,
        "The 'From' address you supplied ({sender}) is not a Sender Signature on your account. Please add "
        "and confirm this address in order to be able to use it in the 'From' field of your messages.",
        "550 5.7.1",
    ),
    Problem.ALL_RECIPIENTS_INACTIVE: _row(
        406,
        "You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses: "
        "{addresses}. Inactive recipients are ones that have generated a hard bounce, a spam complaint, "
        "or a manual suppression.",
        "550 5.7.1",
    ),
    Problem.TOO_MANY_IN_BATCH: _row(
        410, "You may only send up to 500 messages in a single batched request."
    ),
    Problem.SEND_STREAM_UNKNOWN: _row(
        1235, "The stream provided: '{stream}' does not exist on this server.", "550 5.7.1"
    ),
    Problem.SEND_STREAM_INBOUND: _row(
        1236, "Sending is not supported for this stream type.", "550 5.7.1"
    ),
    Problem.STREAM_NOT_FOUND: _row(1226, "The message stream for the provided 'ID' was not found."),
    Problem.MESSAGES_BAD_COUNT: _row(700, _BAD_COUNT),
    Problem.MESSAGES_BAD_OFFSET: _row(700, _BAD_OFFSET),
    Problem.MESSAGES_TOO_MANY: _row(700, "You may only request up to 500 messages per call."),
    Problem.MESSAGES_TOO_DEEP: _row(700, _TOO_DEEP),
    Problem.MESSAGES_BAD_FILTER: _row(700, _BAD_FILTER),
    Problem.MESSAGE_NOT_FOUND: _row(701, "This message was not found."),
    Problem.BOUNCES_BAD_COUNT: _row(1000, _BAD_COUNT),
    Problem.BOUNCES_BAD_OFFSET: _row(1000, _BAD_OFFSET),
    Problem.BOUNCES_TOO_MANY: _row(1000, "You may only request up to 500 bounces per call."),
    Problem.BOUNCES_TOO_DEEP: _row(1000, _TOO_DEEP),
    Problem.BOUNCES_BAD_FILTER: _row(1000, _BAD_FILTER),
    Problem.BOUNCE_NOT_FOUND: _row(1001, "The bounce was not found."),
    Problem.BOUNCE_ID_MISSING: Row(1002, 400, "A 'bounceID' parameter is required.", "554 5.6.0"),
    Problem.BOUNCE_NOT_ACTIVATABLE: _row(
        1003, "Due to the type of bounce, this address cannot be reactivated."
    ),
}

_PARTLY_INACTIVE = (
    "Message OK, but will not deliver to these inactive addresses: {addresses}. "
    "Inactive recipients are ones that have generated a hard bounce or a spam complaint."
)


def describe(refused: Refused) -> tuple[int, int, str]:
    """HTTP status, error code and text of a refusal."""
    row = CATALOG[refused.problem]
    return row.status, row.code, row.text.format_map(refused.details)


def failure(refused: Refused) -> Failure:
    """A refusal as the body of an error."""
    _, code, text = describe(refused)
    return Failure(code, text)


def smtp_reply(refused: Refused) -> str:
    """A refusal as one line of an SMTP dialogue: reply code, enhanced status code, text."""
    _, _, text = describe(refused)
    return f"{CATALOG[refused.problem].smtp} {text}"


def partly_inactive(addresses: Iterable[str]) -> str:
    """The text of a success that leaves some recipients out."""
    return _PARTLY_INACTIVE.format(addresses=", ".join(addresses))

"""What sending refuses. Source: spec overview 5.5, sending 2.9."""

from pillarbox.errors import Problem
from pillarbox.wire.problems.row import row

ROWS = {
    Problem.FROM_MISSING: row(300, "Invalid 'From' value.", "553 5.1.7"),
    Problem.FROM_INVALID: row(300, "Invalid 'From' address: '{value}'.", "553 5.1.7"),
    Problem.ADDRESS_INVALID: row(300, "Invalid '{field}' address: '{address}'.", "553 5.1.3"),
    Problem.ADDRESS_WITHOUT_AT: row(
        300,
        "Error parsing '{field}': Illegal email address '{address}'. It must contain the '@' symbol.",
        "553 5.1.3",
    ),
    Problem.ADDRESS_BAD_DOMAIN: row(
        300,
        "Error parsing '{field}': Illegal email domain '{part}' in address '{address}'.",
        "553 5.1.3",
    ),
    Problem.ADDRESS_BAD_MAILBOX: row(
        300,
        "Error parsing '{field}': Illegal email mailbox '{part}' in address '{address}'.",
        "553 5.1.3",
    ),
    Problem.NO_RECIPIENTS: row(300, "Zero recipients specified", "554 5.5.1"),
    Problem.TOO_MANY_RECIPIENTS: row(
        300, "Maximum of 50 recipients allowed per email message.", "554 5.5.3"
    ),
    Problem.NO_BODY: row(300, "Provide either email TextBody or HtmlBody or both."),
    Problem.FIELD_TOO_LONG: row(
        300, "The '{field}' is too long. The maximum length is {limit} characters."
    ),
    Problem.BODY_FIELD_TOO_LONG: row(
        300, "The '{field}' is too long. The maximum size is 5 MB.", "552 5.3.4"
    ),
    Problem.BAD_TRACK_LINKS: row(300, "Invalid 'TrackLinks' value."),
    Problem.BAD_METADATA: row(
        300,
        "Invalid metadata content. Field names are limited to 20 characters, values are limited to "
        "80 characters, and you may include up to 10 fields.",
    ),
    Problem.BAD_HEADER: row(300, "Invalid header."),
    Problem.HEADER_NOT_ALLOWED: row(300, "Header '{name}' not allowed."),
    Problem.BAD_ATTACHMENT: row(300, "Invalid attachment content for '{name}'."),
    Problem.ATTACHMENTS_TOO_BIG: row(
        300,
        "Attachments too big. The total size should be less than 10485760 bytes.",
        "552 5.3.4",
    ),
    Problem.ATTACHMENT_TYPE_FORBIDDEN: row(411, "Attachment file type not allowed.", "552 5.7.0"),
    Problem.SENDER_UNKNOWN: row(
        400,
        "The 'From' address you supplied ({sender}) is not a Sender Signature on your account. Please add "
        "and confirm this address in order to be able to use it in the 'From' field of your messages.",
        "550 5.7.1",
    ),
    Problem.SENDER_UNCONFIRMED: row(
        401,
        "The 'From' address you supplied ({sender}) is not a confirmed Sender Signature on your account. "
        "Please confirm this address in order to be able to use it in the 'From' field of your messages.",
        "550 5.7.1",
    ),
    Problem.ALL_RECIPIENTS_INACTIVE: row(
        406,
        "You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses: "
        "{addresses}. Inactive recipients are ones that have generated a hard bounce, a spam complaint, "
        "or a manual suppression.",
        "550 5.7.1",
    ),
    Problem.TOO_MANY_IN_BATCH: row(
        410, "You may only send up to 500 messages in a single batched request."
    ),
    Problem.SEND_STREAM_UNKNOWN: row(
        1235, "The stream provided: '{stream}' does not exist on this server.", "550 5.7.1"
    ),
    Problem.SEND_STREAM_INBOUND: row(
        1236, "Sending is not supported for this stream type.", "550 5.7.1"
    ),
}

"""What sending refuses."""

from pillarbox.errors import Problem
from tests.contract.refusals.case import MAIL, case, email, post

_FILE = {"Name": "a.txt", "Content": "aGVsbG8=", "ContentType": "text/plain"}

CASES = {
    Problem.FROM_MISSING: email(300, "Invalid 'From' value.", From=""),
    Problem.FROM_INVALID: email(
        300, "Invalid 'From' address: 'webmaster@localhost'.", From="webmaster@localhost"
    ),
    Problem.ADDRESS_INVALID: email(
        300, "Invalid 'To' address: '@postmarkapp.com'.", To="@postmarkapp.com"
    ),
    Problem.ADDRESS_WITHOUT_AT: email(
        300,
        "Error parsing 'Bcc': Illegal email address 'nobody'. It must contain the '@' symbol.",
        Bcc="nobody",
    ),
    Problem.ADDRESS_BAD_DOMAIN: email(
        300,
        "Error parsing 'Cc': Illegal email domain '+' in address 'user@+'.",
        Cc="user@+",
    ),
    Problem.ADDRESS_BAD_MAILBOX: email(
        300,
        "Error parsing 'To': Illegal email mailbox 'ü' in address 'ü@one.example'.",
        To="ü@one.example",
    ),
    Problem.NO_RECIPIENTS: email(300, "Zero recipients specified", To=""),
    Problem.TOO_MANY_RECIPIENTS: email(
        300,
        "Maximum of 50 recipients allowed per email message.",
        To=",".join(f"a{number}@one.example" for number in range(51)),
    ),
    Problem.NO_BODY: email(300, "Provide either email TextBody or HtmlBody or both.", TextBody=""),
    Problem.FIELD_TOO_LONG: email(
        300, "The 'Subject' is too long. The maximum length is 2000 characters.", Subject="x" * 2001
    ),
    Problem.BODY_FIELD_TOO_LONG: email(
        300,
        "The 'HtmlBody' is too long. The maximum size is 5 MB.",
        HtmlBody="x" * (5 * 1024 * 1024 + 1),
    ),
    Problem.BAD_TRACK_LINKS: email(300, "Invalid 'TrackLinks' value.", TrackLinks="Sometimes"),
    Problem.BAD_METADATA: email(
        300,
        "Invalid metadata content. Field names are limited to 20 characters, values are limited to "
        "80 characters, and you may include up to 10 fields.",
        Metadata={"x" * 21: "y"},
    ),
    Problem.BAD_HEADER: email(300, "Invalid header.", Headers=[{"Name": "A B", "Value": "x"}]),
    Problem.HEADER_NOT_ALLOWED: email(
        300, "Header 'Sender' not allowed.", Headers=[{"Name": "Sender", "Value": "x"}]
    ),
    Problem.BAD_ATTACHMENT: email(
        300, "Invalid attachment content for 'a.txt'.", Attachments=[_FILE | {"Content": "no!"}]
    ),
    Problem.ATTACHMENTS_TOO_BIG: case(
        300,
        "Attachments too big. The total size should be less than 10485760 bytes.",
        post("/email/batch", [MAIL | {"Attachments": [_FILE | {"Content": "A" * 10_485_764}]}]),
        status=200,
    ),
    Problem.ATTACHMENT_TYPE_FORBIDDEN: email(
        411,
        "Attachment file type not allowed.",
        Attachments=[_FILE | {"Name": "run.exe"}],
    ),
    Problem.SENDER_UNKNOWN: case(
        400,
        "The 'From' address you supplied (Shop <shop@sender.example>) is not a Sender Signature on your "
        "account. Please add and confirm this address in order to be able to use it in the 'From' field "
        "of your messages.",
        post("/email", MAIL | {"From": "Shop <shop@sender.example>"}),
        sender_policy="verified",
    ),
    Problem.SENDER_UNCONFIRMED: case(
        401,
        "The 'From' address you supplied (shop@sender.example) is not a confirmed Sender Signature on your "
        "account. Please confirm this address in order to be able to use it in the 'From' field of your "
        "messages.",
        post("/senders", {"FromEmail": "shop@sender.example", "Name": "Shop"}),
        post("/email", MAIL),
        sender_policy="verified",
    ),
    Problem.ALL_RECIPIENTS_INACTIVE: email(
        406,
        "You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses: "
        "ann@one.example, bo@one.example. Inactive recipients are ones that have generated a hard bounce, "
        "a spam complaint, or a manual suppression.",
        post(
            "/message-streams/outbound/suppressions",
            {
                "Suppressions": [
                    {"EmailAddress": "bo@one.example"},
                    {"EmailAddress": "ann@one.example"},
                ]
            },
        ),
        To="Ann <Ann@one.example>",
        Cc="bo@one.example",
    ),
    Problem.TOO_MANY_IN_BATCH: case(
        410,
        "You may only send up to 500 messages in a single batched request.",
        post("/email/batch", [MAIL] * 501),
    ),
    Problem.SEND_STREAM_UNKNOWN: email(
        1235,
        "The stream provided: 'unknown-stream' does not exist on this server.",
        MessageStream="unknown-stream",
    ),
    Problem.SEND_STREAM_INBOUND: email(
        1236, "Sending is not supported for this stream type.", MessageStream="inbound"
    ),
}

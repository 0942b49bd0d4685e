"""What a bounce is: its 22 types with Postmark's texts, and the record of one bounce.

Not how an answer becomes a type (`classify`), nor where records are kept (`store`).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class BounceType(StrEnum):
    """The types of spec/bounces.md section 2; the value is the name on the wire."""

    HARD_BOUNCE = "HardBounce"
    TRANSIENT = "Transient"
    UNSUBSCRIBE = "Unsubscribe"
    SUBSCRIBE = "Subscribe"
    AUTO_RESPONDER = "AutoResponder"
    ADDRESS_CHANGE = "AddressChange"
    DNS_ERROR = "DnsError"
    SPAM_NOTIFICATION = "SpamNotification"
    OPEN_RELAY_TEST = "OpenRelayTest"
    UNKNOWN = "Unknown"
    SOFT_BOUNCE = "SoftBounce"
    VIRUS_NOTIFICATION = "VirusNotification"
    CHALLENGE_VERIFICATION = "ChallengeVerification"
    BAD_EMAIL_ADDRESS = "BadEmailAddress"
    SPAM_COMPLAINT = "SpamComplaint"
    MANUALLY_DEACTIVATED = "ManuallyDeactivated"
    UNCONFIRMED = "Unconfirmed"
    BLOCKED = "Blocked"
    SMTP_API_ERROR = "SMTPApiError"
    INBOUND_ERROR = "InboundError"
    DMARC_POLICY = "DMARCPolicy"
    TEMPLATE_RENDERING_FAILED = "TemplateRenderingFailed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeFacts:
    """What is the same for all bounces of one type."""

    code: int
    name: str
    description: str
    deactivates: bool = False
    can_activate: bool = True


# The order is the order of delivery statistics; the misspelled "Typcial" is on the wire.
TYPES: dict[BounceType, TypeFacts] = {
    BounceType.HARD_BOUNCE: TypeFacts(
        code=1,
        name="Hard bounce",
        description="The server was unable to deliver your message "
        "(ex: unknown user, mailbox not found).",
        deactivates=True,
    ),
    BounceType.TRANSIENT: TypeFacts(
        code=2,
        name="Message delayed",
        description="The server could not temporarily deliver your message "
        "(ex: Message is delayed due to network troubles).",
    ),
    BounceType.UNSUBSCRIBE: TypeFacts(
        code=16, name="Unsubscribe request", description="Unsubscribe or Remove request."
    ),
    BounceType.SUBSCRIBE: TypeFacts(
        code=32,
        name="Subscribe request",
        description="Subscribe request from someone wanting to get added to the mailing list.",
    ),
    BounceType.AUTO_RESPONDER: TypeFacts(
        code=64,
        name="Auto responder",
        description='"Autoresponder" is an automatic email responder including nondescript NDRs '
        'and some "out of office" replies.',
    ),
    BounceType.ADDRESS_CHANGE: TypeFacts(
        code=128,
        name="Address change",
        description="The recipient has requested an address change.",
    ),
    BounceType.DNS_ERROR: TypeFacts(
        code=256, name="DNS error", description="A temporary DNS error."
    ),
    BounceType.SPAM_NOTIFICATION: TypeFacts(
        code=512,
        name="Spam notification",
        description="The message was delivered, but was either blocked by the user, "
        "or classified as spam, bulk mail, or had rejected content.",
    ),
    BounceType.OPEN_RELAY_TEST: TypeFacts(
        code=1024,
        name="Open relay test",
        description="The NDR is actually a test email message "
        "to see if the mail server is an open relay.",
    ),
    BounceType.UNKNOWN: TypeFacts(
        code=2048, name="Unknown", description="Unable to classify the NDR."
    ),
    BounceType.SOFT_BOUNCE: TypeFacts(
        code=4096,
        name="Soft bounce",
        description="Unable to temporarily deliver message "
        "(i.e. mailbox full, account disabled, exceeds quota, out of disk space).",
    ),
    BounceType.VIRUS_NOTIFICATION: TypeFacts(
        code=8192,
        name="Virus notification",
        description="The bounce is actually a virus notification "
        "warning about a virus/code infected message.",
    ),
    BounceType.CHALLENGE_VERIFICATION: TypeFacts(
        code=16384,
        name="Spam challenge verification",
        description="The bounce is a challenge asking for verification you actually sent the "
        "email. Typcial challenges are made by Spam Arrest, or MailFrontier Matador.",
    ),
    BounceType.BAD_EMAIL_ADDRESS: TypeFacts(
        code=100000,
        name="Invalid email address",
        description="The address is not a valid email address.",
        deactivates=True,
    ),
    BounceType.SPAM_COMPLAINT: TypeFacts(
        code=100001,
        name="Spam complaint",
        description="The subscriber explicitly marked this message as spam.",
        deactivates=True,
        can_activate=False,
    ),
    BounceType.MANUALLY_DEACTIVATED: TypeFacts(
        code=100002,
        name="Manually deactivated",
        description="The email was manually deactivated.",
        deactivates=True,
    ),
    BounceType.UNCONFIRMED: TypeFacts(
        code=100003,
        name="Registration not confirmed",
        description="The subscriber has not clicked on the confirmation link "
        "upon registration or import.",
    ),
    BounceType.BLOCKED: TypeFacts(
        code=100006,
        name="ISP block",
        description="Blocked from this ISP due to content or blacklisting.",
    ),
    BounceType.SMTP_API_ERROR: TypeFacts(
        code=100007,
        name="SMTP API error",
        description="An error occurred while accepting an email through the SMTP API.",
        can_activate=False,
    ),
    BounceType.INBOUND_ERROR: TypeFacts(
        code=100008,
        name="Processing failed",
        description="Unable to deliver inbound message to destination inbound hook.",
        can_activate=False,
    ),
    BounceType.DMARC_POLICY: TypeFacts(
        code=100009, name="DMARC Policy", description="Email rejected due DMARC Policy."
    ),
    BounceType.TEMPLATE_RENDERING_FAILED: TypeFacts(
        code=100010,
        name="Template rendering failed",
        description="An error occurred while attempting to render your template.",
        can_activate=False,
    ),
}

COUNTED_AS_BOUNCED = (
    BounceType.HARD_BOUNCE,
    BounceType.TRANSIENT,
    BounceType.DNS_ERROR,
    BounceType.SPAM_NOTIFICATION,
    BounceType.UNKNOWN,
    BounceType.SOFT_BOUNCE,
    BounceType.VIRUS_NOTIFICATION,
    BounceType.BAD_EMAIL_ADDRESS,
    BounceType.BLOCKED,
    BounceType.DMARC_POLICY,
)
"""Types that say a message did not arrive: the others are answers, complaints and errors of ours."""

_BY_LOWER_NAME = {bounce_type.lower(): bounce_type for bounce_type in BounceType}


def parse_type(text: str) -> BounceType | None:
    """The type a filter names, whatever its case; None for anything else."""
    return _BY_LOWER_NAME.get(text.lower())


def fake_type(local_part: str, header: str | None) -> BounceType:
    """The bounce to simulate for `local_part` at the bounce-testing domain.

    `header` is the value of X-PM-Bounce-Type, None or blank when absent; it wins. Case and
    underscores do not count. Unknown names are hard bounces, and so is SpamComplaint, which
    cannot be simulated. Source: spec/sending.md 10.2.
    """
    asked = (header or "").strip() or local_part.strip()
    wanted = parse_type(asked.replace("_", ""))
    if wanted is None or wanted is BounceType.SPAM_COMPLAINT:
        return BounceType.HARD_BOUNCE
    return wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """One bounce: what came back for one message and recipient, and for what cause.

    `message_id` is UUID text, "" when there is no message. `stream` is the stream's slug,
    `email` the recipient we sent to. `details` is what the other side said. `inactive` holds
    while this bounce keeps the address deactivated. `content` is the raw report; listings
    leave it None even where `has_dump` says that there is one.
    """

    id: int
    type: BounceType
    message_id: str
    server_id: int
    stream: str
    tag: str | None
    email: str
    sender: str
    subject: str
    details: str
    at: datetime
    inactive: bool
    has_dump: bool
    content: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBounce:
    """A bounce to be recorded. `message_key` is None when no message of ours is kept for it.

    `rule` says what decided its type; `content` is the raw report, if there is one.
    """

    type: BounceType
    rule: str
    server_id: int
    stream_key: int
    message_key: int | None
    message_id: str
    email: str
    sender: str
    subject: str
    tag: str | None
    details: str
    at: datetime
    content: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceSearch:
    """Filters of the bounce list; None means any. Instants are inclusive, `email` is a part of the address."""

    server_id: int
    stream_key: int | None = None
    type: BounceType | None = None
    inactive: bool | None = None
    email: str | None = None
    tag: str | None = None
    message_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None

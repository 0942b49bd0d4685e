"""Every way a request can be refused, by name, and the one exception that carries it.

Postmark's numbers, HTTP statuses and texts belong to the wire: `wire/problems/` has a row for each name here.
Several names may share one number (300 has some twenty texts), so the name, not the number, is the identity.
"""

from enum import StrEnum, auto


class Problem(StrEnum):
    """A reason to refuse a request, grouped as on Postmark's page of error codes (spec overview 5.5)."""

    NO_TOKEN = auto()
    BAD_SERVER_TOKEN = auto()
    BAD_ACCOUNT_TOKEN = auto()
    MAINTENANCE = auto()
    UNEXPECTED = auto()
    UNKNOWN_ROUTE = auto()

    NOT_JSON = auto()
    WRONG_FIELDS = auto()
    WRONG_MEDIA_TYPE = auto()
    BODY_TOO_LARGE = auto()
    BODY_TIMED_OUT = auto()
    RATE_LIMITED = auto()

    FROM_MISSING = auto()
    FROM_INVALID = auto()
    ADDRESS_INVALID = auto()
    ADDRESS_WITHOUT_AT = auto()
    ADDRESS_BAD_DOMAIN = auto()
    ADDRESS_BAD_MAILBOX = auto()
    NO_RECIPIENTS = auto()
    TOO_MANY_RECIPIENTS = auto()
    NO_BODY = auto()
    FIELD_TOO_LONG = auto()
    BODY_FIELD_TOO_LONG = auto()
    BAD_TRACK_LINKS = auto()
    BAD_METADATA = auto()
    BAD_HEADER = auto()
    HEADER_NOT_ALLOWED = auto()
    BAD_ATTACHMENT = auto()
    ATTACHMENTS_TOO_BIG = auto()
    ATTACHMENT_TYPE_FORBIDDEN = auto()
    SENDER_UNKNOWN = auto()
    SENDER_UNCONFIRMED = auto()
    ALL_RECIPIENTS_INACTIVE = auto()
    TOO_MANY_IN_BATCH = auto()
    SEND_STREAM_UNKNOWN = auto()
    SEND_STREAM_INBOUND = auto()
    # Bulk
    BULK_SEVERAL_PROBLEMS = auto()
    BULK_NOT_FOUND = auto()
    BULK_BAD_KEY = auto()
    BULK_BAD_COUNT = auto()
    BULK_NOT_APPROVED = auto()
    BULK_FIELD_REQUIRED = auto()

    # Templates
    TEMPLATES_BAD_PAGE = auto()
    TEMPLATES_BAD_TYPE = auto()
    TEMPLATE_NOT_FOUND = auto()
    TEMPLATE_ALIAS_NOT_FOUND = auto()
    LAYOUT_NOT_FOUND = auto()
    TOO_MANY_TEMPLATES = auto()
    NO_TEMPLATE_DATA = auto()
    FIELD_REQUIRED = auto()
    TEMPLATE_BODY_REQUIRED = auto()
    TEMPLATE_FIELD_TOO_LONG = auto()
    ALIAS_INVALID = auto()
    ALIAS_TAKEN = auto()
    TEMPLATE_TYPE_INVALID = auto()
    TEMPLATE_SYNTAX = auto()
    RESERVED_MODEL_KEY = auto()
    PUSH_TO_ITSELF = auto()
    CONTENT_WITH_TEMPLATE = auto()
    LAYOUT_WITH_SUBJECT = auto()
    LAYOUT_WITH_LAYOUT = auto()
    NOTHING_TO_PUSH = auto()
    TOO_MANY_TO_PUSH = auto()
    PUSH_TYPES_DIFFER = auto()
    LAYOUT_IN_USE = auto()
    LAYOUT_PLACEHOLDER = auto()
    PUSH_SERVERS_NOT_FOUND = auto()
    PUSH_DESTINATION_NOT_FOUND = auto()
    PUSH_SOURCE_NOT_FOUND = auto()

    SERVERS_BAD_PAGE = auto()
    SERVER_NOT_FOUND = auto()
    INBOUND_DOMAIN_TAKEN = auto()
    SERVER_NAME_TAKEN = auto()
    SERVER_REMOVAL_FORBIDDEN = auto()
    HOOK_URL_INVALID = auto()
    SERVER_COLOR_INVALID = auto()
    SERVER_NAME_INVALID = auto()
    NO_SERVER_DATA = auto()
    NO_INBOUND_MX = auto()
    SPAM_THRESHOLD_INVALID = auto()
    TRACK_LINKS_INVALID = auto()
    DELIVERY_TYPE_INVALID = auto()
    SERVER_LIMIT_REACHED = auto()

    STREAM_TYPE_INVALID = auto()
    STREAM_ID_MISSING = auto()
    STREAM_NAME_MISSING = auto()
    STREAM_NAME_TOO_LONG = auto()
    STREAM_LIMIT_REACHED = auto()
    STREAM_NOT_FOUND = auto()
    STREAM_ID_INVALID = auto()
    SECOND_INBOUND_STREAM = auto()
    STREAM_IS_PERMANENT = auto()
    STREAM_ID_TAKEN = auto()
    STREAM_DESCRIPTION_TOO_LONG = auto()
    STREAM_NOT_ARCHIVED = auto()
    STREAM_ID_PREFIX = auto()
    STREAM_DESCRIPTION_HTML = auto()
    STREAM_ID_RESERVED = auto()
    UNSUBSCRIBE_CUSTOM_FORBIDDEN = auto()
    UNSUBSCRIBE_UNSUPPORTED = auto()
    UNSUBSCRIBE_INVALID = auto()
    STREAM_NOT_ARCHIVABLE_YET = auto()

    DOMAINS_BAD_COUNT = auto()
    DOMAINS_BAD_OFFSET = auto()
    DOMAINS_TOO_MANY = auto()
    DOMAINS_BAD_QUERY = auto()
    DOMAIN_NOT_FOUND = auto()
    DOMAIN_NO_DATA = auto()
    DOMAIN_EXISTS = auto()
    DOMAIN_NAME_MISSING = auto()
    DOMAIN_NAME_TOO_LONG = auto()
    DOMAIN_NAME_INVALID = auto()
    DOMAIN_PUBLIC = auto()
    DKIM_IN_RENEWAL = auto()
    DKIM_NOT_RENEWABLE = auto()
    DKIM_BROKEN = auto()
    SIGNATURES_TOO_MANY = auto()
    SIGNATURE_NOT_FOUND = auto()
    SIGNATURE_NO_DATA = auto()
    SIGNATURE_EXISTS = auto()
    SIGNATURE_CONFIRMED = auto()
    SIGNATURE_FIELD_MISSING = auto()
    SENDER_FIELD_TOO_LONG = auto()
    SENDER_FIELD_INVALID = auto()
    RETURN_PATH_INVALID = auto()
    TRACKING_INVALID = auto()

    MESSAGES_BAD_COUNT = auto()
    MESSAGES_BAD_OFFSET = auto()
    MESSAGES_TOO_MANY = auto()
    MESSAGES_TOO_DEEP = auto()
    MESSAGES_BAD_FILTER = auto()
    MESSAGE_NOT_FOUND = auto()

    BOUNCES_BAD_COUNT = auto()
    BOUNCES_BAD_OFFSET = auto()
    BOUNCES_TOO_MANY = auto()
    BOUNCES_TOO_DEEP = auto()
    BOUNCES_BAD_FILTER = auto()
    BOUNCE_NOT_FOUND = auto()
    BOUNCE_ID_MISSING = auto()
    BOUNCE_NOT_ACTIVATABLE = auto()

    INBOUND_NOT_BYPASSABLE = auto()
    INBOUND_NOT_RETRIABLE = auto()

    SUPPRESSIONS_BAD_REASON = auto()
    SUPPRESSIONS_BAD_ORIGIN = auto()
    SUPPRESSION_NOT_YOURS = auto()
    SUPPRESSIONS_FAILED = auto()
    SUPPRESSION_BAD_ADDRESS = auto()
    SUPPRESSIONS_NO_BODY = auto()
    SUPPRESSIONS_TOO_MANY = auto()
    SUPPRESSION_WITHOUT_ADDRESS = auto()

    TRIGGERS_BAD_COUNT = auto()
    TRIGGERS_BAD_OFFSET = auto()
    TRIGGERS_TOO_MANY = auto()
    TRIGGERS_BAD_FILTER = auto()
    TAG_TRIGGER_NOT_FOUND = auto()
    NO_TRIGGER_DATA = auto()
    INBOUND_RULE_EXISTS = auto()
    INBOUND_RULE_NOT_FOUND = auto()
    INBOUND_RULE_INVALID = auto()

    REMOVAL_INVALID = auto()
    REMOVAL_NOT_FOUND = auto()

    WEBHOOK_STREAM_ARCHIVED = auto()
    WEBHOOK_STREAM_INBOUND = auto()
    WEBHOOK_NOT_FOUND = auto()
    WEBHOOK_TRIGGER_UNSUPPORTED = auto()
    WEBHOOK_URL_INVALID = auto()
    WEBHOOK_BODY_MISSING = auto()
    WEBHOOK_ID_GIVEN = auto()
    WEBHOOK_IDENTITY_CHANGED = auto()
    WEBHOOK_HEADER_INVALID = auto()
    TOO_MANY_WEBHOOKS = auto()
    WEBHOOK_FIELD_INVALID = auto()
    WEBHOOK_STATUS_FILTER_INVALID = auto()
    WEBHOOK_STATUS_GIVEN = auto()
    WEBHOOK_VERIFICATION_FAILED = auto()

    STATS_BAD_DATE = auto()
    STATS_BAD_RANGE = auto()


class Refused(Exception):
    """A request that cannot be honoured: the problem, and the values its text has holes for."""

    def __init__(self, problem: Problem, **details: str) -> None:
        super().__init__(problem, details)
        self.problem = problem
        self.details = details


class RefusedSeverally(Refused):
    """A request in which several things are wrong: every refusal, by the field it is about."""

    def __init__(self, problem: Problem, by_field: dict[str, list[Refused]]) -> None:
        super().__init__(problem)
        self.by_field = by_field


class Unavailable(Exception):
    """The store cannot take work now (disk full, database away); the caller may try again later."""


class StartError(Exception):
    """The program cannot start or run a command as configured; the text says why and what to do (exit 1)."""


class UsageError(Exception):
    """A command, flag or setting is wrong (exit 2)."""

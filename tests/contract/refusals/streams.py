"""Message streams."""

from typing import Any

from pillarbox.errors import Problem
from tests.contract.refusals.case import Case, Request, case, get, post

_NEWS = {"ID": "news", "Name": "News", "MessageStreamType": "Broadcasts"}
_ID_FORM = (
    "The 'ID' must be a non-empty string starting with a letter of the English alphabet. It is limited to "
    "lowercase letters of the English alphabet, numbers, and '-', '_' characters. It is limited to a length "
    "of 30 characters."
)


def _create(code: int, text: str, *before: Request, **changes: Any) -> Case:
    return case(code, text, *before, post("/message-streams", _NEWS | changes))


CASES = {
    Problem.STREAM_TYPE_INVALID: _create(
        1221,
        "The 'MessageStreamType' associated with this request was invalid.",
        MessageStreamType="Sidestream",
    ),
    Problem.STREAM_ID_MISSING: _create(1222, "A valid 'ID' must be provided.", ID=""),
    Problem.STREAM_NAME_MISSING: _create(1223, "A valid 'Name' must be provided.", Name=""),
    Problem.STREAM_NAME_TOO_LONG: _create(
        1224, "The 'Name' is too long, it is limited to 100 characters.", Name="x" * 101
    ),
    Problem.STREAM_LIMIT_REACHED: case(
        1225,
        "You have reached the maximum number of message streams for this server.",
        *(post("/message-streams", _NEWS | {"ID": f"news-{number}"}) for number in range(8)),
    ),
    Problem.STREAM_NOT_FOUND: case(
        1226,
        "The message stream for the provided 'ID' was not found.",
        get("/message-streams/nowhere"),
    ),
    Problem.STREAM_ID_INVALID: _create(1227, _ID_FORM, ID="x" * 31),
    Problem.SECOND_INBOUND_STREAM: _create(
        1228, "A server can only have one inbound stream.", MessageStreamType="Inbound"
    ),
    Problem.STREAM_IS_PERMANENT: case(
        1229,
        "You cannot archive the default transactional and inbound streams.",
        post("/message-streams/outbound/archive"),
    ),
    Problem.STREAM_ID_TAKEN: _create(
        1230, "The 'ID' provided already exists for this server.", ID="broadcast"
    ),
    Problem.STREAM_DESCRIPTION_TOO_LONG: _create(
        1231,
        "The 'Description' is too long, it is limited to 1000 characters.",
        Description="x" * 1001,
    ),
    Problem.STREAM_NOT_ARCHIVED: case(
        1232,
        "You cannot unarchive this message stream anymore.",
        post("/message-streams/broadcast/unarchive"),
    ),
    Problem.STREAM_ID_PREFIX: _create(
        1233, "The 'ID' must not start with the 'pm-' prefix.", ID="pm-news"
    ),
    Problem.STREAM_DESCRIPTION_HTML: _create(
        1234, "The 'Description' must not contain HTML tags.", Description="<b>news</b>"
    ),
    Problem.STREAM_ID_RESERVED: _create(1237, "This 'ID' is reserved.", ID="all"),
    Problem.UNSUBSCRIBE_CUSTOM_FORBIDDEN: case(
        1238,
        "You do not have permission to use Custom unsubscribe handling.",
        post(
            "/message-streams",
            _NEWS | {"SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": "Custom"}},
        ),
        custom_unsubscribe="off",
    ),
    Problem.UNSUBSCRIBE_UNSUPPORTED: _create(
        1239,
        "The 'UnsubscribeHandlingType' is not supported for this stream type.",
        SubscriptionManagementConfiguration={"UnsubscribeHandlingType": "None"},
    ),
    Problem.UNSUBSCRIBE_INVALID: _create(
        1240,
        "The 'UnsubscribeHandlingType' is invalid.",
        SubscriptionManagementConfiguration={"UnsubscribeHandlingType": "Sometimes"},
    ),
    Problem.STREAM_NOT_ARCHIVABLE_YET: case(
        1241,
        "Stream is unable to be archived at this time.",
        post("/message-streams", _NEWS),
        post("/message-streams/news/archive"),
        min_stream_age_s="60",
    ),
}

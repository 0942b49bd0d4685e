"""Message streams. Source: spec overview 5.5, servers-and-streams 4 and 5."""

from pillarbox.errors import Problem
from pillarbox.wire.problems.row import row

ROWS = {
    Problem.STREAM_TYPE_INVALID: row(
        1221, "The 'MessageStreamType' associated with this request was invalid."
    ),
    Problem.STREAM_ID_MISSING: row(1222, "A valid 'ID' must be provided."),
    Problem.STREAM_NAME_MISSING: row(1223, "A valid 'Name' must be provided."),
    Problem.STREAM_NAME_TOO_LONG: row(
        1224, "The 'Name' is too long, it is limited to 100 characters."
    ),
    Problem.STREAM_LIMIT_REACHED: row(
        1225, "You have reached the maximum number of message streams for this server."
    ),
    Problem.STREAM_NOT_FOUND: row(1226, "The message stream for the provided 'ID' was not found."),
    Problem.STREAM_ID_INVALID: row(
        1227,
        "The 'ID' must be a non-empty string starting with a letter of the English alphabet. It is "
        "limited to lowercase letters of the English alphabet, numbers, and '-', '_' characters. It is "
        "limited to a length of 30 characters.",
    ),
    Problem.SECOND_INBOUND_STREAM: row(1228, "A server can only have one inbound stream."),
    Problem.STREAM_IS_PERMANENT: row(
        1229, "You cannot archive the default transactional and inbound streams."
    ),
    Problem.STREAM_ID_TAKEN: row(1230, "The 'ID' provided already exists for this server."),
    Problem.STREAM_DESCRIPTION_TOO_LONG: row(
        1231, "The 'Description' is too long, it is limited to 1000 characters."
    ),
    Problem.STREAM_NOT_ARCHIVED: row(1232, "You cannot unarchive this message stream anymore."),
    Problem.STREAM_ID_PREFIX: row(1233, "The 'ID' must not start with the 'pm-' prefix."),
    Problem.STREAM_DESCRIPTION_HTML: row(1234, "The 'Description' must not contain HTML tags."),
    Problem.STREAM_ID_RESERVED: row(1237, "This 'ID' is reserved."),
    Problem.UNSUBSCRIBE_CUSTOM_FORBIDDEN: row(
        1238, "You do not have permission to use Custom unsubscribe handling."
    ),
    Problem.UNSUBSCRIBE_UNSUPPORTED: row(
        1239, "The 'UnsubscribeHandlingType' is not supported for this stream type."
    ),
    Problem.UNSUBSCRIBE_INVALID: row(1240, "The 'UnsubscribeHandlingType' is invalid."),
    Problem.STREAM_NOT_ARCHIVABLE_YET: row(1241, "Stream is unable to be archived at this time."),
}

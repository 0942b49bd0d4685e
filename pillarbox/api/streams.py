"""Message streams. Source: spec servers-and-streams 5."""

from datetime import timedelta

from pillarbox.api.callers import ServerCall
from pillarbox.api.endpoint import Group
from pillarbox.errors import Problem
from pillarbox.servers import streams
from pillarbox.servers.store.streams import list_streams
from pillarbox.wire.streams import (
    Archived,
    CreateStream,
    EditStream,
    Stream,
    Streams,
    StreamSearch,
)

group = Group("Message streams", docs="spec servers-and-streams 5")


@group.get("/message-streams")
def list_all(call: ServerCall, query: StreamSearch) -> Streams:
    """List the message streams, default ones first; archived ones when asked for.

    Refuses STREAM_TYPE_INVALID.
    """
    found = list_streams(
        call.tx, call.server.id, kind=query.kind, with_archived=query.IncludeArchivedStreams
    )
    return Streams([Stream.of(stream) for stream in found], len(found))


@group.get("/message-streams/{stream_id}")
def get_stream(call: ServerCall, stream_id: str) -> Stream:
    """One message stream, archived or not.

    Refuses STREAM_NOT_FOUND.
    """
    return Stream.of(streams.find(call.tx, call.server.id, stream_id))


@group.post("/message-streams", no_body=Problem.STREAM_ID_MISSING)
def create_stream(call: ServerCall, body: CreateStream) -> Stream:
    """Create a message stream.

    Refuses STREAM_TYPE_INVALID, STREAM_ID_MISSING, STREAM_ID_INVALID, STREAM_ID_PREFIX, STREAM_ID_RESERVED,
    STREAM_ID_TAKEN, STREAM_NAME_MISSING, STREAM_NAME_TOO_LONG, STREAM_DESCRIPTION_TOO_LONG,
    STREAM_DESCRIPTION_HTML, UNSUBSCRIBE_INVALID, UNSUBSCRIBE_UNSUPPORTED, UNSUBSCRIBE_CUSTOM_FORBIDDEN,
    SECOND_INBOUND_STREAM, STREAM_LIMIT_REACHED.
    """
    made = streams.create(
        call.tx, call.server.id, body.to_new(), may_be_custom=call.app.config.custom_unsubscribe
    )
    return Stream.of(made)


@group.put("/message-streams/{stream_id}")
@group.patch("/message-streams/{stream_id}")
def edit_stream(call: ServerCall, stream_id: str, body: EditStream) -> Stream:
    """Change name, description or unsubscribe handling of a message stream.

    Refuses STREAM_NOT_FOUND, STREAM_NAME_MISSING, STREAM_NAME_TOO_LONG, STREAM_DESCRIPTION_TOO_LONG,
    STREAM_DESCRIPTION_HTML, UNSUBSCRIBE_INVALID, UNSUBSCRIBE_UNSUPPORTED, UNSUBSCRIBE_CUSTOM_FORBIDDEN.
    """
    edited = streams.edit(
        call.tx,
        call.server.id,
        stream_id,
        body.to_change(),
        may_be_custom=call.app.config.custom_unsubscribe,
    )
    return Stream.of(edited)


@group.post("/message-streams/{stream_id}/archive")
def archive_stream(call: ServerCall, stream_id: str) -> Archived:
    """Take a message stream out of use; 45 days later it is deleted with all its data.

    Refuses STREAM_NOT_FOUND, STREAM_IS_PERMANENT, STREAM_NOT_ARCHIVABLE_YET.
    """
    age = timedelta(seconds=call.app.config.min_stream_age_s)
    return Archived.of(streams.archive(call.tx, call.server.id, stream_id, min_age=age))


@group.post("/message-streams/{stream_id}/unarchive")
def unarchive_stream(call: ServerCall, stream_id: str) -> Stream:
    """Bring an archived message stream back.

    Refuses STREAM_NOT_FOUND, STREAM_NOT_ARCHIVED.
    """
    return Stream.of(streams.unarchive(call.tx, call.server.id, stream_id))

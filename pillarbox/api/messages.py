"""Reading outbound messages back. Source: spec messages 2 to 4."""

from pillarbox.api.callers import ServerCall
from pillarbox.api.endpoint import Group
from pillarbox.errors import Problem, Refused
from pillarbox.events import store as events
from pillarbox.mail.build import restore_bodies
from pillarbox.mail.parse import parse
from pillarbox.outbound.model import Message
from pillarbox.outbound.prepare import DEFAULT_STREAM
from pillarbox.outbound.store import messages
from pillarbox.outbound.store.search import search
from pillarbox.servers.model import Server
from pillarbox.wire.messages import (
    Dump,
    OutboundDetails,
    OutboundMessage,
    OutboundMessages,
    OutboundSearch,
)

group = Group("Messages", docs="spec messages")


@group.get("/messages/outbound")
def search_outbound(call: ServerCall, query: OutboundSearch) -> OutboundMessages:
    """Search the outbound messages of one stream, newest first.

    Refuses MESSAGES_BAD_FILTER, STREAM_NOT_FOUND.
    """
    wanted = query.to_search(call.server.id, stream_key(call.server, query.messagestream))
    total, found = search(call.tx, wanted, count=query.count, offset=query.offset)
    return OutboundMessages(total, [OutboundMessage.of(message) for message in found])


@group.get("/messages/outbound/{message_id}/details")
def outbound_details(call: ServerCall, message_id: str) -> OutboundDetails:
    """One outbound message with its bodies and everything that happened to it.

    Refuses MESSAGE_NOT_FOUND.
    """
    message = find_message(call, message_id)
    raw = messages.find_raw(call.tx, message.key) or b""
    read = parse(raw)
    return OutboundDetails.with_story(
        message,
        events.list_of_message(call.tx, message.key),
        source=raw.decode("utf-8", "replace"),
        bodies=restore_bodies(read.text, read.html, message.body_form),
    )


@group.get("/messages/outbound/{message_id}/dump")
def outbound_dump(call: ServerCall, message_id: str) -> Dump:
    """The raw source of one outbound message.

    Refuses MESSAGE_NOT_FOUND.
    """
    raw = messages.find_raw(call.tx, find_message(call, message_id).key)
    return Dump((raw or b"").decode("utf-8", "replace"))


def stream_key(server: Server, slug: str | None) -> int:
    """The stream a list is about, the default one when none is named. Refuses STREAM_NOT_FOUND."""
    stream = server.stream(slug or DEFAULT_STREAM)
    if stream is None:
        raise Refused(Problem.STREAM_NOT_FOUND)
    return stream.key


def find_message(call: ServerCall, message_id: str) -> Message:
    """The outbound message of the caller's Server. Refuses MESSAGE_NOT_FOUND."""
    message = messages.find(call.tx, call.server.id, message_id)
    if message is None:
        raise Refused(Problem.MESSAGE_NOT_FOUND)
    return message

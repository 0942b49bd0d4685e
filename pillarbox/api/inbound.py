"""Reading inbound messages back, and having their hook called again. Source: spec messages 5 to 7."""

from pillarbox.api.callers import ServerCall
from pillarbox.api.endpoint import Group
from pillarbox.errors import Problem, Refused
from pillarbox.inbound import resume
from pillarbox.inbound.model import InboundMessage as Message
from pillarbox.inbound.store import messages
from pillarbox.wire.base import Done
from pillarbox.wire.inbound import (
    InboundDetails,
    InboundMessage,
    InboundMessages,
    InboundSearch,
)
from pillarbox.wire.messages import Dump

group = Group("Inbound messages", docs="spec messages 5")


@group.get("/messages/inbound")
def search_inbound(call: ServerCall, query: InboundSearch) -> InboundMessages:
    """Search the inbound messages of one status, newest first.

    Refuses MESSAGES_BAD_FILTER, STREAM_NOT_FOUND.
    """
    stream_key = None
    if query.messagestream is not None:
        stream = call.server.stream(query.messagestream)
        if stream is None:
            raise Refused(Problem.STREAM_NOT_FOUND)
        stream_key = stream.key
    wanted = query.to_search(call.server.id, stream_key)
    total, found = messages.search(call.tx, wanted, count=query.count, offset=query.offset)
    return InboundMessages(total, [InboundMessage.of(message) for message in found])


@group.get("/messages/inbound/{inbound_id}/details")
def inbound_details(call: ServerCall, inbound_id: str) -> InboundDetails:
    """One inbound message with its bodies and headers.

    Refuses MESSAGE_NOT_FOUND.
    """
    message = _find(call, inbound_id)
    return InboundDetails.with_content(message, messages.find_content(call.tx, message.key))


@group.get("/messages/inbound/{inbound_id}/dump")
def inbound_dump(call: ServerCall, inbound_id: str) -> Dump:
    """The raw source of one inbound message.

    Refuses MESSAGE_NOT_FOUND.
    """
    raw = messages.find_content(call.tx, _find(call, inbound_id).key).raw
    return Dump(raw.decode("utf-8", "replace"))


@group.put("/messages/inbound/{inbound_id}/bypass")
def bypass_inbound(call: ServerCall, inbound_id: str) -> Done:
    """Pass a blocked message on although it was blocked.

    Refuses INBOUND_NOT_BYPASSABLE.
    """
    resume.bypass(call.tx, call.server.id, inbound_id)
    return Done(0, f"Successfully bypassed message: {inbound_id.lower()}.")


@group.put("/messages/inbound/{inbound_id}/retry")
def retry_inbound(call: ServerCall, inbound_id: str) -> Done:
    """Call the hook of a failed message again.

    Refuses INBOUND_NOT_RETRIABLE.
    """
    resume.retry(call.tx, call.server.id, inbound_id)
    return Done(0, f"Successfully rescheduled failed message: {inbound_id.lower()}.")


def _find(call: ServerCall, inbound_id: str) -> Message:
    message = messages.find(call.tx, call.server.id, inbound_id)
    if message is None:
        raise Refused(Problem.MESSAGE_NOT_FOUND)
    return message

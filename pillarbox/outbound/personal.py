"""What the copies of a message get of their own: decided once, when it is taken in. Pure.

Source: spec tracking-and-unsubscribe 2 and 4.2.
"""

from pillarbox.outbound.model import UnsubscribeLink
from pillarbox.servers.model import Server, Stream, StreamType, TrackLinks, Unsubscribe
from pillarbox.tracking.unsubscribe import has_placeholder


def effective_links(server: Server, chosen: TrackLinks | None) -> TrackLinks:
    """The message's choice before the Server's. Source: spec sending 7."""
    return server.track_links if chosen is None else chosen


def unsubscribe_link(stream: Stream, *bodies: str | None) -> UnsubscribeLink | None:
    """How unsubscribe links are handled in a message of this stream; None when there is nothing to do.

    A broadcast stream whose customer handles unsubscribes is left alone, placeholders and all.
    """
    if stream.unsubscribe is Unsubscribe.POSTMARK:
        return UnsubscribeLink.MANAGED
    is_custom = stream.unsubscribe is Unsubscribe.CUSTOM
    if (is_custom and stream.type is StreamType.BROADCASTS) or not any(
        map(has_placeholder, bodies)
    ):
        return None
    return UnsubscribeLink.PLACEHOLDER

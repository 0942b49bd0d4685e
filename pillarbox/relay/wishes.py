"""What a copy gets of its own: which pixel, links and unsubscribe link, and where they are answered. Pure."""

from urllib.parse import urlsplit

from pillarbox.outbound.model import UnsubscribeLink
from pillarbox.outbound.store.queue import Claimed
from pillarbox.outbound.store.to_send import Content
from pillarbox.servers.model import TrackLinks
from pillarbox.tracking.personal import Wishes
from pillarbox.tracking.token import Copy, Tokens


class Wishing:
    """Decides for copies of this installation."""

    def __init__(self, tokens: Tokens, public_url: str) -> None:
        self._tokens = tokens
        self._public_url = public_url

    def of(self, copy: Claimed, content: Content, tracking_host: str) -> Wishes | None:
        """The wishes of a copy; None when it is like all others. `tracking_host` is "" without a custom one."""
        links, handling = content.track_links, content.unsubscribe
        if not content.track_opens and links is TrackLinks.NONE and handling is None:
            return None
        return Wishes(
            base=base_url(self._public_url, tracking_host),
            opens=content.track_opens,
            html_links=links.has_html,
            text_links=links.has_text,
            unsubscribe=self._unsubscribe(copy) if handling else "",
            is_managed=handling is UnsubscribeLink.MANAGED,
        )

    def _unsubscribe(self, copy: Claimed) -> str:
        which = Copy(copy.message_key, copy.position)
        path = self._tokens.unsubscribe(which, copy.stream_key, copy.email.lower())
        return self._public_url + path


def base_url(public_url: str, host: str) -> str:
    """The public address under another host, if one is given: scheme, port and path stay."""
    if not host:
        return public_url
    parts = urlsplit(public_url)
    port = f":{parts.port}" if parts.port else ""
    return parts._replace(netloc=host + port).geturl()

"""One recipient's copy of a message: its own unsubscribe link, tracked links and pixel. Pure.

unsubscribe placeholders and footers -> links -> pixel -> List-Unsubscribe; the signature comes after

Source: spec tracking-and-unsubscribe 5.
"""

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from pillarbox.mail.edit import Body, edit_bodies, replace_fields
from pillarbox.servers.model import TrackLinks
from pillarbox.tracking import unsubscribe, urls
from pillarbox.tracking.html import anchors, end_of_body
from pillarbox.tracking.model import ClickLocation
from pillarbox.tracking.token import Copy, Link, Tokens

MOST_LINKS = 2000
"""So many links of a body are tracked; those behind them are left as they are."""
_LIST_FIELDS = frozenset({"list-unsubscribe", "list-unsubscribe-post"})
_PIXEL = (
    '<img src="%s" width="1" height="1" alt="" border="0" style="border:0;width:1px;height:1px">'
)


class Wishes(NamedTuple):
    """What a message's copies get of their own. `base` is where pixels and links are answered.

    `unsubscribe` is the copy's link, "" for none; when it `is_managed`, header fields and footers come with it.
    """

    base: str
    opens: bool = False
    html_links: bool = False
    text_links: bool = False
    unsubscribe: str = ""
    is_managed: bool = False


class Personalizer:
    """Makes copies under the secret of this installation, which answers at `public_url` itself."""

    def __init__(self, secret: bytes, public_url: str) -> None:
        self._tokens = Tokens(secret)
        self._public_url = public_url

    def copy(self, raw: bytes, copy: Copy, wishes: Wishes) -> bytes:
        """The message as this recipient gets it."""
        made = edit_bodies(raw, lambda bodies: self._change(bodies, copy, wishes))
        if wishes.unsubscribe and wishes.is_managed:
            made = replace_fields(made, _LIST_FIELDS, _list_fields(wishes.unsubscribe))
        return made

    def _change(self, bodies: list[Body], copy: Copy, wishes: Wishes) -> None:
        html = [body for body in bodies if body.is_html]
        text = [body for body in bodies if not body.is_html]
        if wishes.unsubscribe:
            for body in bodies:
                body.text = _with_unsubscribe(body, wishes)
        writer = _Writer(self._tokens, copy, wishes, own_hosts(self._public_url, wishes.base))
        # The HTML first: it says which links are to be left alone, in the text too.
        if wishes.html_links or wishes.text_links:
            for body in html:
                body.text = writer.html(body.text)
        for body in text if wishes.text_links else ():
            body.text = writer.text(body.text)
        if wishes.opens and html:
            html[0].text = _with_pixel(html[0].text, wishes.base + self._tokens.pixel(copy))


class _Writer:
    """Writes tracked links into the bodies of one copy."""

    def __init__(
        self, tokens: Tokens, copy: Copy, wishes: Wishes, own_hosts: frozenset[str]
    ) -> None:
        self._tokens = tokens
        self._copy = copy
        self._wishes = wishes
        self._own_hosts = own_hosts
        self._opted_out: set[str] = set()

    def html(self, html: str) -> str:
        """The HTML with its links tracked, if that is wished, and its wishes for no tracking heeded."""
        pieces: list[str] = []
        written = number = 0
        for anchor in anchors(html):
            edits = [(*anchor.no_track, "")] if anchor.no_track else []
            if anchor.no_track:
                self._opted_out.add(anchor.url)
            elif self._wishes.html_links and number < MOST_LINKS and self._is_tracked(anchor.url):
                number += 1
                edits = [(anchor.start, anchor.end, self._link(anchor.url, number, is_html=True))]
            for start, end, text in edits:
                pieces += (html[written:start], text)
                written = end
        return "".join([*pieces, html[written:]]) if pieces else html

    def text(self, text: str) -> str:
        """The text with its URLs tracked, but for those that the HTML asks to leave alone."""
        pieces: list[str] = []
        written = number = 0
        for start, end in urls.in_text(text):
            url = text[start:end]
            if url in self._opted_out or not self._is_tracked(url):
                continue
            number += 1
            if number > MOST_LINKS:
                break
            pieces += (text[written:start], self._link(url, number, is_html=False))
            written = end
        return "".join([*pieces, text[written:]]) if pieces else text

    def _is_tracked(self, url: str) -> bool:
        return url != self._wishes.unsubscribe and urls.may_be_tracked(url, self._own_hosts)

    def _link(self, url: str, number: int, *, is_html: bool) -> str:
        location = ClickLocation.HTML if is_html else ClickLocation.TEXT
        return self._wishes.base + self._tokens.link(Link(self._copy, url, location), number)


def tracked_urls(
    html: str | None, text: str | None, tracked: TrackLinks, own_hosts: frozenset[str]
) -> set[str]:
    """The different URLs that will be tracked in a message with these bodies."""
    if tracked is TrackLinks.NONE:
        return set()
    links = list(anchors(html)) if html else []
    opted_out = {link.url for link in links if link.no_track}
    found: set[str] = set()
    if tracked.has_html:
        found.update(link.url for link in links if not link.no_track)
    if tracked.has_text and text:
        found.update({text[start:end] for start, end in urls.in_text(text)} - opted_out)
    return {url for url in found if urls.may_be_tracked(url, own_hosts)}


@lru_cache(maxsize=256)
def own_hosts(*bases: str) -> frozenset[str]:
    """The hosts, with their ports, that our own links lead to."""
    return frozenset(urlsplit(base).netloc.lower() for base in bases)


def _with_pixel(html: str, url: str) -> str:
    at = end_of_body(html)
    return html[:at] + _PIXEL % url + html[at:]


def _with_unsubscribe(body: Body, wishes: Wishes) -> str:
    url = wishes.unsubscribe
    if unsubscribe.has_placeholder(body.text):
        fill = unsubscribe.fill_html if body.is_html else unsubscribe.fill_text
        return fill(body.text, url)
    if not wishes.is_managed:
        return body.text
    add = unsubscribe.html_footer if body.is_html else unsubscribe.text_footer
    return add(body.text, url)


def _list_fields(url: str) -> list[bytes]:
    return [
        f"List-Unsubscribe: <{url}>\r\n".encode(),
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
    ]

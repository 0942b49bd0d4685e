"""Showing a message's HTML in a frame that can do nothing: no script, no request, no way out but a click. Pure.

The frame's policy does the work (no source is trusted, everything is forbidden but inline style and embedded
images); the text is only changed where a policy has no say: pictures of the message itself, which `cid:` names,
become `data:` addresses, links open outside the frame, and hints to connect ahead lose their effect.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from html import unescape
from urllib.parse import unquote

from pillarbox.mail.parse import Attachment

MAX_EMBEDDED = 32 * 1024 * 1024
MAX_FRAMED = 512 * 1024
"""Characters of HTML that are shown unless all is asked for: browsers stand still over much more."""
_POLICY = (
    "default-src 'none'; img-src {images}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
_IMAGE_TYPES = (
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/bmp",
    "image/x-icon",
)

_cid = re.compile(r"cid:([^\s\"'<>)\\]{1,998})", re.IGNORECASE)
_picture = re.compile(r"data:[a-z]{1,20}/[a-z0-9.+-]{1,60};base64,[a-z0-9+/=]*", re.IGNORECASE)
_link_element = re.compile(r"<link(?=[\s/>])", re.IGNORECASE)
_doctype = re.compile(r"\s{0,1000}<!doctype[^>]{0,1000}>", re.IGNORECASE)
_remote = re.compile(
    r"""(?:\b(?:src|srcset|background|poster)\s{0,9}=\s{0,9}["']?|\burl\(\s{0,9}["']?)\s{0,9}(?:https?:)?//""",
    re.IGNORECASE,
)
_DOCTYPE_WITHIN = 4096
_style_start = re.compile(r"<style(?=[\s/>])", re.IGNORECASE)
_style_end = re.compile(r"</style(?=[\s/>])", re.IGNORECASE)
_scheme = re.compile(r"prefers-color-scheme\s{0,9}:\s{0,9}(dark|light)\b", re.IGNORECASE)


def headers(*, with_remote_images: bool) -> dict[str, str]:
    """The headers under which a message's HTML is answered."""
    images = "data: https: http:" if with_remote_images else "data:"
    return {
        "Content-Security-Policy": _POLICY.format(images=images),
        "X-Frame-Options": "SAMEORIGIN",
        "Cross-Origin-Opener-Policy": "unsafe-none",
    }


def has_remote_images(html: str) -> bool:
    """Whether showing it all would ask other hosts; may err where markup is odd, which costs a needless switch."""
    return _remote.search(html) is not None


def beginning(html: str) -> str:
    """As much of the HTML as is quickly shown; pictures inside of it cost little and are not counted."""
    room, position = MAX_FRAMED, 0
    for picture in _picture.finditer(html):
        if picture.start() - position >= room:
            break
        room -= picture.start() - position
        position = picture.end()
    return html[: position + room]


def framed(
    html: str, parts: Sequence[Attachment], *, is_dark: bool = False, is_whole: bool = False
) -> str:
    """The HTML as it is put into the frame; dark, as a reader with dark colours sees it."""
    html = html if is_whole else beginning(html)
    images = {
        part.content_id: part
        for part in parts
        if part.content_id and part.content_type.partition(";")[0].lower() in _IMAGE_TYPES
    }
    html = _link_element.sub("<x-link", html)
    html = _embed(html, images) if images else html
    doctype = _doctype.match(html[:_DOCTYPE_WITHIN])
    start = doctype.end() if doctype else 0
    scheme = '<meta name="color-scheme" content="dark">' if is_dark else ""
    rest = _coloured(html[start:], "dark" if is_dark else "light")
    return f'{html[:start]}<base target="_blank">{scheme}{rest}'


def _coloured(html: str, scheme: str) -> str:
    """With style sheets whose questions for the reader's colours are answered, whatever the visitor's are."""

    def answer(found: re.Match[str]) -> str:
        return "min-width: 0" if found[1].lower() == scheme else "max-width: 0"

    pieces: list[str] = []
    position = 0
    while start := _style_start.search(html, position):
        end = _style_end.search(html, start.end())
        until = end.start() if end else len(html)
        pieces += [html[position : start.end()], _scheme.sub(answer, html[start.end() : until])]
        position = until
    return "".join((*pieces, html[position:]))


def _embed(html: str, images: Mapping[str, Attachment]) -> str:
    """Put images in place of their `cid:` names, as often as they are named, up to a limit for all."""
    addresses: dict[str, str] = {}
    left = MAX_EMBEDDED

    def address(found: re.Match[str]) -> str:
        nonlocal left
        name = unquote(unescape(found.group(1)))
        part = images.get(name)
        if part is None:
            return found.group()
        if name not in addresses:
            media_type = part.content_type.partition(";")[0].lower()
            content = base64.b64encode(part.content).decode("ascii")
            addresses[name] = f"data:{media_type};base64,{content}"
        left -= len(addresses[name])
        return addresses[name] if left >= 0 else found.group()

    return _cid.sub(address, html)

"""The links of a body, and what may be wrong with them. Nothing is followed: no request is made."""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit

from pillarbox.checks.markup import Kind, Lines, pieces

MAX_LINKS = 200
_LONGEST = 2000
_looks_like_host = re.compile(
    r"(?:https?://)?((?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24})(?::\d{1,5})?(?:[/?#]\S{0,2000})?",
    re.IGNORECASE,
).fullmatch
_in_text = re.compile(r"https?://[^\s<>\"'`{}|\\^\x00-\x1f\x7f-\x9f]{1,2000}", re.IGNORECASE)
_AFTER_LINK = ".,;:!?)]*_'"
_INNER_NAMES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
_OTHER_SCHEMES = frozenset({"mailto", "tel", "sms", "cid"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link: where it goes, what a reader sees of it, and what may be wrong."""

    url: str
    text: str
    line: int
    problems: list[str]


def of_html(html: str) -> list[Link]:
    """The links of an HTML body, in order, at most MAX_LINKS."""
    lines = Lines(html)
    return [
        Link(url=url[:_LONGEST], text=text, line=lines.of(at), problems=_problems(url, text))
        for (at, url, text), _ in zip(_anchors(html), range(MAX_LINKS), strict=False)
    ]


def of_text(text: str) -> list[Link]:
    """The web addresses in a text body."""
    lines = Lines(text)
    found = zip(_in_text.finditer(text), range(MAX_LINKS), strict=False)
    addresses = [(one.start(), one[0].rstrip(_AFTER_LINK)) for one, _ in found]
    return [
        Link(url=url, text="", line=lines.of(at), problems=_of_url(url)) for at, url in addresses
    ]


def _anchors(html: str) -> Iterator[tuple[int, str, str]]:
    """Each link: where it begins, its target, its text."""
    opened: tuple[int, str] | None = None
    words: list[str] = []
    for piece in pieces(html):
        is_anchor = piece.name == "a" and piece.kind in (Kind.START, Kind.END)
        if is_anchor:
            if opened is not None:
                yield *opened, " ".join(" ".join(words).split())[:_LONGEST]
            opened, words = None, []
        if is_anchor and piece.kind is Kind.START and "href" in piece.attributes:
            opened = (piece.at, piece.attributes["href"].strip())
        elif opened is not None and piece.kind is Kind.TEXT and not piece.name:
            words.append(unescape(piece.text))
        elif opened is not None and piece.name == "img":
            words.append(piece.attributes.get("alt", ""))
    if opened is not None:
        yield *opened, " ".join(" ".join(words).split())[:_LONGEST]


def _problems(url: str, text: str) -> list[str]:
    found = _of_url(url)
    if not text:
        found.append("nothing to read")
    shown = _looks_like_host(text)
    host = _host(url)
    if shown and host and not _is_same(shown[1].lower(), host):
        found.append(f"the text names {shown[1].lower()}, the link goes to {host}")
    return found


def _of_url(url: str) -> list[str]:
    """What is wrong with a target by itself."""
    if "{{" in url:  # placeholders of unsubscribe links are filled in for each recipient
        return [] if "pm:unsub" in url.lower() else ["a placeholder that was not filled in"]
    if url in ("", "#"):
        return ["goes nowhere"]
    if url.startswith("#"):
        return []
    try:
        parts = urlsplit(url)
    except ValueError:
        return ["no valid address"]
    if parts.scheme in ("http", "https"):
        return _of_web(parts.scheme, parts.hostname or "")
    if not parts.scheme:
        return ["goes nowhere in a mail: it has no host"]
    return [] if parts.scheme in _OTHER_SCHEMES else [f"clients do not follow {parts.scheme[:30]}:"]


def _of_web(scheme: str, host: str) -> list[str]:
    if not host:
        return ["no valid address"]
    if _is_inner(host):
        return ["opens only on this machine or in this network"]
    return ["not encrypted (http)"] if scheme == "http" else []


def _is_inner(host: str) -> bool:
    """Whether readers elsewhere cannot reach a host, by its name or address alone."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        name = host.rstrip(".")
        return "." not in name or name.endswith(_INNER_NAMES)


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return (parts.hostname or "").lower() if parts.scheme in ("http", "https") else ""


def _is_same(one: str, other: str) -> bool:
    """Whether two hosts are one site, give or take a `www.` or another host below it."""
    one, other = one.removeprefix("www."), other.removeprefix("www.")
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")

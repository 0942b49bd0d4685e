"""What a Server's and a stream's settings may be. Pure. Source: spec servers-and-streams 1 and 4.3."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from pillarbox.errors import Problem, Refused
from pillarbox.mail.address import to_ascii
from pillarbox.mail.egress import Egress
from pillarbox.servers.model import COLORS, StreamType, Unsubscribe

LONGEST_NAME = 255
LONGEST_URL = 2048
HIGHEST_THRESHOLD = 30
LONGEST_STREAM_NAME = 100
LONGEST_DESCRIPTION = 1000
UNSUBSCRIBE = {
    StreamType.TRANSACTIONAL: (Unsubscribe.NONE, Unsubscribe.POSTMARK, Unsubscribe.CUSTOM),
    StreamType.BROADCASTS: (Unsubscribe.POSTMARK, Unsubscribe.CUSTOM),
    StreamType.INBOUND: (Unsubscribe.NONE,),
}
"""Who may handle unsubscribes of each type of stream, the default first."""

_COLORS = {color.lower() for color in COLORS}
_MISSPELT = "turqoise"
_UNSUBSCRIBE = {kind.value.lower(): kind for kind in Unsubscribe}
_is_slug = re.compile(r"[a-z][a-z0-9_-]{0,29}").fullmatch
_is_domain = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}"
)
_unfit = re.compile(r"[\x00-\x20\x7f\\]")


def server_name(name: str) -> str:
    """Refuses SERVER_NAME_INVALID."""
    if not name.strip() or len(name) > LONGEST_NAME:
        raise Refused(Problem.SERVER_NAME_INVALID)
    return name


def color(text: str) -> str:
    """A color, in the case in which it was given. Refuses SERVER_COLOR_INVALID."""
    if text.lower() == _MISSPELT:
        return "Turquoise"
    if text.lower() not in _COLORS:
        raise Refused(Problem.SERVER_COLOR_INVALID)
    return text


def spam_threshold(number: int) -> int:
    """Refuses SPAM_THRESHOLD_INVALID."""
    if not 0 <= number <= HIGHEST_THRESHOLD:
        raise Refused(Problem.SPAM_THRESHOLD_INVALID)
    return number


def is_hook_url(url: str, egress: Egress) -> bool:
    """Whether this is an absolute address of the web that does not obviously lead into a private network.

    A name may still do so: whoever connects must judge the address it stands for.
    """
    if len(url) > LONGEST_URL or _unfit.search(url):
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not host:
        return False
    host = host.removesuffix(".")
    if host == "localhost" or host.endswith(".localhost"):
        host = "127.0.0.1"
    last = host.rpartition(".")[2]
    # What ends in a number is an address, be it written 127.1 or 0x7f000001; only plain ones are known to be safe.
    if ":" in host or last.isdigit() or last.startswith("0x"):
        return _is_address(host) and egress.permits(host)
    return True


def inbound_domain(text: str, *, inbound_host: str, hostname: str) -> str:
    """An inbound domain in ASCII and lower case, or ""; `*.domain` stands for everything below a domain.

    Refuses SERVER_NAME_INVALID for one of the installation's own domains, NO_INBOUND_MX for what is no domain.
    """
    domain = text.strip().lower().removesuffix(".")
    if not domain:
        return ""
    wildcard = "*." if domain.startswith("*.") else ""
    try:
        domain = wildcard + to_ascii(domain.removeprefix("*."))
    except ValueError:
        raise Refused(Problem.NO_INBOUND_MX) from None
    if f".{inbound_host.lower()}." in f".{domain}." or domain == hostname.lower():
        raise Refused(Problem.SERVER_NAME_INVALID)
    if not _is_domain.fullmatch(domain.removeprefix("*.")):
        raise Refused(Problem.NO_INBOUND_MX)
    return domain


def stream_slug(slug: str | None) -> str:
    """Refuses STREAM_ID_MISSING, STREAM_ID_INVALID, STREAM_ID_PREFIX, STREAM_ID_RESERVED."""
    if not slug:
        raise Refused(Problem.STREAM_ID_MISSING)
    if not _is_slug(slug):
        raise Refused(Problem.STREAM_ID_INVALID)
    if slug.startswith("pm-"):
        raise Refused(Problem.STREAM_ID_PREFIX)
    if slug == "all":
        raise Refused(Problem.STREAM_ID_RESERVED)
    return slug


def stream_name(name: str | None) -> str:
    """Refuses STREAM_NAME_MISSING, STREAM_NAME_TOO_LONG."""
    if not name or not name.strip():
        raise Refused(Problem.STREAM_NAME_MISSING)
    if len(name) > LONGEST_STREAM_NAME:
        raise Refused(Problem.STREAM_NAME_TOO_LONG)
    return name


def description(text: str | None) -> str | None:
    """Refuses STREAM_DESCRIPTION_TOO_LONG, STREAM_DESCRIPTION_HTML."""
    if text is None:
        return None
    if len(text) > LONGEST_DESCRIPTION:
        raise Refused(Problem.STREAM_DESCRIPTION_TOO_LONG)
    if "<" in text or ">" in text:
        raise Refused(Problem.STREAM_DESCRIPTION_HTML)
    return text


def unsubscribe(word: str | None, kind: StreamType, *, may_be_custom: bool) -> Unsubscribe:
    """Who handles the unsubscribes of a stream of this type; the default of the type when no word is said.

    Refuses UNSUBSCRIBE_INVALID, UNSUBSCRIBE_UNSUPPORTED, UNSUBSCRIBE_CUSTOM_FORBIDDEN.
    """
    if word is None:
        return UNSUBSCRIBE[kind][0]
    chosen = _UNSUBSCRIBE.get(word.lower())
    if chosen is None:
        raise Refused(Problem.UNSUBSCRIBE_INVALID)
    if chosen not in UNSUBSCRIBE[kind]:
        raise Refused(Problem.UNSUBSCRIBE_UNSUPPORTED)
    if chosen is Unsubscribe.CUSTOM and not may_be_custom:
        raise Refused(Problem.UNSUBSCRIBE_CUSTOM_FORBIDDEN)
    return chosen


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True

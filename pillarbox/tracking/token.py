"""The addresses of pixels and tracked links: they name the copy they stand in and where they lead, under a MAC.

    /open/<copy and MAC>
    /u/<copy, subscriber and MAC>
    /3s/<destination without scheme, percent-encoded>/<copy>/<link>/<MAC>      3: http, 3x: with its scheme

Pure, and nothing is looked up to read one: a link goes on leading where the message pointed, for ever, and nowhere
else. Source: spec tracking-and-unsubscribe 1.2 and 2.3.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from pillarbox.tracking.model import ClickLocation

OPEN = "/open/"
UNSUBSCRIBE = "/u/"
HITS = (OPEN, "/3/", "/3s/", "/3x/")
PATHS = (*HITS, UNSUBSCRIBE)
_SCHEMES = {"3": "http://", "3s": "https://", "3x": ""}
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~")
_ENCODED = {code: f"%{code:02X}" for code in range(128) if chr(code) not in _PLAIN}
_POSITION_BITS = 6
_COPY_OCTETS = 9
_MAC_OCTETS = 12
_SUBSCRIBER_OCTETS = 8
_SHORT_MAC_OCTETS = 7
_LONGEST = 8192
_LETTERS = {ClickLocation.HTML: "h", ClickLocation.TEXT: "t"}
_LOCATIONS = {letter: location for location, letter in _LETTERS.items()}


@dataclass(frozen=True, slots=True)
class Copy:
    """One recipient's copy of a message."""

    message_key: int
    position: int

    @property
    def octets(self) -> bytes:
        """The copy as it stands in addresses."""
        return (self.message_key << _POSITION_BITS | self.position).to_bytes(_COPY_OCTETS, "big")

    @classmethod
    def of(cls, octets: bytes) -> "Copy":
        """The copy behind its octets."""
        number = int.from_bytes(octets, "big")
        return cls(number >> _POSITION_BITS, number & (1 << _POSITION_BITS) - 1)


@dataclass(frozen=True, slots=True)
class Link:
    """A tracked link as its address names it."""

    copy: Copy
    url: str
    location: ClickLocation


@dataclass(frozen=True, slots=True)
class Subscription:
    """What an unsubscribe link names: the copy it stood in, and who that was in which stream."""

    copy: Copy
    subscriber: bytes


class Tokens:
    """Makes and reads the addresses of this installation. `secret` is that of the account."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def pixel(self, copy: Copy) -> str:
        """The path of a copy's pixel."""
        octets = copy.octets
        return OPEN + _text(octets + self._mac(b"open", octets))

    def read_pixel(self, path: str) -> Copy | None:
        """The copy whose pixel this is; None for anything this secret did not make."""
        octets = _octets(path.removeprefix(OPEN), _COPY_OCTETS + _MAC_OCTETS)
        if octets is None:
            return None
        copy, mac = octets[:_COPY_OCTETS], octets[_COPY_OCTETS:]
        return Copy.of(copy) if hmac.compare_digest(mac, self._mac(b"open", copy)) else None

    def link(self, link: Link, number: int) -> str:
        """The path that leads to an ASCII URL; `number` tells the links of a body apart."""
        version, target = _split(link.url)
        name = f"{_LETTERS[link.location]}{number}"
        copy = link.copy.octets
        mac = self._mac(b"link", copy, name.encode(), link.url.encode())
        return f"/{version}/{target.translate(_ENCODED)}/{_text(copy)}/{name}/{_text(mac)}"

    def read_link(self, path: bytes) -> Link | None:
        """The link behind a path as it was asked for, still percent-encoded; None for anything forged or broken.

        Some proxies undo the encoding of slashes: the destination is everything between the first part and the
        last three.
        """
        if len(path) > _LONGEST:
            return None
        version, _, rest = path.decode("ascii", "replace").removeprefix("/").partition("/")
        parts = rest.rsplit("/", 3)
        if len(parts) != 4 or version not in _SCHEMES:
            return None
        target, copy_text, name, mac_text = parts
        copy, mac = _octets(copy_text, _COPY_OCTETS), _octets(mac_text, _MAC_OCTETS)
        location = _LOCATIONS.get(name[:1])
        if copy is None or mac is None or location is None:
            return None
        url = _SCHEMES[version].encode() + unquote_to_bytes(target)
        genuine = hmac.compare_digest(mac, self._mac(b"link", copy, name.encode(), url))
        return Link(Copy.of(copy), url.decode("ascii"), location) if genuine else None

    def unsubscribe(self, copy: Copy, stream_key: int, address: str) -> str:
        """The path of a copy's unsubscribe link; `address` is lower-case.

        Short, because some hosts refuse mail with long ones. It names the subscriber, too, so that it can outlive
        the message (`subscribers`).
        """
        octets = copy.octets + self.subscriber(stream_key, address)
        return UNSUBSCRIBE + _text(octets + self._mac(b"unsubscribe", octets)[:_SHORT_MAC_OCTETS])

    def read_unsubscribe(self, token: str) -> "Subscription | None":
        """What is behind such a link, without the path before it; None for anything forged or broken."""
        octets = _octets(token, _COPY_OCTETS + _SUBSCRIBER_OCTETS + _SHORT_MAC_OCTETS)
        if octets is None:
            return None
        named, mac = octets[:-_SHORT_MAC_OCTETS], octets[-_SHORT_MAC_OCTETS:]
        genuine = self._mac(b"unsubscribe", named)[:_SHORT_MAC_OCTETS]
        if not hmac.compare_digest(mac, genuine):
            return None
        return Subscription(Copy.of(named[:_COPY_OCTETS]), named[_COPY_OCTETS:])

    def subscriber(self, stream_key: int, address: str) -> bytes:
        """What stands for a lower-case address in a stream."""
        return self._mac(b"subscriber", str(stream_key).encode(), address.encode())[
            :_SUBSCRIBER_OCTETS
        ]

    def _mac(self, *parts: bytes) -> bytes:
        return hmac.digest(self._secret, b"\0".join((b"tracking", *parts)), "sha256")[:_MAC_OCTETS]


def _split(url: str) -> tuple[str, str]:
    for version in ("3s", "3"):
        if url.startswith(_SCHEMES[version]):
            return version, url[len(_SCHEMES[version]) :]
    return "3x", url


def _text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).decode("ascii")


def _octets(text: str, size: int) -> bytes | None:
    """The octets behind a text; both sizes are multiples of three, so that there is exactly one text for each."""
    if len(text) != size // 3 * 4:
        return None
    try:
        octets = urlsafe_b64decode(text)
    except (NotBase64, ValueError):
        return None
    return octets if _text(octets) == text else None

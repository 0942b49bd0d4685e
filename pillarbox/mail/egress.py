"""Which addresses this service may connect to: the guard behind deliveries and webhooks.

Pure: it judges an address, never a name. Callers connect to the very address that was judged.
"""

from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)

# The IANA special-purpose registries as a list of our own: the meaning of `is_global` differs
# between Python releases.
_REFUSED_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network, unspecified
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; one cloud's metadata service lives here too
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's metadata service on a public address
        "169.254.0.0/16",  # link-local, metadata
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments; metadata of one more cloud
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")
_REFUSED_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo
        "2001:db8::/32",  # documentation
        "3fff::/20",
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_6TO4 = IPv6Network("2002::/16")

Network = IPv4Network | IPv6Network


class Egress:
    """Refuses every address that is not on the public internet, unless its network is allowed."""

    __slots__ = ("_allow_4", "_allow_6")

    def __init__(self, allow: Sequence[Network]) -> None:
        self._allow_4 = tuple(_spans(net for net in allow if isinstance(net, IPv4Network)))
        self._allow_6 = tuple(_spans(net for net in allow if isinstance(net, IPv6Network)))

    def permits(self, ip: str) -> bool:
        """Whether a connection to this address is allowed.

        IPv4 addresses inside IPv6 (mapped, NAT64, 6to4) are judged as what they lead to, Teredo
        is always refused, and so is anything that is not a plain literal address: names, zone
        ids, octal or short forms.
        Source: RFC 6890 registries, RFC 4291 2.5.5, RFC 6052, RFC 3056; design/quality.md 3 (SSRF).
        """
        try:
            address = ip_address(ip)
        except ValueError:
            return False
        if isinstance(address, IPv4Address):
            return self._permits_4(int(address))
        return address.scope_id is None and self._permits_6(address)

    def _permits_4(self, number: int) -> bool:
        return _inside(number, self._allow_4) or not _inside(number, _SPANS_4)

    def _permits_6(self, address: IPv6Address) -> bool:
        if address.ipv4_mapped is not None:  # the kernel opens an IPv4 connection for it
            return self._permits_4(int(address.ipv4_mapped))
        number = int(address)
        if _inside(number, self._allow_6):
            return True
        if address in _NAT64:
            return self._permits_4(number & 0xFFFFFFFF)
        if address in _6TO4:
            return self._permits_4(number >> 80 & 0xFFFFFFFF)
        return address in _GLOBAL_6 and not _inside(number, _SPANS_6)


def _spans(networks: Iterable[Network]) -> Iterable[tuple[int, int]]:
    return ((int(net.network_address), int(net.broadcast_address)) for net in networks)


def _inside(number: int, spans: Iterable[tuple[int, int]]) -> bool:
    return any(first <= number <= last for first, last in spans)


_SPANS_4 = tuple(_spans(_REFUSED_4))
_SPANS_6 = tuple(_spans(_REFUSED_6))

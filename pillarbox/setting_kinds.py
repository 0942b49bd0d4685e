"""How the text of a setting becomes its value. Each raises ValueError with what was expected."""

import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Endpoint = tuple[str, int]
Network = IPv4Network | IPv6Network
_HOST_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\.?")


def endpoint(value: str) -> Endpoint:
    """host:port; without a host all interfaces."""
    host, colon, port = value.strip().rpartition(":")
    if not colon or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError("expected host:port")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - ":25" is the usual way to say all interfaces


def endpoints(value: str) -> tuple[Endpoint, ...]:
    """Several, separated by commas."""
    return tuple(endpoint(part) for part in value.split(",") if part.strip())


def names(value: str) -> tuple[str, ...]:
    """Words separated by commas."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


def networks(value: str) -> tuple[Network, ...]:
    """Networks, or single addresses, separated by commas."""
    return tuple(ip_network(part, strict=False) for part in names(value))


def number(low: int, high: int) -> Callable[[str], int]:
    """A whole number in this range."""

    def read(value: str) -> int:
        found = int(value)
        if not low <= found <= high:
            raise ValueError(f"expected a number from {low} to {high}")
        return found

    return read


def one_of(*choices: str) -> Callable[[str], str]:
    """One of these words, in any case."""

    def read(value: str) -> str:
        if value.lower() not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}")
        return value.lower()

    return read


def minutes(value: str) -> tuple[int, ...]:
    """Numbers of minutes, separated by commas."""
    return tuple(number(0, 10_000)(part) for part in names(value))


def switch(value: str) -> bool:
    """On or off, and what others say for it."""
    word = value.strip().lower()
    if word in ("on", "true", "1", "yes"):
        return True
    if word in ("off", "false", "0", "no"):
        return False
    raise ValueError("expected on or off")


def name_servers(value: str) -> tuple[str, ...]:
    """IP addresses of name servers, with or without a port, separated by commas."""
    for part in names(value):
        try:
            ip_address(part.strip("[]"))
        except ValueError:
            try:
                ip_address(endpoint(part)[0])
            except ValueError:
                raise ValueError("expected IP addresses, with or without a port") from None
    return names(value)


def host_name(value: str) -> str:
    """A name that may stand in SMTP commands, headers and DNS records; empty for the default."""
    if value and not _HOST_NAME.fullmatch(value):
        raise ValueError("expected a host name of ASCII letters, digits, hyphens and dots")
    return value.removesuffix(".")


def host(name: str) -> str:
    """A host name in lower case, without a dot at its end."""
    return name.strip().removesuffix(".").lower()


def http_url(value: str) -> str:
    """An http or https URL without a slash at its end."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("expected an http or https address")
    return value.rstrip("/")


def relay_url(value: str) -> str:
    """An smtp or smtps URL."""
    parts = urlsplit(value)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.port == 0:
        raise ValueError("expected smtp://[user:pass@]host:port or smtps://...")
    return value


def spam_url(value: str) -> tuple[str, str, int]:
    """Which program scores mail, and its host and port."""
    parts, ports = urlsplit(value), {"spamd": 783, "rspamd": 11333}
    if parts.scheme not in ports or not parts.hostname:
        raise ValueError("expected spamd://host:port or rspamd://host:port")
    return parts.scheme, parts.hostname, parts.port or ports[parts.scheme]

"""Names of domains as they may be registered. Pure. Source: spec domains-and-signatures 2.3 and 3.3."""

import re

from pillarbox.domains.providers import PUBLIC_PROVIDERS
from pillarbox.mail.address import to_ascii

LONGEST = 225
"""With the name of a DKIM record in front (28 characters) it must fit into 253."""
_LABEL = r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?"
_domain = re.compile(rf"(?:{_LABEL}\.)+(?!\d+$){_LABEL}").fullmatch
_destination = re.compile(r"[a-z0-9_\-]+(?:\.[a-z0-9_\-]+)*|\[[a-z0-9.:]+\]").fullmatch
_EXAMPLES = ("example.com", "example.net", "example.org", "example")


def read_domain(text: str) -> str | None:
    """A domain in lower-case ASCII, without the dot that may end it; None when this is no name of a domain."""
    try:
        name = to_ascii(text.strip()).lower().removesuffix(".")
    except ValueError:
        return None
    return name if len(name) <= LONGEST and _domain(name) else None


def read_destination(text: str) -> str | None:
    """What mail can go to, as lanes of the queue are named: a domain, or an address literal; None for neither."""
    try:
        name = to_ascii(text.strip()).lower().removesuffix(".")
    except ValueError:
        return None
    return name if len(name) <= 255 and _destination(name) else None


def read_host_below(text: str, domain: str) -> str | None:
    """The name of a host below a domain, None when it is none."""
    host = read_domain(text)
    return host if host is not None and host.endswith(f".{domain}") else None


def is_public(domain: str) -> bool:
    """Whether anybody can get an address at this domain (lower-case)."""
    return domain in PUBLIC_PROVIDERS


def is_example(domain: str) -> bool:
    """Whether this domain (lower-case) is reserved for examples (RFC 2606)."""
    return domain in _EXAMPLES or domain.endswith(tuple(f".{name}" for name in _EXAMPLES))

"""What a recipient's address means here, before anything is looked up. Pure. Source: spec inbound 1.2.

return path with a good MAC          -> a bounce
the address for complaints           -> a complaint
<hash>[+anything]@<inbound domain>   -> the Server with that hash
anything@<any other domain>          -> the Server with that inbound domain, or the nearest wildcard above it
the rest                             -> nobody's
"""

import re
from dataclasses import dataclass

from pillarbox.mail.address import to_ascii
from pillarbox.mail.verp import ReturnPaths
from pillarbox.received.model import Route

COMPLAINTS = "fbl"
"""The local part, at the host that takes bounces, to which feedback loops send complaints."""
MAX_LABELS = 10

_hash = re.compile(r"[0-9a-f]{32}").fullmatch
_domain = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+").fullmatch


@dataclass(frozen=True, slots=True)
class OneOf:
    """The inbox with the first of these names: an inbound hash, or domains. Never empty."""

    names: tuple[str, ...]


class Sorter:
    """Sorts the recipients of one installation."""

    def __init__(
        self, *, inbound_domain: str, return_path_host: str, return_paths: ReturnPaths
    ) -> None:
        self._inbound_domain = inbound_domain.lower()
        self._return_path_host = return_path_host.lower()
        self._return_paths = return_paths

    def sort(self, address: str) -> Route | OneOf | None:
        """Where mail to an address goes; None: it belongs to nobody here."""
        if self._return_paths.read(address) is not None:
            return Route.BOUNCE
        local, _, domain = address.rpartition("@")
        try:
            domain = to_ascii(domain).lower()
        except ValueError:
            return None
        if domain == self._return_path_host and local.lower() == COMPLAINTS:
            return Route.COMPLAINT
        if domain == self._inbound_domain:
            name = local.partition("+")[0].lower()
            return OneOf((name,)) if _hash(name) else None
        return OneOf(_candidates(domain)) if local and _domain(domain) else None


def _candidates(domain: str) -> tuple[str, ...]:
    """The domain, then the wildcards that cover it, the nearest first."""
    labels = domain.split(".")[-MAX_LABELS:]
    above = [f"*.{'.'.join(labels[start:])}" for start in range(1, len(labels))]
    return (domain, *above)

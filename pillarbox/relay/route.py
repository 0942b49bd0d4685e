"""Where a copy goes: to a remote host, or nowhere because it ends here. Pure. Source: spec sending 10."""

from dataclasses import dataclass

from pillarbox.bounces.model import BounceType, fake_type

BOUNCE_TESTING = "bounce-testing.postmarkapp.com"
BLACKHOLE = "blackhole.postmarkapp.com"


@dataclass(frozen=True, slots=True)
class Remote:
    """The copy leaves the machine."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The copy counts as delivered without leaving; `where` is shown as its destination."""

    where: str


@dataclass(frozen=True, slots=True)
class FakeBounce:
    """The copy bounces as the sender asked for."""

    type: BounceType


Route = Remote | Ends | FakeBounce


def choose(recipient: str, *, bounce_type: str | None, is_sandboxed: bool, mode: str) -> Route:
    """Where one copy goes under the delivery mode (`capture`, `relay` or `direct`)."""
    local, _, domain = recipient.rpartition("@")
    domain = domain.lower()
    if domain == BOUNCE_TESTING:
        return FakeBounce(fake_type(local, bounce_type))
    if domain == BLACKHOLE:
        return Ends("blackhole")
    if is_sandboxed:
        return Ends("sandbox")
    return Ends("capture") if mode == "capture" else Remote()

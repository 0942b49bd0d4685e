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


@dataclass(frozen=True, slots=True, kw_only=True)
class Endings:
    """What ends here: the delivery mode (`capture`, `relay` or `direct`), and the domains made for testing."""

    mode: str
    bounce_testing: frozenset[str] = frozenset({BOUNCE_TESTING})
    blackholes: frozenset[str] = frozenset({BLACKHOLE})


def choose(
    recipient: str, endings: Endings, *, bounce_type: str | None, is_sandboxed: bool
) -> Route:
    """Where one copy goes. `bounce_type` is the header X-PM-Bounce-Type: in a sandbox it counts for everybody."""
    local, _, domain = recipient.rpartition("@")
    domain = domain.lower()
    if domain in endings.bounce_testing:
        return FakeBounce(fake_type(local, bounce_type))
    if domain in endings.blackholes:
        return Ends("blackhole")
    if is_sandboxed:
        asked = (bounce_type or "").strip()
        return FakeBounce(fake_type("", asked)) if asked else Ends("sandbox")
    return Ends("capture") if endings.mode == "capture" else Remote()

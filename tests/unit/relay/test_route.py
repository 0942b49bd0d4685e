"""Which copies leave. Source: spec sending 10."""

import pytest

from pillarbox.bounces.model import BounceType
from pillarbox.relay.route import Endings, Ends, FakeBounce, Remote, choose

DIRECT = Endings(mode="direct")
OWN = Endings(
    mode="direct",
    bounce_testing=frozenset({"bounce.example"}),
    blackholes=frozenset({"hole.example"}),
)


@pytest.mark.parametrize(
    ("recipient", "endings", "is_sandboxed", "way"),
    [
        ("ann@one.example", DIRECT, False, Remote()),
        ("ann@one.example", Endings(mode="relay"), False, Remote()),
        ("ann@one.example", Endings(mode="capture"), False, Ends("capture")),
        ("ann@one.example", DIRECT, True, Ends("sandbox")),
        ("ann@one.example", Endings(mode="capture"), True, Ends("sandbox")),
        ("test@blackhole.postmarkapp.com", DIRECT, False, Ends("blackhole")),
        ("x@BLACKHOLE.postmarkapp.com", DIRECT, True, Ends("blackhole")),
        ("x@hole.example", OWN, False, Ends("blackhole")),
        ("x@hole.example", DIRECT, False, Remote()),
        ("x@sub.blackhole.postmarkapp.com", DIRECT, False, Remote()),
        (
            "soft_bounce@bounce-testing.postmarkapp.com",
            DIRECT,
            False,
            FakeBounce(BounceType.SOFT_BOUNCE),
        ),
        ("BLOCKED@Bounce-Testing.postmarkapp.com", DIRECT, True, FakeBounce(BounceType.BLOCKED)),
        (
            "whatever@bounce-testing.postmarkapp.com",
            DIRECT,
            False,
            FakeBounce(BounceType.HARD_BOUNCE),
        ),
        ("transient@bounce.example", OWN, False, FakeBounce(BounceType.TRANSIENT)),
    ],
)
def test_where_a_copy_goes(recipient, endings, is_sandboxed, way):
    assert choose(recipient, endings, bounce_type=None, is_sandboxed=is_sandboxed) == way


@pytest.mark.parametrize(
    ("recipient", "header", "is_sandboxed", "way"),
    [
        (
            "SoftBounce@bounce-testing.postmarkapp.com",
            "Blocked",
            False,
            FakeBounce(BounceType.BLOCKED),
        ),
        (
            "x@bounce-testing.postmarkapp.com",
            "dmarc_policy",
            False,
            FakeBounce(BounceType.DMARC_POLICY),
        ),
        ("ann@one.example", "Blocked", False, Remote()),
        ("ann@one.example", "Blocked", True, FakeBounce(BounceType.BLOCKED)),
        ("ann@one.example", "nonsense", True, FakeBounce(BounceType.HARD_BOUNCE)),
        ("ann@one.example", " ", True, Ends("sandbox")),
        ("x@blackhole.postmarkapp.com", "Blocked", True, Ends("blackhole")),
    ],
)
def test_the_header(recipient, header, is_sandboxed, way):
    assert choose(recipient, DIRECT, bounce_type=header, is_sandboxed=is_sandboxed) == way

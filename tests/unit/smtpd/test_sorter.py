"""Which recipients belong here. Source: spec inbound 1.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mail.verp import ReturnPaths
from pillarbox.received.model import Route
from pillarbox.smtpd.sorter import OneOf, Sorter

PATHS = ReturnPaths(secret=b"s" * 16)
HASH = "3f0c9a7be2d14c55a0b1d2e3f4051627"
SORTER = Sorter(
    inbound_domain="in.platform.example",
    return_path_host="mx.platform.example",
    return_paths=PATHS,
)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (f"{HASH}@in.platform.example", OneOf((HASH,))),
        (f"{HASH.upper()}@IN.Platform.Example", OneOf((HASH,))),
        (f"{HASH}+ticket-88Xy@in.platform.example", OneOf((HASH,))),
        (f"{HASH}+a+b@in.platform.example", OneOf((HASH,))),
        (f"{HASH}0@in.platform.example", None),
        (f"{HASH[1:]}@in.platform.example", None),
        ("postmaster@in.platform.example", None),
        ("", None),
        ("postmaster", None),
        ("a@localhost", None),
        ("a@[127.0.0.1]", None),
        ("a@[IPv6:::1]", None),
        ("a@*.example", None),
        ("fbl@mx.platform.example", Route.COMPLAINT),
        ("FBL@MX.platform.example", Route.COMPLAINT),
        ("fbl@corp.example", OneOf(("corp.example", "*.example"))),
        (
            "any.thing+x@a.b.corp.example",
            OneOf(("a.b.corp.example", "*.b.corp.example", "*.corp.example", "*.example")),
        ),
        ('"a b"@corp.example', OneOf(("corp.example", "*.example"))),
        ("a@BÜCHER.example", OneOf(("xn--bcher-kva.example", "*.example"))),
        (PATHS.make(77, "mx.platform.example"), Route.BOUNCE),
        (PATHS.make(77, "bounces.customer.example").upper(), Route.BOUNCE),
        (
            "pm_bounces+aaaaaaaaaaaaaaaaaaaaaaaa@mx.platform.example",
            OneOf(("mx.platform.example", "*.platform.example", "*.example")),
        ),
    ],
)
def test_where_mail_goes(address, expected):
    assert SORTER.sort(address) == expected


def test_a_return_path_of_another_secret_is_no_return_path():
    forged = ReturnPaths(secret=b"t" * 16).make(77, "in.platform.example")
    assert SORTER.sort(forged) is None


def test_a_long_name_asks_for_few_wildcards():
    found = SORTER.sort("a@" + "x." * 100 + "example")
    assert isinstance(found, OneOf)
    assert len(found.names) <= 10


@given(st.text())
def test_any_text_is_sorted(text):
    SORTER.sort(text)
    SORTER.sort(f"{text}@in.platform.example")
    SORTER.sort(f"a@{text}")

"""The guard against requests to inner networks (SSRF)."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mail.egress import Egress

STRICT = Egress([])
LOOPBACK = Egress([ip_network("127.0.0.0/8"), ip_network("::1/128")])

PRIVATE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200",
    "127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
    "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "172.32.0.1",
          "192.0.1.1", "192.167.1.1", "198.20.0.1", "223.255.255.255"]  # fmt: skip


def forms(ip: str) -> list[str]:
    """The same IPv4 address in the clothes of IPv6."""
    number = int(ip_address(ip))
    high, low = f"{number >> 16:x}", f"{number & 0xFFFF:x}"
    return [
        f"::ffff:{ip}",
        f"::ffff:{high}:{low}",
        f"::{high}:{low}",
        f"64:ff9b::{ip}",
        f"64:ff9b:1::{ip}",
        f"2002:{high}:{low}::1",
        f"2001:0:4136:e378:8000:63bf:{~number >> 16 & 0xFFFF:x}:{~number & 0xFFFF:x}",
    ]


@pytest.mark.parametrize("ip", PRIVATE)
def test_private_and_special_addresses_are_refused(ip):
    assert not STRICT.permits(ip)


@pytest.mark.parametrize("ip", PRIVATE)
def test_their_forms_inside_ipv6_are_refused(ip):
    assert [form for form in forms(ip) if STRICT.permits(form)] == []


@pytest.mark.parametrize("ip", PUBLIC)
def test_public_addresses_are_permitted(ip):
    assert STRICT.permits(ip)
    assert STRICT.permits(f"::ffff:{ip}")
    assert STRICT.permits(f"64:ff9b::{ip}")


@pytest.mark.parametrize(
    "ip",
    ["::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1",
     "2001::1", "2001:10::1", "100::1", "3fff::1", "5f00::1", "4000::1", "e000::1"],
)  # fmt: skip
def test_special_ipv6_addresses_are_refused(ip):
    assert not STRICT.permits(ip)


@pytest.mark.parametrize("ip", ["2a00:1450:4001::1a", "2001:4860:4860::8888", "2606:4700::1111"])
def test_public_ipv6_addresses_are_permitted(ip):
    assert STRICT.permits(ip)


@pytest.mark.parametrize(
    "text",
    ["", "localhost", "b.example", "0177.0.0.1", "2130706433", "0x7f.1", "127.1", "1.1.1.1 ",
     "[::1]", "1.1.1.1/32", "1.1.1.1:80", "2606:4700::1111%eth0", "fe80::1%1", "1.1.1.1\0"],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(text):
    assert not STRICT.permits(text)
    assert not LOOPBACK.permits(text)


def test_an_allowed_network_is_permitted_and_no_more():
    assert LOOPBACK.permits("127.0.0.1")
    assert LOOPBACK.permits("::1")
    assert LOOPBACK.permits("::ffff:127.0.0.1")
    assert LOOPBACK.permits("1.1.1.1")
    assert not LOOPBACK.permits("10.0.0.1")
    assert not LOOPBACK.permits("fe80::1")


@given(st.ip_addresses(v=4))
def test_a_private_address_never_gets_through_by_another_form(ip):
    if ip.is_private or ip.is_multicast or ip.is_link_local or ip.is_loopback or ip.is_unspecified:
        assert not STRICT.permits(str(ip))
        assert not any(STRICT.permits(form) for form in forms(str(ip)))


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_that_python_calls_private_is_refused(ip):
    leads_to_ipv4 = ip.ipv4_mapped or ip.sixtofour or ip in ip_network("64:ff9b::/96")
    if not leads_to_ipv4 and (ip.is_private or ip.is_multicast or ip.is_reserved):
        assert not STRICT.permits(str(ip))

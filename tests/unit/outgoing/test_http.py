"""The outgoing HTTP client and the attacks it stands against. Source: design/quality.md 3, SSRF."""

import socket
import ssl
from contextlib import asynccontextmanager
from ipaddress import ip_network

import pytest

from pillarbox.mail.egress import Egress
from pillarbox.outgoing.http import Cause, Client, NoAnswer, Request
from tests.doubles import certificate
from tests.doubles.dns import NXDOMAIN, SERVFAIL, DnsZone
from tests.doubles.hook import HookSink

ONE = Egress([ip_network("127.0.0.1/32")])
STRICT = Egress([])


@asynccontextmanager
async def client(zone=None, egress=ONE, tls=None):
    async with (
        DnsZone(zone or {}) as names,
        Client(dns_servers=[names.address], egress=egress, tls=tls) as made,
    ):
        yield made


async def post(made, url, headers=None, *, bound=(), timeout_s=5.0, body=b"{}"):
    request = Request(url, body, tuple((headers or {}).items()), frozenset(bound))
    return await made.post(request, timeout_s=timeout_s)


async def cause(made, url, **options) -> Cause:
    with pytest.raises(NoAnswer) as refused:
        await post(made, url, **options)
    return refused.value.cause


async def test_posting():
    zone = {"hooks.example": {"A": ["127.0.0.1"]}}
    async with HookSink() as sink, client(zone) as made:
        sink.status = 418
        url = sink.url("/a%2Fb?x=%20y&z", host="hooks.example", user="u:p@")
        assert await post(made, url, {"X-A": "1"}) == 418
        [hit] = sink.hits
        assert hit.target == "/a%2Fb?x=%20y&z"
        assert hit.body == b"{}"
        assert dict(hit.headers) == {
            "Host": f"hooks.example:{sink.port}",
            "X-A": "1",
            "Content-Length": "2",
            "Content-Type": "application/octet-stream",
        }


async def test_a_header_may_be_repeated():
    twice = (("X-A", "1"), ("X-A", "2"))
    async with HookSink() as sink, client() as made:
        await made.post(Request(sink.url(), b"{}", twice), timeout_s=5)
        assert sink.hits[0].headers.getall("X-A") == ["1", "2"]


async def test_connections_are_kept():
    async with HookSink() as sink, client() as made:
        for _ in range(3):
            assert await post(made, sink.url()) == 200
        assert len((await made._open())._session.connector._conns) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"])
async def test_a_literal_address_is_judged(host):
    async with HookSink() as sink, client(egress=STRICT) as made:
        assert await cause(made, sink.url(host=host)) is Cause.REFUSED
        assert sink.hits == []


@pytest.mark.parametrize(
    ("kind", "ip"),
    [
        ("A", "127.0.0.1"), ("A", "10.0.0.1"), ("A", "100.64.0.1"), ("A", "169.254.169.254"),
        ("A", "192.168.1.1"), ("AAAA", "::1"), ("AAAA", "::ffff:127.0.0.1"), ("AAAA", "64:ff9b::7f00:1"),
        ("AAAA", "2002:7f00:1::"), ("AAAA", "fe80::1"), ("AAAA", "fd00:ec2::254"),
    ],
)  # fmt: skip
async def test_a_name_that_leads_inside_is_refused(kind, ip):
    async with client({"inner.example": {kind: [ip]}}, egress=STRICT) as made:
        assert await cause(made, "http://inner.example/") is Cause.REFUSED


@pytest.mark.parametrize("name", ["localhost", "app.LOCALHOST."])
async def test_localhost_is_this_machine_without_asking_dns(name):
    async with HookSink() as sink, client({"localhost": SERVFAIL}) as made:
        assert await post(made, sink.url(host=name)) == 200
    async with client(egress=STRICT) as made:
        assert await cause(made, f"http://{name}:{sink.port}/") is Cause.REFUSED


async def test_of_several_addresses_only_permitted_ones_are_tried():
    zone = {"both.example": {"A": ["127.0.0.2", "127.0.0.1"], "AAAA": ["::1"]}}
    async with HookSink() as sink, client(zone) as made:
        assert await post(made, sink.url(host="both.example")) == 200
        assert len(sink.hits) == 1


async def test_dns_rebinding_between_two_calls():
    records = {"A": ["127.0.0.1"]}
    async with (
        HookSink() as sink,
        DnsZone({"turn.example": records}, ttl=0) as names,
        Client(dns_servers=[names.address], egress=ONE) as made,
    ):
        url = sink.url(host="turn.example")
        assert await post(made, url) == 200
    records["A"] = ["127.0.0.2"]
    async with (
        HookSink(host="127.0.0.2") as inner,
        DnsZone({"turn.example": records}) as names,
        Client(dns_servers=[names.address], egress=ONE) as made,
    ):
        assert await cause(made, inner.url(host="turn.example")) is Cause.REFUSED
        assert inner.hits == []


async def test_dns_rebinding_between_check_and_connection():
    """What the resolver lets through is judged once more where the socket is made."""
    async with HookSink(host="127.0.0.2") as inner, client() as made:
        session = await made._open()
        info = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", inner.port))
        with pytest.raises(OSError):
            session._socket(info)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1"])
async def test_numbers_that_systems_take_for_an_address(host):
    async with HookSink() as sink, client(egress=STRICT) as made:
        refused = (Cause.NO_NAME, Cause.REFUSED, Cause.BROKEN)
        assert await cause(made, sink.url(host=host)) in refused
        assert sink.hits == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed_with_the_same_body(status):
    async with HookSink() as first, HookSink() as second, client() as made:
        first.status, first.location = status, second.url("/next?a=b")
        second.status = 202
        assert await post(made, first.url(), body=b'{"a":1}') == 202
        assert [(hit.target, hit.body) for hit in second.hits] == [("/next?a=b", b'{"a":1}')]


async def test_a_redirect_to_an_inner_address_is_refused():
    zone = {"inner.example": {"A": ["127.0.0.2"]}}
    async with HookSink() as first, HookSink(host="127.0.0.2") as inner, client(zone) as made:
        first.status = 302
        for target in (inner.url(), inner.url(host="inner.example"), "http://169.254.169.254/"):
            first.location = target
            assert await cause(made, first.url()) is Cause.REFUSED
        assert inner.hits == []


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://a.example/"]
)
async def test_a_redirect_to_another_protocol_is_not_followed(target):
    async with HookSink() as sink, client() as made:
        sink.status, sink.location = 302, target
        assert await post(made, sink.url()) == 302


async def test_a_redirect_elsewhere_gets_no_secrets():
    async with HookSink() as first, HookSink() as other, client() as made:
        first.status, first.location = 307, other.url()
        headers = {"authorization": "Basic x", "x-key": "y", "accept": "application/json"}
        bound = ("authorization", "x-key")
        assert await post(made, first.url(), headers, bound=bound) == 200
        assert "Authorization" not in other.hits[0].headers
        assert "X-Key" not in other.hits[0].headers
        assert other.hits[0].headers["Accept"] == "application/json"


async def test_a_redirect_at_the_same_place_keeps_them():
    async with HookSink() as sink, client() as made:
        sink.status, sink.location = lambda _: 302 if len(sink.hits) == 1 else 200, "/next"
        assert await post(made, sink.url(), {"authorization": "x"}, bound=("authorization",)) == 200
        assert [hit.headers["Authorization"] for hit in sink.hits] == ["x", "x"]


async def test_redirects_end():
    async with HookSink() as sink, client() as made:
        sink.status, sink.location = 302, "/again"
        assert await cause(made, sink.url()) is Cause.TOO_MANY_HOPS
        assert len(sink.hits) == 11


async def test_a_redirect_without_a_target():
    async with HookSink() as sink, client() as made:
        sink.status = 302
        assert await post(made, sink.url()) == 302


async def test_an_answer_without_end_is_not_read():
    async with HookSink() as sink, client() as made:
        sink.body = b"x" * 5_000_000
        assert await post(made, sink.url()) == 200


async def test_waiting_ends():
    async with HookSink() as sink, client() as made:
        sink.is_silent = True
        assert await cause(made, sink.url(), timeout_s=0.05) is Cause.TIMEOUT


async def test_names_that_lead_nowhere():
    zone = {"none.example": NXDOMAIN, "broken.example": SERVFAIL, "empty.example": {"TXT": ["x"]}}
    async with client(zone) as made:
        for name in zone:
            assert await cause(made, f"http://{name}/") is Cause.NO_NAME


async def test_nobody_there():
    async with HookSink() as gone:
        url = gone.url()
    async with client() as made:
        assert await cause(made, url) is Cause.NO_CONNECTION


async def test_a_certificate_must_be_valid():
    async with HookSink(ssl=certificate.server_context()) as sink:
        async with client() as made:
            assert await cause(made, sink.url()) is Cause.TLS
        trusting = ssl.create_default_context(cafile=certificate.certificate_file())
        async with client(tls=trusting) as made:
            assert await post(made, sink.url()) == 200
        async with client({"other.example": {"A": ["127.0.0.1"]}}, tls=trusting) as made:
            assert await cause(made, sink.url(host="other.example")) is Cause.TLS


async def test_proxies_of_the_environment_are_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.2:9")
    async with HookSink() as sink, client() as made:
        assert await post(made, sink.url()) == 200


async def test_getting():
    async with HookSink() as sink, client() as made:
        sink.body = b"x" * 300_000
        answer = await made.get(Request(sink.url("/a?b")), timeout_s=5, most=300_000)
        assert (answer.status, answer.body) == (200, sink.body)
        [hit] = sink.hits
        assert (hit.target, hit.body, dict(hit.headers)) == (
            "/a?b",
            b"",
            {"Host": f"127.0.0.1:{sink.port}"},
        )
        with pytest.raises(NoAnswer) as refused:
            await made.get(Request(sink.url()), timeout_s=5, most=299_999)
        assert refused.value.cause is Cause.TOO_LONG


async def test_getting_passes_the_same_gate():
    async with HookSink() as sink, client(egress=STRICT) as made:
        with pytest.raises(NoAnswer) as refused:
            await made.get(Request(sink.url()), timeout_s=5, most=10)
        assert refused.value.cause is Cause.REFUSED
        assert sink.hits == []

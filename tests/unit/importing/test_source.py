"""Reading from an account that is in no good mood."""

from contextlib import asynccontextmanager
from ipaddress import ip_network

import pytest

from pillarbox.importing.source import PAUSES_S, Kind, Source, SourceFailed
from pillarbox.mail.egress import Egress
from pillarbox.outgoing.http import Client
from tests.doubles.dns import DnsZone
from tests.doubles.hook import HookSink

INNER = Egress([ip_network("127.0.0.0/8")])


@asynccontextmanager
async def source(base_url, pause, egress=INNER):
    async with DnsZone({}) as names, Client(dns_servers=[names.address], egress=egress) as client:
        yield Source(client, base_url, pause=pause)


def pauses(at=None, then=lambda: None):
    """Pauses that take no time but are counted; after the `at`-th something else happens."""
    made = []

    async def pause(seconds):
        made.append(seconds)
        if len(made) == at:
            then()

    return made, pause


async def test_a_page_is_read():
    made, pause = pauses()
    async with HookSink() as sink, source(f"http://127.0.0.1:{sink.port}/", pause) as reading:
        body = await reading.get(Kind.ACCOUNT, "secret", "/servers", count=500, offset=0)
        (hit,) = sink.hits
    assert body == b"ok"
    assert hit.target == "/servers?count=500&offset=0"
    assert hit.headers["X-Postmark-Account-Token"] == "secret"
    assert made == []


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_haste_and_failures_are_waited_out(status):
    async with HookSink() as sink:
        sink.status = status
        made, pause = pauses(3, lambda: setattr(sink, "status", 200))
        async with source(f"http://127.0.0.1:{sink.port}", pause) as reading:
            assert await reading.get(Kind.SERVER, "secret", "/server") == b"ok"
    assert made == list(PAUSES_S[:3])


async def test_patience_ends_with_words():
    async with HookSink() as sink:
        sink.status = 429
        made, pause = pauses()
        async with source(f"http://127.0.0.1:{sink.port}", pause) as reading:
            with pytest.raises(SourceFailed, match="answered with 429; tried 8 times"):
                await reading.get(Kind.SERVER, "secret", "/server")
    assert made == list(PAUSES_S)


async def test_a_server_that_is_away_is_waited_for():
    async with HookSink() as sink:
        port = sink.port
    made, pause = pauses()
    async with source(f"http://127.0.0.1:{port}", pause) as reading:
        with pytest.raises(SourceFailed, match="no connection could be made"):
            await reading.get(Kind.SERVER, "secret", "/server")
    assert made == list(PAUSES_S)


@pytest.mark.parametrize(
    ("status", "text"), [(401, "the token is not accepted"), (422, "answered with 422: ok")]
)
async def test_what_no_patience_mends_ends_at_once(status, text):
    made, pause = pauses()
    async with HookSink() as sink, source(f"http://127.0.0.1:{sink.port}", pause) as reading:
        sink.status = status
        with pytest.raises(SourceFailed, match=text) as problem:
            await reading.get(Kind.SERVER, "secret", "/server")
    assert "secret" not in str(problem.value)
    assert made == []


async def test_inner_networks_are_not_read():
    made, pause = pauses()
    async with (
        HookSink() as sink,
        source(f"http://127.0.0.1:{sink.port}", pause, Egress([])) as reading,
    ):
        with pytest.raises(SourceFailed, match="EGRESS_ALLOW"):
            await reading.get(Kind.SERVER, "secret", "/server")
        assert sink.hits == []
    assert made == []

"""What one attempt tells of the hosts that it asked."""

import pytest

from pillarbox.mail.smtp_model import Transcript
from pillarbox.relay.attempt import Unreachable, open_line
from pillarbox.relay.job import Setup
from pillarbox.relay.worker import way
from tests.doubles.dns import DnsZone
from tests.doubles.mx import ScriptedMx


def setup(names: DnsZone, mx: ScriptedMx, relay_url: str | None = None) -> Setup:
    return Setup(
        hostname="pillarbox.example",
        mode="direct",
        relay_url=relay_url,
        mx_port=mx.port,
        dns_servers=(names.address,),
        egress_allow=("127.0.0.0/8",),
        secret=b"x" * 16,
        public_url="http://pillarbox.example",
    )


async def test_the_transcript_says_of_each_host_why_the_next_was_asked() -> None:
    zone = {
        "one.example": {"MX": ["10 dead.example", "20 mx.example"]},
        "dead.example": {"A": ["127.0.0.3"]},
        "mx.example": {"A": ["127.0.0.1"]},
    }
    transcript = Transcript()
    async with ScriptedMx() as mx, DnsZone(zone) as names:
        line = await open_line("one.example", way(setup(names, mx)), transcript)
        line.connection.abort()
        assert [text for _, _, text in transcript.lines()][:3] == [
            f"connect to dead.example[127.0.0.3]:{mx.port}",
            "Connection refused",
            f"connect to mx.example[127.0.0.1]:{mx.port}",
        ]


async def test_a_smarthost_without_the_tls_it_should_have_is_told() -> None:
    transcript = Transcript()
    async with ScriptedMx() as mx, DnsZone({}) as names:
        relay = way(setup(names, mx, f"smtps://127.0.0.1:{mx.port}"))
        with pytest.raises(Unreachable) as failure:
            await open_line("one.example", relay, transcript)
    assert failure.value.verdict.reply.startswith("454 4.7.0 TLS not available")
    assert transcript.lines()[-1][2].startswith("TLS handshake failed: ")

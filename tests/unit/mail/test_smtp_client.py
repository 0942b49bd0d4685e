"""Opening connections, and everything between hosts that misbehave and attackers on the way."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import pytest
import uvloop

from pillarbox.mail import smtp_client
from pillarbox.mail.mx import Host
from pillarbox.mail.smtp_client import (
    ConnectFailed,
    Connection,
    Dropped,
    Rejected,
    SmtpError,
    TimedOut,
    Timeouts,
    TlsFailed,
    TlsPolicy,
    Transcript,
    connect,
)
from tests.doubles import serve_in_thread
from tests.doubles.certificate import certificate_file
from tests.doubles.mx import CAPABILITIES, DROP, STALL, ScriptedMx, scripted

LOCALHOST = Host("localhost", "127.0.0.1")
MESSAGE = b"From: a@b.example\r\nSubject: x\r\n\r\nbody\r\n"
SHORT = Timeouts(
    connect_s=2, handshake_s=2, greeting_s=0.3, hello_s=0.3, envelope_s=0.3, final_s=0.3, quit_s=0.3
)
NONE, OPPORTUNISTIC, REQUIRED, IMPLICIT = TlsPolicy


@pytest.fixture
def trusted(monkeypatch):
    """The self-made certificate is one of the system's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate_file()))
    smtp_client._context.cache_clear()
    yield
    smtp_client._context.cache_clear()


@pytest.fixture
async def opened() -> AsyncIterator[list[Connection]]:
    connections: list[Connection] = []
    yield connections
    for connection in connections:
        connection.abort()
    await asyncio.sleep(0)


@pytest.fixture
def dial(opened):
    async def dial(mx: ScriptedMx, tls: TlsPolicy = NONE, **options: object) -> Connection:
        settings: dict = {"helo": "me.test", "tls": tls, "transcript": Transcript()} | options
        connection = await connect(settings.pop("host", LOCALHOST), mx.port, **settings)
        opened.append(connection)
        return connection

    return dial


async def deliver(connection: Connection, data: bytes = MESSAGE) -> int:
    result = await connection.send(
        mail_from="a@b.example", rcpt="c@d.example", data=data, transcript=Transcript()
    )
    return result.reply.code


async def test_a_connection_knows_what_the_server_can(dial):
    async with ScriptedMx(capabilities=["SIZE 1000", "pipelining", "X-THING a b"]) as mx:
        connection = await dial(mx)
        assert connection.capabilities == {"SIZE": "1000", "PIPELINING": "", "X-THING": "a b"}
        assert connection.tls is None
        assert connection.is_usable
        assert connection.messages_sent == 0
        assert mx.lines == ["EHLO me.test"]


async def test_a_server_that_knows_no_ehlo_gets_helo(dial):
    async with ScriptedMx(ehlo="502 5.5.1 what?") as mx:
        connection = await dial(mx)
        assert mx.lines == ["EHLO me.test", "HELO me.test"]
        assert connection.capabilities == {}
        assert await deliver(connection) == 250
        assert mx.lines[2:] == ["MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>", "DATA"]


@pytest.mark.parametrize(
    "greeting", ["554 5.7.1 go away", "421 4.3.2 too busy", "450-no\r\n450 not now"]
)
async def test_a_refusing_greeting_is_a_rejection(dial, greeting):
    async with ScriptedMx(greet=greeting) as mx:
        with pytest.raises(Rejected) as caught:
            await dial(mx)
        assert caught.value.phase == "connect"
        assert caught.value.reply.code == int(greeting[:3])


@pytest.mark.parametrize(
    ("scripts", "code"),
    [({"ehlo": "450 4.7.1 later"}, 450), ({"ehlo": "550 5.7.1 no", "helo": "554 5.7.1 no"}, 554),
     ({"ehlo": "421 4.7.0 bye"}, 421)],
)  # fmt: skip
async def test_a_refused_ehlo_is_a_rejection(dial, scripts, code):
    async with scripted(scripts) as mx:
        with pytest.raises(Rejected) as caught:
            await dial(mx)
        assert (caught.value.phase, caught.value.reply.code) == ("helo", code)


async def test_nobody_there_is_a_failed_connection(dial):
    async with ScriptedMx() as gone:
        pass
    with pytest.raises(
        ConnectFailed, match=r"connect to localhost\[127.0.0.1\]:\d+: Connection refused"
    ):
        await dial(gone)


async def test_a_handshake_that_never_ends_is_a_failed_connection(dial, monkeypatch):
    async def never(*args: object, **options: object) -> None:
        await asyncio.Event().wait()

    loop = asyncio.get_running_loop()
    if isinstance(loop, uvloop.Loop):
        pytest.skip("its methods cannot be replaced")
    monkeypatch.setattr(loop, "create_connection", never)
    with pytest.raises(ConnectFailed, match="Connection timed out"):
        await dial(ScriptedMx(port=1), timeouts=Timeouts(connect_s=0.01))


@pytest.mark.parametrize(("script", "phase"), [("greet", "connect"), ("ehlo", "helo")])
async def test_a_server_that_hangs_up_is_a_drop(dial, script, phase):
    async with scripted({script: DROP}) as mx:
        with pytest.raises(Dropped) as caught:
            await dial(mx)
        assert caught.value.phase == phase
        assert not caught.value.after_final_dot


@pytest.mark.parametrize(("script", "phase"), [("greet", "connect"), ("ehlo", "helo")])
async def test_a_server_that_says_nothing_times_out(dial, script, phase):
    async with scripted({script: STALL}) as mx:
        with pytest.raises(TimedOut) as caught:
            await dial(mx, timeouts=SHORT)
        assert caught.value.phase == phase


@pytest.mark.parametrize(
    "greeting", ["HTTP/1.1 400 Bad Request", "220 " + "x" * 5000, "220-x\r\n" * 150 + "220 x"]
)
async def test_what_is_no_smtp_is_a_drop(dial, greeting):
    async with ScriptedMx(greet=greeting) as mx:
        with pytest.raises(Dropped):
            await dial(mx)


@pytest.mark.parametrize("extra", ["220 mx.test\r\n250 surprise", "220 mx.test\r\n220 again"])
async def test_more_replies_than_commands_are_not_trusted(dial, extra):
    async with ScriptedMx(greet=extra) as mx:
        with pytest.raises(SmtpError):
            await dial(mx)


@pytest.mark.parametrize("helo", ["", "me\r\nMAIL FROM:<x@y>", "me test", "me\n", "<me>", "me\0"])
async def test_command_injection_by_our_own_name_is_refused(dial, helo):
    async with ScriptedMx() as mx:
        with pytest.raises(ValueError, match="SMTP command"):
            await dial(mx, helo=helo)
        assert mx.connections == 0


async def test_goodbye_is_said_and_the_connection_over(dial):
    async with ScriptedMx() as mx:
        connection = await dial(mx)
        await connection.quit()
        assert mx.verbs == ["EHLO", "QUIT"]
        assert not connection.is_usable
        await connection.quit()


@pytest.mark.parametrize("script", [DROP, STALL, "500 what?"])
async def test_goodbye_does_not_fail(dial, script):
    async with ScriptedMx(quit=script) as mx:
        connection = await dial(mx, timeouts=SHORT)
        await connection.quit()
        assert not connection.is_usable


async def test_a_connection_the_server_closed_is_not_usable(dial):
    async with ScriptedMx() as mx:
        connection = await dial(mx)
    async with asyncio.timeout(5):
        while connection.is_usable:
            await asyncio.sleep(0)
    with pytest.raises(RuntimeError):
        await deliver(connection)
    await connection.quit()


async def test_opportunistic_tls_takes_any_certificate(dial):
    async with ScriptedMx(starttls="220 go") as mx:
        connection = await dial(mx, OPPORTUNISTIC)
        assert connection.tls is not None
        assert connection.tls.version.startswith("TLSv1.")
        assert connection.tls.cipher
        assert await deliver(connection) == 250
        assert mx.messages[0].is_tls
        assert mx.verbs == ["EHLO", "STARTTLS", "EHLO", "MAIL", "RCPT", "DATA"]


async def test_opportunistic_tls_works_for_address_literals(dial):
    async with ScriptedMx(starttls="220 go") as mx:
        connection = await dial(mx, OPPORTUNISTIC, host=Host("[127.0.0.1]", "127.0.0.1"))
        assert connection.tls is not None


async def test_capabilities_said_before_tls_are_void(dial):
    async with ScriptedMx(
        starttls="220 go", ehlo=["250-mx\r\n250-STARTTLS\r\n250 X-CLEAR", "250-mx\r\n250 X-SECRET"]
    ) as mx:
        connection = await dial(mx, OPPORTUNISTIC)
        assert connection.capabilities == {"X-SECRET": ""}


@pytest.mark.parametrize("starttls", [None, "454 4.7.0 TLS not available", "502 what?"])
async def test_opportunistic_tls_goes_on_in_the_clear_where_there_is_none(dial, starttls):
    async with ScriptedMx(starttls=starttls) as mx:
        connection = await dial(mx, OPPORTUNISTIC)
        assert connection.tls is None
        assert await deliver(connection) == 250
        assert mx.connections == 1


@pytest.mark.parametrize("broken", ["handshake", "drop"])
async def test_opportunistic_tls_connects_anew_in_the_clear_when_it_breaks(dial, broken):
    no_shared_version = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # without a certificate
    async with ScriptedMx(
        starttls="220 go" if broken == "handshake" else DROP, tls=no_shared_version
    ) as mx:
        transcript = Transcript()
        connection = await dial(mx, OPPORTUNISTIC, transcript=transcript)
        assert connection.tls is None
        assert mx.connections == 2
        assert mx.verbs == ["EHLO", "STARTTLS", "EHLO"]
        assert any("in the clear" in text for _, _, text in transcript.lines())
        assert await deliver(connection) == 250


async def test_a_server_that_leaves_at_starttls_is_a_rejection(dial):
    async with ScriptedMx(starttls="421 4.3.2 shutting down") as mx:
        with pytest.raises(Rejected, match="shutting down"):
            await dial(mx, OPPORTUNISTIC)


async def test_required_tls_verifies_the_certificate(dial, trusted):
    async with ScriptedMx(starttls="220 go") as mx:
        assert (await dial(mx, REQUIRED)).tls is not None
        with pytest.raises(TlsFailed, match="certificate verify failed"):
            await dial(mx, REQUIRED, host=Host("mx.b.example", "127.0.0.1"))


async def test_required_tls_refuses_a_certificate_of_nobody(dial):
    async with ScriptedMx(starttls="220 go") as mx:
        with pytest.raises(TlsFailed, match="certificate verify failed"):
            await dial(mx, REQUIRED)
        assert mx.connections == 1


@pytest.mark.parametrize("starttls", [None, "454 4.7.0 TLS not available", DROP])
async def test_cve_2016_0772_stripped_starttls_fails_closed_when_tls_is_required(dial, starttls):
    async with ScriptedMx(starttls=starttls, auth=("user", "secret")) as mx:
        with pytest.raises(TlsFailed):
            await dial(mx, REQUIRED, credentials=("user", "secret"))
        assert set(mx.verbs) <= {"EHLO", "STARTTLS"}
        assert mx.connections == 1


@pytest.mark.parametrize("injected", ["250-mx\r\n250 AUTH PLAIN", "250", "MAIL", "25"])
@pytest.mark.parametrize("policy", [OPPORTUNISTIC, REQUIRED])
async def test_cve_2011_0411_replies_injected_before_tls_are_an_error(
    dial, policy, injected, trusted
):
    async with ScriptedMx(starttls=f"220 go\r\n{injected}") as mx:
        with pytest.raises(TlsFailed):
            await dial(mx, policy)
        assert mx.connections == 1


async def test_tls_from_the_first_octet_verifies_the_certificate(dial, trusted):
    async with ScriptedMx(implicit_tls=True) as mx:
        connection = await dial(mx, IMPLICIT)
        assert connection.tls is not None
        assert mx.verbs == ["EHLO"]
        assert await deliver(connection) == 250
        with pytest.raises(TlsFailed):
            await dial(mx, IMPLICIT, host=Host("mx.b.example", "127.0.0.1"))


async def test_tls_from_the_first_octet_never_falls_back(dial):
    async with ScriptedMx(implicit_tls=True) as mx:
        with pytest.raises(TlsFailed):
            await dial(mx, IMPLICIT)
    async with ScriptedMx() as mx:
        with pytest.raises(SmtpError):
            await dial(mx, IMPLICIT)
        assert mx.commands == []


@pytest.mark.parametrize("offer", ["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2 LOGIN PLAIN"])
@pytest.mark.parametrize("starttls", [None, "220 go"])
async def test_the_server_learns_who_we_are(dial, offer, starttls):
    async with ScriptedMx(auth=("user", "sécret"), auth_mechanisms=offer, starttls=starttls) as mx:
        transcript = Transcript()
        connection = await dial(
            mx, OPPORTUNISTIC, credentials=("user", "sécret"), transcript=transcript
        )
        assert await deliver(connection) == 250
        said = [text for _, direction, text in transcript.lines() if direction == "C"]
        assert any(text.startswith("AUTH ") and text.endswith(" ***") for text in said)
        assert not set(mx.lines) & {text for text in said if text.startswith("AUTH")} - {
            "AUTH LOGIN"
        }


async def test_wrong_credentials_are_a_rejection(dial):
    async with ScriptedMx(auth=("user", "secret")) as mx:
        with pytest.raises(Rejected, match=r"535 5\.7\.8 wrong"):
            await dial(mx, credentials=("user", "guess"))


async def test_no_common_mechanism_is_a_rejection(dial):
    async with ScriptedMx(auth=("user", "secret"), auth_mechanisms="XOAUTH2 GSSAPI") as mx:
        with pytest.raises(Rejected, match="No authentication mechanism"):
            await dial(mx, credentials=("user", "secret"))
    async with ScriptedMx() as mx:
        with pytest.raises(Rejected):
            await dial(mx, credentials=("user", "secret"))


async def test_a_password_is_not_shown_to_the_network_when_tls_was_wanted(dial, monkeypatch):
    # 127.0.0.1 is the only exception, so the judgement about it is turned off here.
    monkeypatch.setattr(smtp_client, "_is_on_this_machine", lambda ip: False)
    async with ScriptedMx(auth=("user", "secret"), auth_mechanisms="PLAIN LOGIN") as mx:
        with pytest.raises(TlsFailed, match="password"):
            await dial(mx, OPPORTUNISTIC, credentials=("user", "secret"))
        assert mx.verbs == ["EHLO"]
        assert await deliver(await dial(mx, NONE, credentials=("user", "secret"))) == 250
    async with ScriptedMx(auth=("user", "secret"), auth_mechanisms="PLAIN CRAM-MD5") as mx:
        await dial(mx, OPPORTUNISTIC, credentials=("user", "secret"))
        assert mx.lines[1] == "AUTH CRAM-MD5"


@pytest.mark.parametrize("challenge", ["334 not base64!", "334 VXNlcm5hbWU6\r\n250 what", "999"])
async def test_a_strange_dialogue_ends_in_an_error(dial, challenge):
    capabilities = [*CAPABILITIES, "AUTH CRAM-MD5"]
    async with ScriptedMx(capabilities=capabilities, challenge=challenge) as mx:
        with pytest.raises(SmtpError):
            await dial(mx, credentials=("user", "secret"))


async def test_the_transcript_tells_the_whole_story_in_order(dial):
    async with ScriptedMx() as mx:
        transcript = Transcript()
        connection = await dial(mx, transcript=transcript)
        await connection.send(
            mail_from="a@b.example", rcpt="c@d.example", data=MESSAGE, transcript=transcript
        )
        lines = transcript.lines()
        assert [(direction, text) for _, direction, text in lines] == [
            ("*", f"connect to localhost[127.0.0.1]:{mx.port}"),
            ("S", "220 mx.test ESMTP"),
            ("C", "EHLO me.test"),
            ("S", "250-mx.test"),
            *(("S", f"250-{name}") for name in CAPABILITIES[:-1]),
            ("S", f"250 {CAPABILITIES[-1]}"),
            ("C", f"MAIL FROM:<a@b.example> SIZE={len(MESSAGE)}"),
            ("C", "RCPT TO:<c@d.example>"),
            ("C", "DATA"),
            ("S", "250 2.1.0 Ok"),
            ("S", "250 2.1.5 Ok"),
            ("S", "354 Go ahead"),
            ("C", f"({len(MESSAGE)} octets of message)"),
            ("C", "."),
            ("S", "250 2.0.0 Ok: queued"),
        ]
        times = [at for at, _, _ in lines]
        assert times == sorted(times)
        assert 0 <= times[0] < 1000


def test_the_server_double_can_serve_from_a_thread_of_its_own():
    async def talk(port: int) -> int:
        connection = await connect(
            LOCALHOST, port, helo="me.test", tls=NONE, transcript=Transcript()
        )
        code = await deliver(connection)
        await connection.quit()
        return code

    with serve_in_thread(ScriptedMx) as mx:
        assert asyncio.run(talk(mx.port)) == 250
        assert mx.messages[0].data == MESSAGE

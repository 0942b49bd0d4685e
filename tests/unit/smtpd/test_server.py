import asyncio
import contextlib
import shutil
import smtplib
import socket
import ssl
from collections.abc import AsyncIterator

import pytest

from pillarbox.smtpd.options import ServerOptions
from pillarbox.smtpd.server import SmtpServer
from tests.doubles.certificate import certificate_file, server_context
from tests.smtp.recorder import Recorder

MAIL = b"MAIL FROM:<a@client.example>\r\nRCPT TO:<b@example.org>\r\n"
MESSAGE = b"Subject: x\r\n\r\nhello\r\n"
PATIENCE_S = 20


class Bench:
    """A server with its recorder, and what a test wants to do with them."""

    def __init__(self, options: dict) -> None:
        self.service = Recorder()
        self.delays: list[float] = []
        values = {"hostname": "mail.example", "auth_required": False, "tls": server_context()}
        self.server = SmtpServer(
            ServerOptions(**(values | options)), self.service, sleep=self._sleep
        )
        self.port = 0

    async def _sleep(self, seconds: float) -> None:
        self.delays.append(seconds)

    async def connect(self) -> "Talk":
        return Talk(*await asyncio.open_connection("127.0.0.1", self.port))

    def smtp(self) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.port, local_hostname="localhost", timeout=PATIENCE_S)


class Talk:
    """A client that says octets and reads lines."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, octets: bytes, *starts: bytes) -> None:
        """Say this, then expect a reply line that starts so for each."""
        self.writer.write(octets)
        await self.writer.drain()
        await self.expect(*starts)

    async def expect(self, *starts: bytes) -> None:
        for start in starts:
            line = await self.reader.readline()
            while line[3:4] == b"-":
                line = await self.reader.readline()
            assert line.startswith(start), (start, line)

    async def greet(self) -> "Talk":
        await self.ask(b"", b"220 ")
        await self.ask(b"EHLO client.example\r\n", b"250 ")
        return self

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


@contextlib.asynccontextmanager
async def serving(**options) -> AsyncIterator[Bench]:
    bench = Bench(options)
    ((_, bench.port),) = await bench.server.start("127.0.0.1", 0)
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield bench
    finally:
        bench.service.gate.set()
        await bench.server.stop(PATIENCE_S)
        assert bench.server.connections == 0


def client_context() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate_file()))


@pytest.mark.parametrize("has_tls", [False, True])
@pytest.mark.parametrize("has_initial_response", [False, True])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
async def test_python_s_client_logs_in_and_sends(mechanism, has_initial_response, has_tls):
    def talk() -> None:
        with bench.smtp() as smtp:
            if has_tls:
                smtp._host = "localhost"  # type: ignore[attr-defined]
                smtp.starttls(context=client_context())
            smtp.ehlo()
            smtp.user, smtp.password = "key", "s3cret"
            authobject = getattr(smtp, "auth_" + mechanism.lower().replace("-", "_"))
            smtp.auth(mechanism, authobject, initial_response_ok=has_initial_response)
            smtp.sendmail("a@client.example", ["b@example.org", "c@example.org"], MESSAGE + b".x")

    async with serving(auth_required=True) as bench:
        await asyncio.to_thread(talk)
        (envelope,) = bench.service.envelopes
    assert envelope.identity == "key"
    assert envelope.protocol == ("ESMTPSA" if has_tls else "ESMTPA")
    assert envelope.recipients == ["b@example.org", "c@example.org"]
    assert envelope.data == MESSAGE + b".x\r\n"
    assert (envelope.peer_ip, envelope.helo) == ("127.0.0.1", "localhost")


async def test_python_s_client_chooses_cram_md5_by_itself():
    def talk() -> None:
        with bench.smtp() as smtp:
            smtp.login("token", "token")
            smtp.noop()

    async with serving(auth_required=True) as bench:
        await asyncio.to_thread(talk)


async def test_a_wrong_password_is_refused_by_every_mechanism():
    def talk() -> None:
        for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5"):
            with bench.smtp() as smtp:
                smtp.ehlo()
                smtp.user, smtp.password = "token", "wrong"
                authobject = getattr(smtp, "auth_" + mechanism.lower().replace("-", "_"))
                with pytest.raises(smtplib.SMTPAuthenticationError, match="authentication failed"):
                    smtp.auth(mechanism, authobject)

    async with serving() as bench:
        await asyncio.to_thread(talk)


async def test_each_bad_login_is_answered_later_than_the_one_before():
    async with serving(auth_delay_s=2.0) as bench:
        talk = await (await bench.connect()).greet()
        for _ in range(3):
            await talk.ask(b"AUTH PLAIN AHRva2VuAHdyb25n\r\n", b"535 ")
        await talk.expect(b"421 ")
        await talk.close()
        assert bench.delays == [2.0, 4.0, 6.0]


@pytest.mark.skipif(shutil.which("swaks") is None, reason="swaks is not installed")
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
async def test_swaks_sends_pipelined_under_tls(mechanism):
    async with serving(auth_required=True) as bench:
        arguments = [
            *("--server", "127.0.0.1", "--port", str(bench.port), "--ehlo", "client.example"),
            *("--tls", "--auth", mechanism, "--auth-user", "token", "--auth-password", "token"),
            *("--pipeline", "--from", "a@client.example", "--to", "b@example.org,c@example.org"),
            *("--body", ".dots\n..", "--timeout", str(PATIENCE_S), "--silent", "1"),
        ]
        process = await asyncio.create_subprocess_exec(
            "swaks", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output
        (envelope,) = bench.service.envelopes
    assert envelope.protocol == "ESMTPSA"
    assert envelope.recipients == ["b@example.org", "c@example.org"]
    assert b"\r\n\r\n.dots\r\n..\r\n" in envelope.data


async def test_tls_from_the_first_octet():
    def talk() -> None:
        context = client_context()
        with smtplib.SMTP_SSL("localhost", bench.port, "client.example", context=context) as smtp:
            smtp.sendmail("a@client.example", "b@example.org", MESSAGE)
            assert not smtp.has_extn("starttls")

    async with serving(implicit_tls=True) as bench:
        await asyncio.to_thread(talk)
        assert [envelope.protocol for envelope in bench.service.envelopes] == ["ESMTPS"]


async def test_a_server_listens_on_several_addresses():
    async with serving() as bench:
        ((host, port),) = await bench.server.start("127.0.0.1", 0)
        assert host == "127.0.0.1"
        assert port != bench.port
        for bench.port in (bench.port, port):
            await (await (await bench.connect()).greet()).close()


async def test_an_address_in_use_is_an_error():
    async with serving() as bench:
        with pytest.raises(OSError, match="in use"):
            await bench.server.start("127.0.0.1", bench.port)


async def test_one_connection_too_many_is_turned_away():
    async with serving(max_connections=2) as bench:
        guests = [await (await bench.connect()).greet() for _ in range(2)]
        late = await bench.connect()
        await late.expect(b"421 4.3.2 ")
        assert await late.reader.read() == b""
        await guests[0].ask(b"QUIT\r\n", b"221 ")
        assert await guests[0].reader.read() == b""
        guests.append(await (await bench.connect()).greet())
        for talk in (*guests, late):
            await talk.close()


async def test_one_address_does_not_get_all_connections():
    async with serving(max_connections_per_ip=1) as bench:
        first = await (await bench.connect()).greet()
        late = await bench.connect()
        await late.expect(b"421 4.7.0 ")
        other = Talk(
            *await asyncio.open_connection("127.0.0.1", bench.port, local_addr=("127.0.0.2", 0))
        )
        await other.greet()
        for talk in (first, late, other):
            await talk.close()


async def test_a_message_that_came_in_whole_is_delivered_though_the_client_leaves():
    async with serving() as bench:
        bench.service.gate.clear()
        talk = await (await bench.connect()).greet()
        await talk.ask(MAIL + b"DATA\r\n", b"250 ", b"250 ", b"354 ")
        await talk.ask(MESSAGE + b".\r\n")
        await bench.service.started.wait()
        talk.writer.transport.abort()
        assert bench.server.connections == 1
        bench.service.gate.set()
    assert [envelope.data for envelope in bench.service.envelopes] == [MESSAGE]
    assert bench.server.free_memory == 256 * 1024 * 1024


async def test_a_client_that_closes_its_side_early_still_gets_its_answer():
    async with serving() as bench:
        bench.service.gate.clear()
        talk = await (await bench.connect()).greet()
        size = str(len(MESSAGE)).encode()
        await talk.ask(MAIL + b"BDAT " + size + b" LAST\r\n" + MESSAGE)
        talk.writer.write_eof()
        await bench.service.started.wait()
        bench.service.gate.set()
        await talk.expect(b"250 ", b"250 ", b"250 2.0.0 Ok: queued as 1")
        assert await talk.reader.read() == b""
        await talk.close()


async def test_stopping_finishes_what_is_in_hand_and_dismisses_the_idle():
    async with serving() as bench:
        bench.service.gate.clear()
        idle, waiting, sending = [await (await bench.connect()).greet() for _ in range(3)]
        await waiting.ask(MAIL + b"DATA\r\n", b"250 ", b"250 ", b"354 ")
        await waiting.ask(MESSAGE + b".\r\nNOOP\r\n")
        await bench.service.started.wait()
        await sending.ask(MAIL + b"DATA\r\n", b"250 ", b"250 ", b"354 ")
        stopping = asyncio.ensure_future(bench.server.stop(PATIENCE_S))
        await idle.expect(b"421 4.3.2 ")
        assert await idle.reader.read() == b""
        with pytest.raises(ConnectionRefusedError):
            await bench.connect()
        bench.service.gate.set()
        await waiting.expect(b"250 2.0.0 Ok: queued as ", b"421 4.3.2 ")
        await sending.ask(MESSAGE + b".\r\n", b"250 2.0.0 Ok: queued as ", b"421 4.3.2 ")
        await stopping
        assert len(bench.service.envelopes) == 2
        for talk in (idle, waiting, sending):
            await talk.close()


async def test_stopping_cuts_off_what_takes_longer_than_the_grace():
    async with serving() as bench:
        bench.service.gate.clear()
        waiting, sending = [await (await bench.connect()).greet() for _ in range(2)]
        for talk in (waiting, sending):
            await talk.ask(MAIL + b"DATA\r\n", b"250 ", b"250 ", b"354 ")
        await waiting.ask(MESSAGE + b".\r\n")
        await bench.service.started.wait()
        await bench.server.stop(0.01)
        assert bench.server.connections == 0
        for talk in (waiting, sending):
            with contextlib.suppress(ConnectionResetError):
                assert await talk.reader.read() == b""
            await talk.close()
    assert bench.service.envelopes == []
    assert bench.server.free_memory == 256 * 1024 * 1024


async def test_input_waits_within_bounds_while_a_message_is_delivered():
    count = 500_000
    async with serving() as bench:
        bench.service.gate.clear()
        talk = await (await bench.connect()).greet()
        await talk.ask(MAIL + b"DATA\r\n", b"250 ", b"250 ", b"354 ")
        talk.writer.write(MESSAGE + b".\r\n" + b"NOOP\r\n" * count)
        await bench.service.started.wait()
        (guest,) = bench.server._registry._guests
        for _ in range(200):
            await asyncio.sleep(0)
        assert 0 < len(guest._buffer) < 1_000_000  # type: ignore[attr-defined]
        bench.service.gate.set()
        await talk.expect(b"250 2.0.0 Ok: queued as 1")
        replies = await talk.reader.readexactly(len(b"250 2.0.0 Ok\r\n") * count)
        assert replies == b"250 2.0.0 Ok\r\n" * count
        await talk.close()


async def test_a_client_that_takes_no_replies_gets_no_more_of_them():
    count = 5_000_000
    async with serving() as bench:
        with socket.create_connection(("127.0.0.1", bench.port)) as client:
            client.setblocking(False)
            left = memoryview(b"NOOP\r\n" * count)
            for _ in range(2000):
                with contextlib.suppress(BlockingIOError):
                    left = left[client.send(left) :]
                await asyncio.sleep(0)
            assert len(left) > 1_000_000
            (guest,) = bench.server._registry._guests
            assert guest._transport.get_write_buffer_size() < 1_000_000  # type: ignore[attr-defined]
            assert len(guest._buffer) < 1_000_000  # type: ignore[attr-defined]


async def test_a_client_that_takes_no_replies_is_cut_off_when_idle():
    async with serving(idle_timeout_s=0.3) as bench:
        with socket.create_connection(("127.0.0.1", bench.port)) as client:
            client.setblocking(False)
            octets = memoryview(b"NOOP\r\n" * 100_000)
            with contextlib.suppress(ConnectionError):
                while bench.server.connections:
                    with contextlib.suppress(BlockingIOError):
                        client.send(octets)
                    await asyncio.sleep(0.01)


async def test_the_engine_s_own_failure_ends_the_connection(caplog):
    class Broken:
        code = 250

        def encode(self) -> bytes:
            raise RuntimeError("not a reply")

    async def deliver(_envelope):
        return Broken()

    async with serving() as bench:
        bench.service.deliver = deliver  # type: ignore[method-assign]
        talk = await (await bench.connect()).greet()
        await talk.ask(MAIL + b"DATA\r\n", b"250 ", b"250 ", b"354 ")
        await talk.ask(MESSAGE + b".\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert await talk.reader.read() == b""
        await talk.close()
    assert "connection failed" in caplog.text


@pytest.mark.parametrize(
    "options", [{"tls": None, "implicit_tls": True}, {"auth_mechanisms": ("PLAIN", "NTLM")}]
)
def test_options_that_cannot_work_are_refused(options):
    with pytest.raises(ValueError, match=r"certificate|NTLM"):
        Bench(options)

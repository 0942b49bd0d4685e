"""Messages over an open connection: what goes over the wire, and what comes of every answer."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mail import smtp_link
from pillarbox.mail.mx import Host
from pillarbox.mail.smtp_client import (
    Connection,
    Dropped,
    SendResult,
    TimedOut,
    Timeouts,
    TlsPolicy,
    Transcript,
    connect,
)
from pillarbox.mail.smtp_connection import wire_body
from pillarbox.mail.smtp_reply import Reply
from tests.doubles.mx import CAPABILITIES, DROP, STALL, ScriptedMx, scripted

MESSAGE = b"From: a@b.example\r\nSubject: x\r\n\r\nbody\r\n"
SHORT = Timeouts(envelope_s=0.3, final_s=0.3, quit_s=0.3)
_PATIENT = Timeouts()
OLD = ["SIZE 1000000"]


@pytest.fixture
async def opened() -> AsyncIterator[list[Connection]]:
    connections: list[Connection] = []
    yield connections
    for connection in connections:
        connection.abort()
    await asyncio.sleep(0)


@pytest.fixture
def dial(opened):
    async def dial(mx: ScriptedMx, timeouts: Timeouts = _PATIENT) -> Connection:
        connection = await connect(
            Host("mx.test", "127.0.0.1"),
            mx.port,
            helo="me.test",
            tls=TlsPolicy.NONE,
            timeouts=timeouts,
            transcript=Transcript(),
        )
        opened.append(connection)
        return connection

    return dial


async def send(connection: Connection, **options) -> SendResult:
    message = {"mail_from": "a@b.example", "rcpt": "c@d.example", "data": MESSAGE}
    return await connection.send(**(message | {"transcript": Transcript()} | options))


async def test_many_messages_go_over_one_connection(dial):
    async with ScriptedMx() as mx:
        connection = await dial(mx)
        for number in range(3):
            result = await send(connection, rcpt=f"c{number}@d.example")
            assert result == SendResult(Reply(250, ("2.0.0 Ok: queued",)), "data")
            assert connection.messages_sent == number + 1
        assert [message.rcpts for message in mx.messages] == [
            [f"<c{n}@d.example>"] for n in range(3)
        ]
        assert {message.mail_from for message in mx.messages} == {"<a@b.example>"}
        assert mx.connections == 1


async def test_the_idle_time_counts_from_the_last_message(dial):
    async with ScriptedMx() as mx:
        connection = await dial(mx)
        before = connection.idle_since
        await send(connection)
        assert before <= connection.idle_since <= asyncio.get_running_loop().time()


@pytest.mark.parametrize("capabilities", [CAPABILITIES, OLD], ids=["pipelining", "in turn"])
@pytest.mark.parametrize(
    ("scripts", "phase", "code"),
    [
        ({"mail": "550 5.7.1 no"}, "mail", 550),
        ({"mail": "452 4.3.1 full"}, "mail", 452),
        ({"rcpt": "550-5.1.1 no\r\n550 5.1.1 such user"}, "rcpt", 550),
        ({"rcpt": "450 4.2.0 Greylisted"}, "rcpt", 450),
        ({"data": "554 5.7.1 no"}, "data", 554),
        ({"data": "250 2.0.0 nonsense"}, "data", 250),
        ({"final": "554 5.7.1 spam"}, "data", 554),
        ({"final": "354 more"}, "data", 354),
        ({"rcpt": "550 no", "data": "354 Go ahead anyway"}, "rcpt", 550),
        ({"mail": "550 no", "data": "354 Go ahead anyway"}, "mail", 550),
    ],
)
async def test_a_refusal_names_its_phase_and_the_next_message_goes_through(
    dial, scripts, phase, code, capabilities
):
    async with scripted(scripts, capabilities=capabilities) as mx:
        connection = await dial(mx)
        result = await send(connection)
        assert (result.phase, result.reply.code) == (phase, code)
        assert connection.is_usable
        assert connection.messages_sent == 0
        for name in scripts:
            setattr(mx, name, getattr(ScriptedMx, name))
        assert (await send(connection)).reply.code == 250
        assert mx.verbs.count("RSET") == 1
        assert [message.data for message in mx.messages] == [MESSAGE]


async def test_an_empty_message_is_never_left_behind_for_refused_recipients(dial):
    # RFC 2920 section 3.1: after 354 without recipients a lone dot has to follow.
    async with ScriptedMx(rcpt="550 no", data="354 Go ahead anyway") as mx:
        connection = await dial(mx)
        await send(connection)
        await connection.quit()
        assert mx.verbs == ["EHLO", "MAIL", "RCPT", "DATA", "RSET", "QUIT"]
        assert mx.messages == []


async def test_pipelined_commands_come_in_one_packet(dial):
    async with ScriptedMx() as mx:
        await send(await dial(mx))
        assert mx.reads[1:] == [
            f"MAIL FROM:<a@b.example> SIZE={len(MESSAGE)}\r\nRCPT TO:<c@d.example>\r\nDATA\r\n".encode(),
            MESSAGE + b".\r\n",
        ]


async def test_without_pipelining_a_refusal_ends_the_dialogue(dial):
    async with ScriptedMx(capabilities=OLD, mail="550 no") as mx:
        await send(await dial(mx))
        assert "RCPT" not in mx.verbs


async def test_small_writes_are_not_delayed(dial):
    async with ScriptedMx() as mx:
        connection = await dial(mx)
        sock = connection._link._transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_parameters_are_used_where_they_are_offered_and_needed(dial):
    eight_bit = b"Subject: x\r\n\r\n" + "Grüße\r\n".encode()
    async with ScriptedMx() as mx:
        connection = await dial(mx)
        await send(connection)
        await send(connection, data=eight_bit)
        await send(connection, data="Subject: Grüße\r\n\r\nx\r\n".encode())
        await send(connection, rcpt="grün@d.example")
        assert [message.parameters for message in mx.messages] == [
            f"SIZE={len(MESSAGE)}",
            f"SIZE={len(eight_bit)} BODY=8BITMIME",
            "SIZE=23 BODY=8BITMIME SMTPUTF8",
            f"SIZE={len(MESSAGE)} SMTPUTF8",
        ]
        assert mx.messages[-1].rcpts == ["<grün@d.example>"]
        await send(connection, rcpt="grün@d.example", data="Subject: ü\r\n\r\nü\r\n".encode())
        assert mx.messages[-1].parameters.count("SMTPUTF8") == 1


async def test_parameters_are_left_out_where_they_are_not_offered(dial):
    async with ScriptedMx(capabilities=["PIPELINING"]) as mx:
        connection = await dial(mx)
        await send(connection, data="Subject: Grüße\r\n\r\nü\r\n".encode())
        assert mx.messages[0].parameters == ""


@pytest.mark.parametrize(
    ("addresses", "phase"),
    [({"rcpt": "grün@d.example"}, "rcpt"), ({"mail_from": "grün@b.example"}, "mail")],
)
async def test_an_address_the_server_cannot_carry_is_refused_without_asking(dial, addresses, phase):
    async with ScriptedMx(capabilities=["PIPELINING"]) as mx:
        connection = await dial(mx)
        result = await send(connection, **addresses)
        assert (result.reply.code, result.reply.enhanced, result.phase) == (553, "5.6.7", phase)
        assert mx.verbs == ["EHLO"]
        assert connection.is_usable


async def test_a_bounce_has_an_empty_sender(dial):
    async with ScriptedMx() as mx:
        await send(await dial(mx), mail_from="")
        assert mx.messages[0].mail_from == "<>"


BAD_ADDRESSES = [
    "a@b.example>\r\nRCPT TO:<x@y.example", "a@b\rx", "a@b\nDATA", "a@b\0", "a b@c.example", "<a@b.example>",
    "a@b.example> SIZE=1", "a@b\tc", "a@b\x0b", "a@b\x85", "a@b\u2028", "a@b\xa0c", "a@b\x7f", "\ud800@b",
]  # fmt: skip


@pytest.mark.parametrize("address", BAD_ADDRESSES)
@pytest.mark.parametrize("which", ["mail_from", "rcpt"])
async def test_command_injection_by_address_is_refused(dial, which, address):
    async with ScriptedMx() as mx:
        connection = await dial(mx)
        with pytest.raises(ValueError):
            await send(connection, **{which: address})
        assert connection.messages_sent == 0
        assert not {"MAIL", "RCPT"} & set(mx.verbs)


async def test_an_empty_recipient_is_refused(dial):
    async with ScriptedMx() as mx:
        with pytest.raises(ValueError, match="SMTP command"):
            await send(await dial(mx), rcpt="")


SMUGGLED = b"MAIL FROM:<x@y>\r\nRCPT TO:<v@w>\r\nDATA\r\nevil\r\n.\r\n"


@pytest.mark.parametrize(
    "end",
    [
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r",
        b"\r\n.\r",
        b"\r.\r\n",
        b"\r\r\n.\r\r\n",
        b"\n\n",
        b"\r",
    ],
)
async def test_cve_2023_51764_smtp_smuggling_out_is_refused(dial, end):
    async with ScriptedMx() as mx:
        connection = await dial(mx)
        with pytest.raises(ValueError, match="bare CR or LF"):
            await send(connection, data=MESSAGE + end + SMUGGLED)
        assert connection.is_usable
        assert mx.verbs == ["EHLO"]


async def test_smuggling_by_proper_line_ends_stays_inside_the_message(dial):
    async with ScriptedMx() as mx:
        connection = await dial(mx)
        data = MESSAGE + b".\r\n" + SMUGGLED
        await send(connection, data=data)
        await connection.quit()
        assert [message.data for message in mx.messages] == [data]
        assert mx.verbs.count("MAIL") == 1


LINES = st.lists(st.sampled_from([b"", b".", b"..", b".x", b"x", b"x.", b"\xc3\xbc"]), max_size=12)


@given(LINES, st.booleans())
def test_dots_are_stuffed_so_that_only_the_end_ends_the_message(lines, has_end):
    data = b"\r\n".join(lines) + (b"\r\n" if has_end else b"")
    *sent, dot, nothing = wire_body(data).split(b"\r\n")
    assert (dot, nothing) == (b".", b"")
    assert b"." not in sent
    whole = data if data.endswith(b"\r\n") else data + b"\r\n"
    assert b"".join(line.removeprefix(b".") + b"\r\n" for line in sent) == whole


@given(st.binary(max_size=60))
def test_what_goes_over_the_wire_has_only_whole_line_ends(data):
    try:
        sent = wire_body(data)
    except ValueError:
        return
    assert sent.replace(b"\r\n", b"").count(b"\n") == 0
    assert sent.replace(b"\r\n", b"").count(b"\r") == 0
    assert b"\r\n.\r\n" not in sent[:-3]


async def test_a_large_message_arrives_whole(dial):
    data = b"Subject: x\r\n\r\n" + b"." * 70 + b"\r\n" + b"x" * 78 + b"\r\n"
    data += b"y" * 78 + b"\r\n" + (b".z" * 39 + b"\r\n") * 100_000
    async with ScriptedMx() as mx:
        assert (await send(await dial(mx), data=data)).reply.code == 250
        assert mx.messages[0].data == data


@pytest.mark.parametrize("capabilities", [CAPABILITIES, OLD], ids=["pipelining", "in turn"])
@pytest.mark.parametrize(
    ("script", "phase", "after_final_dot"),
    [
        ("mail", "mail", False),
        ("rcpt", "rcpt", False),
        ("data", "data", False),
        ("final", "data", True),
    ],
)
async def test_a_lost_connection_says_how_far_it_came(
    dial, script, phase, after_final_dot, capabilities
):
    async with scripted({script: DROP}, capabilities=capabilities) as mx:
        connection = await dial(mx)
        with pytest.raises(Dropped) as caught:
            await send(connection)
        assert (caught.value.phase, caught.value.after_final_dot) == (phase, after_final_dot)
        assert not connection.is_usable


@pytest.mark.parametrize(
    ("script", "phase", "after_final_dot"),
    [
        ("mail", "mail", False),
        ("rcpt", "rcpt", False),
        ("data", "data", False),
        ("final", "data", True),
    ],
)
async def test_a_silent_server_times_out_and_the_connection_is_over(
    dial, script, phase, after_final_dot
):
    async with scripted({script: STALL}) as mx:
        connection = await dial(mx, SHORT)
        with pytest.raises(TimedOut) as caught:
            await send(connection)
        assert (caught.value.phase, caught.value.after_final_dot) == (phase, after_final_dot)
        assert not connection.is_usable


# A slow line: the whole takes longer than one time-out, what the kernel holds does not.
SLOW = Timeouts(final_s=0.8)
LARGE = b"Subject: x\r\n\r\n" + (b"x" * 78 + b"\r\n") * 250_000


async def test_a_message_that_still_drains_is_given_more_time(dial, monkeypatch):
    monkeypatch.setattr(smtp_link, "_MOST_WAITS", 50)
    async with ScriptedMx(pause_s=0.004) as mx:
        connection = await dial(mx, SLOW)
        before = asyncio.get_running_loop().time()
        assert (await send(connection, data=LARGE)).reply.code == 250
        assert asyncio.get_running_loop().time() - before > SLOW.final_s


async def test_a_message_that_drains_too_slowly_is_given_up(dial, monkeypatch):
    monkeypatch.setattr(smtp_link, "_MOST_WAITS", 1)
    async with ScriptedMx(pause_s=0.008) as mx:
        with pytest.raises(TimedOut):
            await send(await dial(mx, Timeouts(final_s=0.4)), data=LARGE)


async def test_a_server_that_takes_nothing_times_out_before_the_dot_left(dial):
    async with ScriptedMx(pause_s=60) as mx:
        connection = await dial(mx, SHORT)
        with pytest.raises(TimedOut) as caught:
            await send(connection, data=b"x" * 30_000_000)
        assert not caught.value.after_final_dot


@pytest.mark.parametrize("script", ["mail", "rcpt", "data", "final"])
async def test_a_421_is_a_reply_and_the_end_of_the_connection(dial, script):
    async with scripted({script: "421 4.3.2 shutting down"}) as mx:
        connection = await dial(mx)
        result = await send(connection)
        assert (result.reply.code, result.phase) == (421, {"final": "data"}.get(script, script))
        assert not connection.is_usable
        assert "RSET" not in mx.verbs


async def test_a_refused_reset_ends_the_connection(dial):
    async with ScriptedMx(rcpt="550 no", rset="500 what?") as mx:
        connection = await dial(mx)
        await send(connection)
        with pytest.raises((Dropped, RuntimeError)):
            await send(connection)
        assert not connection.is_usable


async def test_a_reply_nobody_asked_for_ends_the_connection(dial):
    async with ScriptedMx(final="250 taken\r\n250 and again") as mx:
        connection = await dial(mx)
        assert (await send(connection)).reply.lines == ("taken",)
        assert not connection.is_usable


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


@pytest.mark.parametrize("unasked", ["421 4.4.2 idle too long", "250 out of the blue", "no SMTP"])
async def test_what_is_said_on_an_idle_connection_ends_it(dial, unasked):
    async with ScriptedMx() as mx:
        connection = await dial(mx)
        await send(connection)
        mx.say(unasked)
        await until(lambda: not connection.is_usable)


async def test_the_reply_to_a_reset_may_come_while_nobody_waits(dial):
    async with ScriptedMx(rcpt=["550 no", "250 yes"]) as mx:
        connection = await dial(mx)
        transcript = Transcript()
        await send(connection, transcript=transcript)
        await until(lambda: transcript.lines()[-1][2] == "250 2.0.0 Ok")
        assert connection.is_usable
        assert (await send(connection)).reply.code == 250


async def test_a_refused_reset_is_noticed_while_nobody_waits(dial):
    async with ScriptedMx(rcpt="550 no", rset="500 what?") as mx:
        connection = await dial(mx)
        await send(connection)
        await until(lambda: not connection.is_usable)


async def test_the_deadline_of_a_reply_does_not_end_an_idle_connection(dial):
    async with ScriptedMx() as mx:
        connection = await dial(mx, Timeouts(greeting_s=0.3, hello_s=0.3))
        await asyncio.sleep(0.4)
        assert connection.is_usable
        assert (await send(connection)).reply.code == 250


async def test_one_message_at_a_time(dial):
    async with ScriptedMx() as mx:
        connection = await dial(mx)
        first = asyncio.get_running_loop().create_task(send(connection))
        await asyncio.sleep(0)
        assert not connection.is_usable
        with pytest.raises(RuntimeError):
            await send(connection)
        assert (await first).reply.code == 250
        assert connection.is_usable


async def test_a_cancelled_message_ends_the_connection(dial):
    async with ScriptedMx(final=STALL) as mx:
        connection = await dial(mx)
        sending = asyncio.get_running_loop().create_task(send(connection))
        async with asyncio.timeout(5):
            while "DATA" not in mx.verbs:
                await asyncio.sleep(0)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert not connection.is_usable


async def test_the_transcript_is_bounded_and_cuts_long_texts(dial):
    transcript = Transcript(clock=iter(range(1000)).__next__)
    long = Reply(250, tuple(str(number) for number in range(90)))
    transcript.note("C", "x" * 2000)
    transcript.note("S", long)
    for _ in range(300):
        transcript.note("C", "NOOP")
    lines = transcript.lines()
    assert lines[0] == (1000.0, "C", "x" * 500)
    assert lines[1] == (2000.0, "S", "250-0")
    assert len(lines) == 1 + 50 + 198 + 1
    assert lines[-1][2] == "102 more not kept"


def test_an_empty_transcript_has_no_lines():
    assert Transcript().lines() == []

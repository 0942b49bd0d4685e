"""Replies as servers really write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mail.smtp_reply import ProtocolError, Reply, ReplyReader


def read(data: bytes) -> list[Reply]:
    return ReplyReader().feed(data)


def one(data: bytes) -> Reply:
    (reply,) = read(data)
    return reply


def test_a_single_line_is_a_reply():
    assert one(b"250 2.1.0 Ok\r\n") == Reply(250, ("2.1.0 Ok",))


def test_lines_of_one_reply_belong_together():
    reply = one(b"250-mx.test\r\n250-PIPELINING\r\n250 SIZE 100\r\n")
    assert reply == Reply(250, ("mx.test", "PIPELINING", "SIZE 100"))


def test_several_replies_come_out_of_one_packet():
    assert [reply.code for reply in read(b"250 a\r\n550 b\r\n354 c\r\n")] == [250, 550, 354]


@pytest.mark.parametrize("data", [b"250\r\n", b"250 \r\n", b"250\n"])
def test_a_code_without_text_is_a_reply(data):
    assert one(data) == Reply(250, ("",))


def test_bare_lf_ends_a_line_too():
    assert one(b"250-a\n250 b\n").lines == ("a", "b")


def test_octets_that_are_not_utf8_are_read_as_latin1():
    assert one(b"550 Empf\xe4nger unbekannt\r\n").lines == ("Empfänger unbekannt",)
    assert one("550 Empfänger\r\n".encode()).lines == ("Empfänger",)


def test_control_characters_become_blanks():
    reply = one(b"550 a\0b\x1b[31mc\rd\x85\r\n")
    assert reply.lines[0].isprintable()
    assert "\0" not in reply.text


def test_the_last_line_decides_about_the_code():
    assert one(b"250-a\r\n550 b\r\n").code == 550


@pytest.mark.parametrize(
    "data",
    [b"hello\r\n", b"\r\n", b"99 a\r\n", b"150 a\r\n", b"650 a\r\n", b"25x a\r\n", b"250_a\r\n",
     b"2500 a\r\n", b"HTTP/1.1 400 Bad Request\r\n", b" 250 a\r\n", b"\xb2\xb5\xb0 a\r\n"],
)  # fmt: skip
def test_what_is_no_reply_is_an_error(data):
    with pytest.raises(ProtocolError):
        read(data)


def test_a_long_line_is_taken_and_a_longer_one_is_not():
    assert len(one(b"250 " + b"x" * 4000 + b"\r\n").lines[0]) == 4000
    with pytest.raises(ProtocolError):
        read(b"250 " + b"x" * 4096 + b"\r\n")


def test_a_line_without_end_is_given_up_before_it_fills_the_memory():
    reader = ReplyReader()
    reader.feed(b"250 " + b"x" * 4000)
    with pytest.raises(ProtocolError):
        reader.feed(b"x" * 200)


def test_a_reply_of_a_hundred_lines_is_taken_and_a_longer_one_is_not():
    assert len(one(b"250-a\r\n" * 99 + b"250 a\r\n").lines) == 100
    with pytest.raises(ProtocolError):
        read(b"250-a\r\n" * 100 + b"250 a\r\n")


def test_an_unfinished_reply_waits_for_the_rest():
    reader = ReplyReader()
    empty = [reader.is_empty]
    assert reader.feed(b"250-a\r\n25") == []
    empty.append(reader.is_empty)
    assert reader.feed(b"0 b\r\n") == [Reply(250, ("a", "b"))]
    assert [*empty, reader.is_empty] == [True, False, True]


@given(st.lists(st.integers(1, 20)))
def test_how_the_octets_are_cut_does_not_matter(cuts):
    data = b"250-mx\r\n250 SIZE\r\n550-5.1.1 no\n550 5.1.1 user\r\n354 go\r\n"
    reader, found, rest = ReplyReader(), [], data
    for cut in cuts:
        found += reader.feed(rest[:cut])
        rest = rest[cut:]
    assert found + reader.feed(rest) == read(data)


@given(st.binary(max_size=300))
def test_no_octets_break_the_reader(data):
    try:
        for reply in read(data):
            assert 200 <= reply.code < 600
            assert reply.text.isprintable()
            assert reply.enhanced is None or reply.enhanced in reply.text
    except ProtocolError:
        pass


def test_the_text_is_one_line_with_single_blanks():
    assert Reply(550, ("  No   such", " user  here ")).text == "550 No such user here"
    assert Reply(250, ("",)).text == "250"
    assert Reply(250, ()).text == "250"


def test_an_enhanced_code_on_every_line_stands_once_in_the_text():
    reply = Reply(
        550, ("5.1.1 The email account that you", "5.1.1 tried to reach", "5.1.1 is gone")
    )
    assert reply.text == "550 5.1.1 The email account that you tried to reach is gone"


def test_the_text_is_cut_at_a_thousand_characters():
    assert len(Reply(550, ("x" * 4000,)).text) == 1000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5.1.1 no such user", "5.1.1"),
        ("5.7.26 Unauthenticated", "5.7.26"),
        ("5.4.300 Message expired", "5.4.300"),
        ("#5.1.1 (bad)", "5.1.1"),
        ("sorry, no mailbox here (#5.7.1)", "5.7.1"),
        ("denied 5.1.1.", "5.1.1"),
        ("no code at all", None),
        ("blocked 5.1.1.9 by us", None),
        ("blocked 192.5.1.1 by us", None),
        ("7.1.1 no class", None),
        ("5.1.1234 too long", None),
        ("a text that is longer than it should be 5.1.1", None),
    ],
)
def test_the_enhanced_code_is_found_near_the_beginning_only(text, expected):
    assert Reply(550, (text,)).enhanced == expected


@pytest.mark.parametrize(
    ("code", "kind"),
    [(250, "is_positive"), (354, "is_intermediate"), (451, "is_temporary"), (550, "is_permanent")],
)
def test_the_first_digit_says_what_kind_of_reply_it_is(code, kind):
    kinds = ["is_positive", "is_intermediate", "is_temporary", "is_permanent"]
    assert [name for name in kinds if getattr(Reply(code, ("",)), name)] == [kind]

from hypothesis import given
from hypothesis import strategies as st

from pillarbox.smtpd import reply as replies
from pillarbox.smtpd.reply import SmtpReply


def test_a_reply_is_code_enhanced_code_and_text():
    assert SmtpReply(250, "2.0.0", "Ok").encode() == b"250 2.0.0 Ok\r\n"
    assert SmtpReply(354, "", "Go on").encode() == b"354 Go on\r\n"
    assert SmtpReply(250, "2.0.0", "").encode() == b"250 2.0.0 \r\n"


def test_lines_of_text_become_lines_of_the_reply():
    assert SmtpReply(550, "5.1.1", "a\nb").encode() == b"550-5.1.1 a\r\n550 5.1.1 b\r\n"


@given(st.text(max_size=700))
def test_no_text_can_forge_a_reply(text):
    encoded = SmtpReply(550, "5.1.1", text).encode()
    assert encoded.endswith(b"\r\n")
    lines = encoded[:-2].split(b"\r\n")
    for line in lines:
        assert line[:4] in (b"550-", b"550 ")
        assert len(line) <= 510
        assert all(32 <= octet < 127 for octet in line)
    assert [line[3:4] for line in lines] == [b"-"] * (len(lines) - 1) + [b" "]


def test_the_engine_s_own_replies_agree_with_themselves():
    fixed = {name: value for name, value in vars(replies).items() if isinstance(value, bytes)}
    assert len(fixed) > 40
    for name, value in fixed.items():
        code, enhanced = value[:3].decode(), value[4:].partition(b" ")[0].decode()
        assert name == "START_DATA" or enhanced[0] == code[0], name

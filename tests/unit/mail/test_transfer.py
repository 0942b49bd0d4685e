import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mail import transfer


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", False),
        (b"x" * 998, False),
        (b"x" * 999, True),
        (b"x" * 998 + b"\r\n", False),
        (b"x" * 999 + b"\r\n", True),
        (b"x" * 998 + b"\n", False),
        (b"x" * 999 + b"\n", True),
        ((b"x" * 998 + b"\r\n") * 3, False),
        (b"short\r\n" * 500, False),
        (b"short\r\n" + b"x" * 999, True),
    ],
)
def test_long_lines_are_found(data, expected):
    assert transfer.has_long_line(data) is expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"plain\r\n", True),
        (b"\xe9", False),
        (b"\0", False),
        (b"x" * 999, False),
        (b"bare\n", True),
    ],
)
def test_seven_bit_is_ascii_without_nul_and_long_lines(data, expected):
    assert transfer.is_seven_bit(data) is expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", True),
        (b"a\r\nb", True),
        (b"a\nb", False),
        (b"a\rb", False),
        (b"\r\r\n", False),
        (b"\n\r", False),
    ],
)
def test_even_line_ends_are_all_crlf(data, expected):
    assert transfer.has_even_line_ends(data) is expected


@given(st.binary(max_size=400))
def test_base64_lines_have_76_characters_and_decode(data):
    encoded = transfer.encode_base64(data)
    lines = encoded.split(b"\r\n")
    assert all(len(line) == 76 for line in lines[:-1])
    assert len(lines[-1]) <= 76
    assert base64.b64decode(encoded) == data
    assert transfer.decode(encoded, "base64") == data


@given(st.text(max_size=300).map(lambda text: text.replace("\r", "").replace("\n", "\r\n")))
def test_encoded_text_has_short_lines_and_decodes(text):
    data = text.encode("utf-8", "replace")
    name, encoded = transfer.encode_text(data)
    assert encoded.isascii()
    assert transfer.has_even_line_ends(encoded)
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))
    assert not any(line.endswith((b" ", b"\t")) for line in encoded.split(b"\r\n"))
    assert transfer.decode(encoded, name.decode()) == data
    if name == b"quoted-printable":
        assert quopri.decodestring(encoded) == data


def test_the_shorter_encoding_is_taken():
    assert transfer.encode_text(b"a" * 100)[0] == b"quoted-printable"
    assert transfer.encode_text(b"\xe9" * 100)[0] == b"base64"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", b""),
        (b"YWJj", b"abc"),
        (b"YW Jj\r\n", b"abc"),
        (b"YW-Jj", b"abc"),
        (b"YWI", b"ab"),
        (b"YWI=", b"ab"),
        (b"YQ", b"a"),
        (b"YWJjZ", b"abc"),
        (b"Z", b""),
        (b"YQ==YWJj", b"a"),
        (b"====", b""),
        (b"\xff\x00", b""),
    ],
)
def test_base64_of_broken_senders_is_decoded_as_far_as_it_goes(data, expected):
    assert transfer.decode_base64(data) == expected


@given(st.binary() | st.text(alphabet="AB=+/ \n-", max_size=20).map(str.encode))
def test_decoding_base64_never_raises(data):
    transfer.decode_base64(data)


def test_an_unknown_encoding_changes_nothing():
    assert transfer.decode(b"=48", "x-unknown") == b"=48"
    assert not transfer.is_known("x-unknown")
    assert transfer.is_known("8bit")

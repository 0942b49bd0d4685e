import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mail import charsets

NAMES = [
    "",
    "utf-8",
    "UTF_8",
    "us-ascii",
    "iso-8859-1",
    "utf-16",
    "utf-7",
    "iso-2022-jp",
    "hz",
    "big5",
    "koi8-u",
    "x",
]


@pytest.mark.parametrize(
    "name", ["utf-8", "ISO-8859-15", "Windows-1252", "cp-1252", "koi8-u", "iso-8859-8-i", "gb2312"]
)
def test_charsets_of_mail_are_known_in_any_spelling(name):
    assert charsets.is_known(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "hex",
        "base64",
        "rot13",
        "zlib",
        "punycode",
        "idna",
        "unicode_escape",
        "undefined",
        "u" * 500,
        "a\0",
    ],
)
def test_transforms_and_slow_codecs_are_no_charsets(name):
    assert not charsets.is_known(name)


@pytest.mark.parametrize(
    ("data", "charset", "expected"),
    [
        (b"\xe9", "iso-8859-1", "é"),
        (b"\x93\xe9\x94 \x96 5 \x80", "ISO-8859-1", "“é” – 5 €"),
        (b"\x93\xe9\x81", "ISO-8859-1", "\x93é\x81"),
        (b"\x93\xe9\x94", "us-ascii", "“é”"),
        ("é".encode(), "klingon", "é"),
        ("é".encode(), "us-ascii", "é"),
        (b"\xe9t\xe9", "us-ascii", "été"),
        (b"\xe9t\xe9", "utf-8", "été"),
        (b"\xe9t\xe9", "", "été"),
        ("é".encode() + b"\xff", "utf-8", "é\ufffd"),
        ("é".encode() + b"\xff", "klingon", "é\ufffd"),
        ("é".encode(), "utf-16", "\ua9c3"),
        (b"a\xff\xfe\x00", "big5", "a\ufffd\ufffd\x00"),
        ("①㈱～".encode("cp932"), "Shift_JIS", "①㈱～"),
        (b"\x81\x60", "Shift_JIS", "\u301c"),
        ("镕".encode("gbk"), "gb2312", "镕"),
        (b"+AGE-", "unicode-1-1-utf-7", "a"),
    ],
)
def test_bytes_become_text_by_the_best_guess(data, charset, expected):
    assert charsets.decode(data, charset) == expected


@pytest.mark.parametrize("charset", sorted(set(charsets._CODECS.values())))
def test_no_charset_of_the_table_raises(charset):
    draw = random.Random(charset)
    for _ in range(200):
        data = bytes(
            draw.choices(b"\x1b$B(~{}+-A/\x00\x80\x81\xd8\xdc\xfe\xff\n", k=draw.randrange(14))
        )
        assert isinstance(charsets.decode(data, charset), str)


@given(st.binary(), st.sampled_from(NAMES) | st.text())
def test_decoding_never_raises(data, charset):
    assert isinstance(charsets.decode(data, charset), str)

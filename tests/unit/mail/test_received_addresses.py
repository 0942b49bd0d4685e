import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mail.received_addresses import read_addresses


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a@b.com", [("a@b.com", "")]),
        ("Ann <a@b.com>", [("a@b.com", "Ann")]),
        ('"Doe, Joe" <a@b.com>, c@d.com', [("a@b.com", "Doe, Joe"), ("c@d.com", "")]),
        ("=?utf-8?q?J=C3=B6rg?= <a@b.com>", [("a@b.com", "Jörg")]),
        ('"=?utf-8?q?J=C3=B6rg?=" <a@b.com>', [("a@b.com", "Jörg")]),
        (r'"Jo \"x\"" <a@b.com>', [("a@b.com", 'Jo "x"')]),
        ("a@b.com (Ann Doe)", [("a@b.com", "Ann Doe")]),
        ("(x) Ann (y (z)) <a@b.com> (w)", [("a@b.com", "Ann")]),
        ('Ann ("quoted" comment) <a@b.com>', [("a@b.com", "Ann")]),
        ("Joe :( Smith <a@b.com>", [("a@b.com", "( Smith")]),
        (
            "Team: Ann <a@b.com>, c@d.com;, e@f.com",
            [("a@b.com", "Ann"), ("c@d.com", ""), ("e@f.com", "")],
        ),
        ("undisclosed-recipients:;", []),
        ("a@b.com; c@d.com", [("a@b.com", ""), ("c@d.com", "")]),
        ("Ann a@b.com", [("a@b.com", "")]),
        ('"a@b.com"', [("a@b.com", "")]),
        ('"a.b"@c.com', [('"a.b"@c.com', "")]),
        ("<a @ b.com>", [("a@b.com", "")]),
        ("root@localhost", [("root@localhost", "")]),
        ("jörg@bücher.example", [("jörg@xn--bcher-kva.example", "")]),
        ("a@-é-", [("a@-é-", "")]),
        ("Ann <a@b.com", [("a@b.com", "Ann")]),
        ('"Ann <a@b.com>', [("a@b.com", "Ann")]),
        ("Ann <nobody>, c@d.com", [("c@d.com", "")]),
        ("<>", []),
        ("", []),
        (f"{'a' * 400}@b.com", []),
        ('"x\r\n\0y" <a@b.com>', [("a@b.com", "x y")]),
    ],
)
def test_addresses_are_found_in_what_strangers_write(value, expected):
    assert [(found.email, found.name) for found in read_addresses(value)] == expected


@given(st.text() | st.text(alphabet='ab@.,:;"<>()\\ \r\n\0', max_size=40))
def test_reading_never_raises_and_lets_no_line_break_in(value):
    shown = "".join(found.email + found.name for found in read_addresses(value))
    assert not set("\r\n\0") & set(shown)


@pytest.mark.parametrize(
    "piece", ['"', '"\\', "<", "<>", "(", "()", ")", ",", "a@b.c,", ":", "a ", '"a"']
)
def test_quadratic_headers_take_linear_time(piece):
    started = time.process_time()
    read_addresses(piece * (500_000 // len(piece)))
    assert time.process_time() - started < 20

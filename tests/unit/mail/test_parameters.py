import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mail.parameters import split


@pytest.mark.parametrize(
    ("value", "main", "expected"),
    [
        ("text/plain", "text/plain", {}),
        (" Text/Plain ; Charset=UTF-8 ", "text/plain", {"charset": "UTF-8"}),
        ('a/b; x="1;2"; y=3', "a/b", {"x": "1;2", "y": "3"}),
        (r'a/b; x="q\"u\\o"', "a/b", {"x": 'q"u\\o'}),
        ("a/b; x=two words; y = 3", "a/b", {"x": "two words", "y": "3"}),
        ('a/b; x="open', "a/b", {"x": "open"}),
        ('a/b; x="open\\', "a/b", {"x": "open"}),
        ("a/b; x=1; X=2", "a/b", {"x": "1"}),
        ("a/b; x", "a/b", {}),
        ("a/b;", "a/b", {}),
        ("a/b;;; x=1", "a/b", {"x": "1"}),
        ("; x=1", "", {"x": "1"}),
        ('a; x="=?utf-8?q?=C3=A9?="', "a", {"x": "é"}),
        ("a; x*=utf-8'de'%C3%A9%20", "a", {"x": "é "}),
        ("a; x=plain; x*=utf-8''%C3%A9", "a", {"x": "é"}),
        ("a; x*0*=utf-8''%C3; x*1*=%A9; x*2=%41", "a", {"x": "é%41"}),
        ("a; x*1=b; x*0=a; x*3=d", "a", {"x": "ab"}),
        ("a; x*1=b; x*2=c", "a", {"x": "bc"}),
        ("a; x*=%C3%A9", "a", {"x": "é"}),
        ("a; x*=nothing''%E9", "a", {"x": "é"}),
        ("a; x*y=1", "a", {"x*y": "1"}),
    ],
)
def test_parameters_are_read_from_every_form(value, main, expected):
    assert split(value) == (main, expected)


def test_only_two_hundred_parameters_are_read():
    assert len(split("a" + "".join(f"; p{number}=1" for number in range(5000)))[1]) == 200


@given(st.text() | st.text(alphabet="a;=\"*0'%\\ ", max_size=60))
def test_reading_never_raises(value):
    split(value)


@pytest.mark.parametrize("piece", ["; ", '; a="', "; a", "; a*0*=", ';"', "; =", '\\"', "; a \t"])
def test_quadratic_parameters_take_linear_time(piece):
    started = time.process_time()
    split("a/b" + piece * (1_000_000 // len(piece)))
    assert time.process_time() - started < 8

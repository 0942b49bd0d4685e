"""Values as text and as HTML."""

import html
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mustachio.text import as_html, text_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", ""),
        ("a", "a"),
        (True, "True"),
        (False, "False"),
        (0, "0"),
        (-7, "-7"),
        (2**64, "18446744073709551616"),
        (2.5, "2.5"),
        (3.0, "3"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (100.0, "100"),
        (1e15, "1000000000000000"),
        (1e16, "1E+16"),
        (1.5e300, "1.5E+300"),
        (1e-5, "1E-05"),
        (0.0001, "0.0001"),
        (float("inf"), ""),
        (float("nan"), ""),
        (Decimal("2.50"), "2.5"),
        (Decimal("3.00"), "3"),
        (Decimal("300"), "300"),
        (Decimal("-0.00"), "0"),
        (Decimal("1E+2"), "100"),
        (Decimal("1E+999999999"), ""),
        (Decimal("NaN"), ""),
        (Decimal("12345678901234567890.120"), "12345678901234567890.12"),
        ([1], ""),
        ({"a": 1}, ""),
        (b"a", ""),
    ],
)
def test_values_as_text(value, text):
    assert text_of(value) == text


def test_an_integer_longer_than_the_interpreter_prints():
    assert text_of(10**5000) == "1" + "0" * 5000


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("plain", "plain"),
        ("&<>\"'", "&amp;&lt;&gt;&quot;&#39;"),
        ("&amp;", "&amp;amp;"),
        ("\x00\x7f\x9f", "\x00\x7f\x9f"),
        ("\xa0\xff\u0100", "&#160;&#255;\u0100"),
        ("\uffff\U00010000\U0010ffff", "\uffff&#65536;&#1114111;"),
        ("é日é", "&#233;日&#233;"),
        ("\ud83d", "\ud83d"),
    ],
)
def test_text_as_html(text, encoded):
    assert as_html(text) == encoded


# What a browser makes of a reference to a non-character or a control is another matter.
@given(st.text(st.characters(exclude_categories=["Cc", "Cn", "Cs", "Co"])))
def test_encoded_text_reads_as_it_was(text):
    encoded = as_html(text)
    assert html.unescape(encoded) == text
    assert not set(encoded) & set("<>\"'")

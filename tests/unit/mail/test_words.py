import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mail import words

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"))


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        ("plain", "plain"),
        ("=?broken", "=?broken"),
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("=?utf-8?Q?a_b=20c?=", "a b c"),
        ("=?UTF-8*de?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?iso-8859-1?q?Gr=FC=DFe?=", "Grüße"),
        ("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        ("=?utf-8?B?4pw=?= =?utf-8?B?kw==?=", "✓"),  # one character split between words
        ("=?utf-8?q?=E2=9C?==?UTF-8?q?=93?=", "✓"),
        ("=?utf-8?q?a?= \t =?iso-8859-1?q?b?= c", "ab c"),
        ("x =?utf-8?q?a?= y", "x a y"),
        (" =?utf-8?q?a?= ", " a "),
        ("=?utf-8?q?raw blank?=", "raw blank"),
        ("=?utf-8?q??=", ""),
        ("=?unknown?q?=E9?=", "é"),
        ("=?utf-8?b?!!!?=", ""),
        ("=?utf-8?q?a=0Ab?=", "a b"),
    ],
)
def test_encoded_words_are_decoded(encoded, expected):
    assert words.decode(encoded) == expected


@given(texts, st.integers(24, 75), st.integers(24, 75))
def test_words_fit_and_decode_to_the_text(text, first, longest):
    found = words.encode(text, first=first, longest=longest)
    assert words.decode(" ".join(found)) == text
    if found:
        assert len(found[0]) <= first
        assert all(len(word) <= longest for word in found[1:])
        assert "".join(map(words.decode, found)) == text


def test_q_words_are_cut_before_a_character_that_does_not_fit():
    for ascii_before in range(12):
        found = words.encode("a" * ascii_before + "é" + "b" * 200, first=24, longest=24)
        assert found[0].startswith("=?UTF-8?Q?")
        assert "".join(map(words.decode, found)) == "a" * ascii_before + "é" + "b" * 200


@given(st.text())
def test_decoding_never_raises(text):
    words.decode(f"=?{text}?= =?utf-8?b?{text}?= =?utf-8?q?{text}?=")

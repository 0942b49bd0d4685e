import re
import time
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mail import headers
from pillarbox.mail.address import Address
from pillarbox.mail.headers import HeaderError, address_line, decode, is_token, line, parameter

printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))
safe = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"))
blanks_and_words = st.lists(
    st.sampled_from(
        ["a", "word", " ", "\t", "  ", "é", "日本語", "x" * 70, "=?", "<a@b.com>", "😀" * 9]
    )
).map("".join)
names = st.sampled_from(["Subject", "X", "X-" + "a" * 40, "A" * 76])


def value_of(raw: bytes) -> str:
    """The value as a receiver unfolds it."""
    return re.sub("\r\n(?=[ \t])", "", raw.decode("ascii").partition(": ")[2]).removesuffix("\r\n")


def well_formed(raw: bytes) -> bool:
    lines = raw.split(b"\r\n")
    assert raw.endswith(b"\r\n")
    assert lines.pop() == b""
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", raw)
    assert all(one.startswith((b" ", b"\t")) and one.strip() for one in lines[1:])
    return max(map(len, lines)) <= 998


def test_a_short_header_is_one_line():
    assert line("Subject", "Your seed order") == b"Subject: Your seed order\r\n"
    assert line("X-Empty", "") == b"X-Empty: \r\n"


def test_a_long_ascii_value_is_folded_at_blanks_within_78_octets():
    raw = line("References", " ".join(f"<{number}.message@example.com>" for number in range(20)))
    assert all(len(one) <= 78 for one in raw.split(b"\r\n"))
    assert raw.count(b"\r\n ") > 5


def test_a_tab_is_kept():
    assert line("X", "a\tb") == b"X: a\tb\r\n"


def test_a_word_of_998_octets_is_not_broken_and_a_longer_one_is_encoded():
    assert line("X", "a" * 995) == b"X: " + b"a" * 995 + b"\r\n"
    raw = line("X", "a" * 996)
    assert b"=?UTF-8?" in raw
    assert decode(value_of(raw)) == "a" * 996


def test_blanks_alone_never_make_a_line():
    assert well_formed(line("X", "a" + " " * 500 + "b" + " " * 300))
    assert well_formed(line("X", " " * 5000))
    assert decode(value_of(line("X", "a" + " " * 5000 + "b"))) == "a" + " " * 5000 + "b"


def test_text_outside_ascii_is_encoded_by_the_shorter_way():
    assert line("Subject", "Schöne Grüße") == b"Subject: =?UTF-8?B?U2Now7ZuZSBHcsO8w59l?=\r\n"
    assert line("Subject", "Café") == b"Subject: =?UTF-8?B?Q2Fmw6k=?=\r\n"
    assert line("Subject", "Überraschung") == b"Subject: =?UTF-8?Q?=C3=9Cberraschung?=\r\n"


def test_ascii_words_around_the_encoded_ones_stay_readable():
    assert line("List-Id", "Überraschung hier <list.example.com>") == (
        b"List-Id: =?UTF-8?Q?=C3=9Cberraschung?= hier <list.example.com>\r\n"
    )
    assert line("Comments", "see Größe").startswith(b"Comments: see =?UTF-8?")


def test_text_that_looks_encoded_beside_text_that_must_be_is_encoded_as_well():
    value = "=?utf-8?q?x?= é"
    assert decode(value_of(line("Subject", value))) == value


def test_a_value_that_begins_with_blanks_keeps_them():
    assert decode(value_of(line("Subject", "   é"))) == "   é"


def test_control_characters_travel_encoded():
    assert line("X", "a\x07b").startswith(b"X: =?UTF-8?")


def test_a_lone_surrogate_becomes_a_question_mark():
    assert decode(value_of(line("X", "a\ud800"))) == "a?"


@pytest.mark.parametrize(
    "bad", ["a\nb", "a\r\nBcc: x@y.zz", "a\rb", "a\0b", "é\n", "x" * 99 + "\n"]
)
def test_cve_2024_6923_and_cve_2026_1299_line_breaks_and_nul_are_refused(bad):
    with pytest.raises(HeaderError):
        line("Subject", bad)


@pytest.mark.parametrize("name", ["", "X Y", "X:", "X\r\nY", "é", "X\0", "a" * 77, "X\n", "(x)"])
def test_ghsa_c7w3_a_name_that_is_no_token_is_refused(name):
    assert not is_token(name)
    with pytest.raises(HeaderError):
        line(name, "x")
    with pytest.raises(HeaderError):
        address_line(name, [Address("a@b.com")])
    with pytest.raises(HeaderError):
        parameter(name, "x")


@given(names, printable | blanks_and_words.filter(str.isascii))
def test_unfolding_gives_an_ascii_value_back_unchanged(name, value):
    raw = line(name, value)
    assert well_formed(raw)
    assert value_of(raw) == value


@given(names, safe | blanks_and_words)
def test_every_value_without_line_breaks_survives_the_way_out_and_back(name, value):
    raw = line(name, value)
    assert well_formed(raw)
    if not value.isascii():
        assert decode(value_of(raw)) == value
        assert all(len(word) <= 75 for word in re.findall(r"=\?UTF-8\?[^ \r]*", raw.decode()))


@given(blanks_and_words.filter(lambda value: not value.isascii() and "=?" not in value))
def test_the_standard_library_decodes_what_is_written(value):
    raw = line("Subject", value)
    parsed = message_from_bytes(raw + b"\r\n")["Subject"]
    unfolded = re.sub("\r?\n", "", parsed)
    assert str(make_header(decode_header(unfolded))).split() == value.split()


@given(st.text(st.characters(min_codepoint=0x80, max_codepoint=0xD7FF), min_size=1, max_size=300))
def test_no_character_is_split_between_encoded_words(value):
    for word in re.findall(r"=\?UTF-8\?[BQ]\?[^?]*\?=", line("X", value).decode()):
        assert "\ufffd" not in decode(word)


def test_addresses_are_folded_between_and_names_quoted_or_encoded():
    raw = address_line(
        "To",
        [
            Address("joe@example.com", "Doe, Joe"),
            Address("ann@example.com", "Ann"),
            Address("bare@example.com"),
            Address("joerg@example.com", "Jörg Überraschung"),
        ],
    )
    assert raw == (
        b'To: "Doe, Joe" <joe@example.com>, Ann <ann@example.com>, bare@example.com,\r\n'
        b" =?UTF-8?Q?J=C3=B6rg_=C3=9Cberraschung?= <joerg@example.com>\r\n"
    )


def test_one_short_address_is_one_line():
    assert address_line("From", [Address("a@b.com", "Ann Doe")]) == b"From: Ann Doe <a@b.com>\r\n"


@pytest.mark.parametrize("name", ["x" * 80, "word " * 60 + "x", "x" * 2000, "日本" * 200, "a" * 79])
def test_long_display_names_are_folded_inside(name):
    raw = address_line("To", [Address("a@b.com", name), Address("c@d.com")])
    assert well_formed(raw)
    (found, _), _ = [(decode(shown), email) for shown, email in getaddresses([value_of(raw)])]
    assert found == name


@given(st.lists(safe.map(str.strip), min_size=1, max_size=5))
def test_any_display_names_survive_the_way_out_and_back(shown):
    raw = address_line("To", [Address("a@b.com", name) for name in shown])
    assert well_formed(raw)
    found = getaddresses([value_of(raw)])
    assert [email for _, email in found] == ["a@b.com"] * len(shown)


@pytest.mark.parametrize(
    "address",
    [
        Address("a@b.com", "x\r\nBcc: y@z.com"),
        Address("a@b.com", "x\0"),
        Address("a@b.com\r\nX: y"),
        Address("a b@c.com"),
        Address("a@b.com>, <x@y.zz"),
        Address("a@b.com,x@y.zz"),
        Address("é@b.com"),
        Address("nobody"),
        Address(f"{'a' * 400}@b.com"),
    ],
)
def test_ghsa_p6gq_addresses_cannot_inject(address):
    with pytest.raises(HeaderError):
        address_line("To", [address])


def test_a_header_without_addresses_is_refused():
    with pytest.raises(HeaderError):
        address_line("To", [])


def test_parameters_in_ascii_are_quoted_strings():
    assert parameter("filename", "report.pdf") == 'filename="report.pdf"'
    assert parameter("filename", 'a"b\\c') == r'filename="a\"b\\c"'


def test_parameters_outside_ascii_have_a_likeness_and_the_real_value():
    assert parameter("filename", "Größe.pdf") == (
        "filename=\"Gr__e.pdf\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf"
    )
    assert parameter("filename", "Größe.pdf", has_fallback=False) == (
        "filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf"
    )


def test_ghsa_54wq_a_parameter_cannot_end_its_header_or_string():
    assert parameter("filename", 'x"\r\nX-Evil: 1\0') == 'filename="x\\"__X-Evil: 1_"'
    assert (
        parameter("filename", 'é"; x=y\\')
        == "filename=\"__; x=y_\"; filename*=UTF-8''%C3%A9%22%3B%20x%3Dy%5C"
    )
    assert parameter("filename", "\ud800") == 'filename="_"'


@given(st.text(max_size=300))
def test_the_standard_library_reads_every_parameter(value):
    raw = line(
        "Content-Disposition", "attachment; " + parameter("filename", value, has_fallback=False)
    )
    assert well_formed(raw)
    expected = re.sub("[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]", "_", value)
    assert (message_from_bytes(raw + b"\r\n").get_filename() or "") == expected.strip()


def test_decoding_unfolds_and_joins_encoded_words():
    assert decode("a\r\n b") == "a b"
    assert decode("a\n\tb") == "a\tb"
    assert decode("=?utf-8?Q?a?=\r\n =?utf-8?Q?b?= c") == "ab c"
    assert decode(b"Gr\xc3\xbc\xc3\x9fe") == "Grüße"
    assert decode(b"Gr\xfc\xdfe") == "Grüße"


def test_decoding_lets_no_line_break_or_nul_in():
    assert decode("=?utf-8?Q?a=0D=0AX:_b=00?=") == "a  X: b "
    assert decode("a\r\nb\0\rc") == "a  b  c"


@given(st.binary() | st.text().map(lambda text: f"=?utf-8?q?{text}?="))
def test_decoding_never_raises(value):
    assert not set("\r\n\0") & set(decode(value))


def test_a_quadratic_header_takes_linear_time():
    started = time.process_time()
    for piece in ("=?utf-8?q?a", "=?utf-8?q?a?= ", "=?x", " \r\n ", "é ", "a ", "\t", "?="):
        text = piece * (1_000_000 // len(piece))
        decode(text)
        if "\r" not in text:
            headers.line("X", text)
    assert time.process_time() - started < 30

import email
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mail import headers
from pillarbox.mail.build import (
    LF,
    OPEN,
    VERBATIM,
    Content,
    Part,
    body_form,
    body_forms,
    build,
    clean_type,
    restore,
    restore_bodies,
)
from pillarbox.mail.parse import parse

HEADERS = [headers.line("Subject", "Your seed order")]
PDF = Part(name="order.pdf", content_type="application/pdf", content=b"%PDF\x00\xff\r\n")
LOGO = Part(name="logo.png", content_type="image/png", content=b"\x89PNG", content_id="logo1")

lines = st.sampled_from(
    [
        "",
        "a",
        "Hello",
        "é",
        "日本語" * 40,
        "x" * 1200,
        "trailing \t",
        ".",
        "From x",
        "--=_",
        "=",
        "\0",
    ]
)
line_ends = st.sampled_from(["\n", "\r\n", "\r", "\n\n", ""])
bodies = (
    st.lists(lines).map("\n".join)
    | st.lists(lines).map("\r\n".join)
    | st.lists(st.tuples(lines, line_ends).map("".join)).map("".join)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
file_names = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="/\\"), min_size=1, max_size=90
)
parts = st.builds(
    Part,
    name=file_names,
    content_type=st.sampled_from(
        [
            "application/pdf",
            "text/plain",
            "text/html; charset=utf-8",
            "image/png",
            "message/rfc822",
            "nonsense",
        ]
    ),
    content=st.binary(max_size=300)
    | st.sampled_from([b"Subject: x\r\n\r\nhello\r\n", b"a\r\n" * 300]),
    content_id=st.none() | st.sampled_from(["logo1", "a@b", "x y"]),
)


def message(**changes: Any) -> Content:
    values: dict[str, Any] = {"headers": HEADERS, "text": None, "html": None, "seed": "0b1c6e52"}
    return Content(**(values | changes))


def structure(part: Any) -> Any:
    """Nested content types as the standard library sees them."""
    if not part.is_multipart() or part.get_content_type() == "message/rfc822":
        return part.get_content_type()
    return {part.get_content_type(): [structure(child) for child in part.get_payload()]}


def fit_for_any_server(raw: bytes) -> bool:
    assert raw.isascii()
    assert b"\0" not in raw
    assert raw.endswith(b"\r\n")
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    return max(map(len, raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (message(text="a"), "text/plain"),
        (message(html="a"), "text/html"),
        (message(), "text/plain"),
        (message(text="a", html="b"), {"multipart/alternative": ["text/plain", "text/html"]}),
        (message(html="b", parts=[LOGO]), {"multipart/related": ["text/html", "image/png"]}),
        (message(text="a", parts=[PDF]), {"multipart/mixed": ["text/plain", "application/pdf"]}),
        (message(text="a", parts=[LOGO]), {"multipart/mixed": ["text/plain", "image/png"]}),
        (message(parts=[PDF]), {"multipart/mixed": ["application/pdf"]}),
        (
            message(text="a", html="b", parts=[PDF, LOGO]),
            {
                "multipart/mixed": [
                    {
                        "multipart/alternative": [
                            "text/plain",
                            {"multipart/related": ["text/html", "image/png"]},
                        ]
                    },
                    "application/pdf",
                ]
            },
        ),
    ],
)
def test_each_mixture_of_bodies_and_parts_has_its_structure(content, expected):
    raw = build(content)
    assert fit_for_any_server(raw)
    assert structure(email.message_from_bytes(raw)) == expected


def test_a_plain_message_is_readable_as_it_stands():
    assert build(message(text="Hello Ines,\n\nOn its way.\n")) == (
        b"Subject: Your seed order\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"\r\n"
        b"Hello Ines,\r\n\r\nOn its way.\r\n"
    )


def test_parts_say_name_disposition_and_content_id():
    found: Any = email.message_from_bytes(build(message(html="b", parts=[LOGO, PDF])))
    related, pdf = found.get_payload()
    logo = related.get_payload()[1]
    assert (logo.get_content_disposition(), logo["Content-ID"]) == ("inline", "<logo1>")
    assert (logo.get_filename(), logo.get_payload(decode=True)) == ("logo.png", b"\x89PNG")
    assert (pdf.get_content_disposition(), pdf["Content-ID"]) == ("attachment", None)
    assert (pdf.get_filename(), pdf.get_payload(decode=True)) == ("order.pdf", PDF.content)


def test_an_attachment_without_name_has_none():
    part = Part(name="", content_type="image/png", content=b"x")
    raw = build(message(text="a", parts=[part]))
    assert b"Content-Type: image/png\r\n" in raw
    assert b"Content-Disposition: attachment\r\n" in raw


def test_text_takes_the_shortest_encoding_that_carries_it():
    assert b"Transfer-Encoding: 7bit" in build(message(text="plain"))
    assert b"Transfer-Encoding: quoted-printable" in build(message(text="mostly ascii, one é"))
    assert b"Transfer-Encoding: base64" in build(message(text="日本語のみ"))
    assert b"Transfer-Encoding: quoted-printable" in build(message(html="<p>" + "x" * 2000))
    assert b"Transfer-Encoding: base64" in build(message(text="mixed\r\nline\nends"))


def test_equal_content_gives_equal_messages_and_the_seed_changes_boundaries():
    one = build(message(text="a", html="b"))
    assert one == build(message(text="a", html="b"))
    assert one != build(message(text="a", html="b", seed="other"))


def test_a_boundary_that_stands_in_a_body_is_not_used():
    (boundary,) = set(re.findall(rb'boundary="(.*)2"', build(message(text="a", html="b"))))
    raw = build(message(text=f"--{boundary.decode()}2--\n", html="b"))
    assert parse(raw).text == f"--{boundary.decode()}2--\r\n"
    assert parse(raw).html == "b"


def test_a_boundary_that_stands_in_an_attached_message_is_not_used():
    inner = build(message(text="a", html="b", parts=[PDF]))
    eml = Part(name="m.eml", content_type="message/rfc822", content=inner)
    found = parse(build(message(text="a", html="b", parts=[eml])))
    assert [one.content for one in found.attachments] == [inner]
    assert found.attachments[0].content_type == "message/rfc822"


def test_an_inline_attached_message_does_not_meet_its_own_boundary():
    inner = build(message(html="b", parts=[LOGO]))
    eml = Part(name="m.eml", content_type="message/rfc822", content=inner, content_id="m")
    assert [one.content for one in parse(build(message(html="b", parts=[eml]))).attachments] == [
        inner
    ]


@pytest.mark.parametrize(
    "content", [b"Subject: \xe9\r\n\r\n", b"Subject: x\n\nbare", b"x" * 999, b"\0"]
)
def test_an_attached_message_that_is_not_seven_bit_travels_as_octets(content):
    eml = Part(name="m.eml", content_type="message/rfc822", content=content)
    (found,) = parse(build(message(text="a", parts=[eml]))).attachments
    assert (found.content_type, found.content) == ("application/octet-stream", content)


@pytest.mark.parametrize(
    ("given_type", "expected"),
    [
        ("image/png", "image/png"),
        ("IMAGE/PNG", "image/png"),
        ("text/plain; charset=utf-8", "text/plain; charset=utf-8"),
        ('text/plain;charset="utf 8";name=x;boundary=y', 'text/plain; charset="utf 8"'),
        ("text/calendar; method=REQUEST", "text/calendar; method=REQUEST"),
        ('a/b; x=""', 'a/b; x=""'),
        ("a/b; x{=1; *y=2; z=1", "a/b; z=1"),
        ("", "application/octet-stream"),
        ("png", "application/octet-stream"),
        ("image/png\r\nX-Evil: 1", "application/octet-stream"),
        ("image/png; x=a\r\nX-Evil: 1", 'image/png; x="a__X-Evil: 1"'),
        ("multipart/mixed; boundary=x", "application/octet-stream"),
        ("a/" + "b" * 300, "application/octet-stream"),
        ("é/png", "application/octet-stream"),
    ],
)
def test_a_content_type_is_made_safe(given_type, expected):
    assert clean_type(given_type) == expected


@pytest.mark.parametrize(
    "part",
    [
        Part(name='x"\r\nX-Evil: 1', content_type="image/png", content=b""),
        Part(name="x", content_type="image/png\r\nX-Evil: 1", content=b""),
        Part(name="x", content_type='image/png; a="\r\nX-Evil: 1"', content=b""),
        Part(
            name="x", content_type="image/png", content=b"", content_id="x>\r\nX-Evil: 1\0é\ud800"
        ),
    ],
)
def test_cve_2024_6923_a_part_cannot_inject_headers(part):
    raw = build(message(html="a", parts=[part]))
    assert fit_for_any_server(raw)
    assert b"\nX-Evil" not in raw


def test_a_lone_surrogate_becomes_a_question_mark():
    assert parse(build(message(text="a\ud800b"))).text == "a?b\r\n"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("", OPEN),
        ("a", OPEN),
        ("a\n", LF),
        ("a\nb", LF | OPEN),
        ("a\r\n", 0),
        ("a\r\nb", OPEN),
        ("a\rb", VERBATIM),
        ("a\r\nb\n", VERBATIM),
        ("a\n\r", VERBATIM),
    ],
)
def test_the_form_of_a_body_says_what_writing_changes(text, form):
    assert body_form(text) == form


def test_absent_bodies_have_no_form():
    assert body_forms(None, None) == 0
    assert body_forms("a\n", None) == 1
    assert body_forms(None, "a") == 16
    assert restore_bodies(None, None, 0) == (None, None)


@given(st.none() | bodies, st.none() | bodies, st.lists(parts, max_size=4))
def test_bodies_and_attachments_read_back_exactly_as_given(text, html, attached):
    content = message(text=text, html=html, parts=attached)
    raw = build(content)
    assert fit_for_any_server(raw)
    found = parse(raw)
    assert not found.defects
    if text is None and html is None and not attached:
        text = ""
    forms = body_forms(text, html)
    assert restore_bodies(found.text, found.html, forms) == (text, html)
    inline = [part for part in attached if part.content_id and html is not None]
    expected = inline + [part for part in attached if part not in inline]
    shown = [(one.name, one.content, one.is_inline) for one in found.attachments]
    assert shown == [(one.name, one.content, one in inline) for one in expected]


@given(
    bodies,
    bodies,
    st.lists(parts.filter(lambda part: part.content_type != "message/rfc822"), max_size=3),
)
def test_the_standard_library_reads_the_same(text, html, attached):
    raw = build(message(text=text, html=html, parts=attached))
    leaves: list[Any] = [
        part for part in email.message_from_bytes(raw).walk() if not part.is_multipart()
    ]
    payloads = [part.get_payload(decode=True) for part in leaves]
    decoded = [payload.decode() for payload in payloads[:2]]
    assert restore(decoded[0], body_form(text)) == text
    assert restore(decoded[1], body_form(html)) == html
    assert sorted(payloads[2:]) == sorted(part.content for part in attached)
